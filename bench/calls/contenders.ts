// Who is asked, and by what tokens.

import type { Measured, Run } from '../kit/part.ts'
import { type StartedPeers, startPeers } from '../peers/peers.ts'
import { startBare } from '../subjects/bare.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { type EntranceSubject, startEntrance } from '../subjects/entrance.ts'
import { startFixed } from '../subjects/fixed.ts'
import type { Subject } from '../subjects/subject.ts'
import { checkCall } from '../subjects/tool-call.ts'
import { startUnchecked } from '../subjects/unchecked.ts'
import type { Samples } from './samples.ts'

export type Contenders = AsyncDisposable & {
  readonly entrance: EntranceSubject
  readonly unchecked: Subject
  readonly bare: Subject
  readonly fixed: Subject
  /** Other people's, with their Azure providers. */
  readonly peers: readonly Subject[]
  readonly absent: Measured['absent']
  /** Absent in the quick form. */
  readonly tokens: Tokens | undefined
}

export type Tokens = {
  /** Another Entrance, which alone is sent new ones: they crowd out of the gate's memory what it knew. */
  readonly fresh: EntranceSubject
  /** Of the first one, to be sent in turn. */
  readonly many: readonly string[]
}

/** How many tokens are sent in turn. */
export const MANY_TOKENS = 10_000

/** Starts them all. */
export async function startContenders(run: Run): Promise<Contenders> {
  await using started = new AsyncDisposableStack()
  const emulator = started.use(await startEmulatorProcess())
  const entrance = started.use(await startEntrance(run, emulator))
  const unchecked = asAsked(started.use(await startUnchecked(run)), entrance)
  const bare = asAsked(started.use(await startBare()), entrance)
  const fixed = asAsked(started.use(await startFixed(await checkCall(entrance.call))), entrance)
  const fresh = run.isQuick ? undefined : started.use(await startEntrance(run, emulator))
  const { subjects: peers, absent } = run.isQuick ? NO_PEERS : await startPeers(run, emulator)
  for (const peer of peers) started.use(peer)
  const tokens = fresh && { fresh, many: entrance.tokens(MANY_TOKENS) }
  const running = started.move()
  const dispose = () => running.disposeAsync()
  return {
    ...{ entrance, unchecked, bare, fixed, peers, absent, tokens },
    [Symbol.asyncDispose]: dispose,
  }
}

/** The same request to the byte, the token that nobody looks at included: to read it is no part of a check. */
function asAsked(subject: Subject, { call: { headers, body } }: Subject): Subject {
  return { ...subject, call: { url: subject.call.url, headers, body } }
}

const NO_PEERS: StartedPeers = { subjects: [], absent: [] }

/** All that are asked: a peer that has failed is not any more. */
export function askedOf(contenders: Contenders, samples: Pick<Samples, 'leftOut'>): Subject[] {
  const { entrance, unchecked, bare, fixed, peers } = contenders
  const left = new Set(samples.leftOut().map(({ subject }) => subject))
  return [entrance, unchecked, bare, fixed, ...peers.filter(({ name }) => !left.has(name))]
}

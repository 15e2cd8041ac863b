// Who is asked, and by what tokens.

import type { Measured, Run } from '../kit/part.ts'
import { applyLoad, type Loaded } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
import { type StartedPeers, startPeers } from '../peers/peers.ts'
import { startBare } from '../subjects/bare.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { type EntranceSubject, startEntrance } from '../subjects/entrance.ts'
import { startFixed } from '../subjects/fixed.ts'
import type { Subject } from '../subjects/subject.ts'
import { checkCall, PROOF } from '../subjects/tool-call.ts'
import { startUnchecked } from '../subjects/unchecked.ts'

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
  /** Of the first one, to be sent in turn: all of them have been sent before. */
  readonly many: readonly string[]
}

/** How many tokens are sent in turn. */
export const MANY_TOKENS = 10_000

/**
 * How many calls, in how many milliseconds at most. After four thousand Node still had much to
 * compile of a server, and it is the ratio of two of them that counts.
 */
const FULL_WARM_UP: WarmUp = { calls: MANY_TOKENS, within: 15_000 }
const QUICK_WARM_UP: WarmUp = { calls: 3000, within: 5000 }

type WarmUp = { readonly calls: number; readonly within: number }

/** Enough to keep a server busy that answers one request at a time. */
export const CONNECTIONS = 16

/** Starts them all; each has been asked until its code is compiled. */
export async function startContenders(run: Run): Promise<Contenders> {
  await using started = new AsyncDisposableStack()
  const emulator = started.use(await startEmulatorProcess())
  const entrance = started.use(await startEntrance(run, emulator))
  const unchecked = started.use(await startUnchecked(run))
  const bare = started.use(await startBare())
  const fixed = started.use(await startFixed(await checkCall(entrance.call)))
  const fresh = run.isQuick ? undefined : started.use(await startEntrance(run, emulator))
  const { subjects: peers, absent } = run.isQuick ? NO_PEERS : await startPeers(run, emulator)
  for (const peer of peers) started.use(peer)
  // So many tokens are a warm-up, too.
  const tokens = fresh && { fresh, many: await knownTokens(entrance) }
  for (const subject of [unchecked, bare, fixed, ...peers, fresh ?? entrance]) {
    await warmUp(subject, run.isQuick ? QUICK_WARM_UP : FULL_WARM_UP)
  }
  const running = started.move()
  const dispose = () => running.disposeAsync()
  return {
    ...{ entrance, unchecked, bare, fixed, peers, absent, tokens },
    [Symbol.asyncDispose]: dispose,
  }
}

const NO_PEERS: StartedPeers = { subjects: [], absent: [] }

async function warmUp(subject: Subject, { calls, within }: WarmUp): Promise<void> {
  const end = performance.now() + within
  for (let answered = 0; answered < calls && performance.now() < end; ) {
    answered += (await ask(subject, { seconds: 1 })).count
  }
}

/** Tokens, each of which the gate has verified before: whether it remembers them is its own affair. */
async function knownTokens(entrance: EntranceSubject): Promise<readonly string[]> {
  const many = entrance.tokens(MANY_TOKENS)
  for (let sent = 0; sent < many.length; ) {
    sent += (await ask(entrance, { tokens: many.slice(sent), seconds: 2 })).count
  }
  return many
}

function ask({ call }: Subject, order: Pick<Order, 'seconds' | 'tokens'>): Promise<Loaded> {
  return applyLoad({ ...call, contains: PROOF, connections: CONNECTIONS, warmUp: 0, ...order })
}

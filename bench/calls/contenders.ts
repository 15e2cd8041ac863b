// Who is asked, and by what tokens.

import type { Measured, Run } from '../kit/part.ts'
import { applyLoad, type Loaded } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
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
  for (const subject of [entrance, unchecked, bare, fixed, ...(fresh ? [fresh] : [])]) {
    await warmUp(subject, { seconds: run.isQuick ? 1 : 2 })
  }
  const tokens = fresh && { fresh, many: await knownTokens(entrance) }
  const running = started.move()
  const dispose = () => running.disposeAsync()
  return {
    ...{ entrance, unchecked, bare, fixed, peers: [], absent: [], tokens },
    [Symbol.asyncDispose]: dispose,
  }
}

/** Tokens, each of which the gate has verified before: whether it remembers them is its own affair. */
async function knownTokens(entrance: EntranceSubject): Promise<readonly string[]> {
  const many = entrance.tokens(MANY_TOKENS)
  for (let sent = 0; sent < many.length; ) {
    const { count } = await warmUp(entrance, { tokens: many.slice(sent), seconds: 2 })
    sent += count
  }
  return many
}

function warmUp({ call }: Subject, order: Pick<Order, 'seconds' | 'tokens'>): Promise<Loaded> {
  return applyLoad({ ...call, contains: PROOF, connections: CONNECTIONS, warmUp: 0, ...order })
}

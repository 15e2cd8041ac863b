// What comes first, until all is compiled; what that takes is thrown away.
import { applyInTurns } from '../load/apply-load.ts'
import type { Order } from '../load/order.ts'
import type { Subject } from '../subjects/subject.ts'
import { PROOF } from '../subjects/tool-call.ts'
import { askedOf, type Contenders, MANY_TOKENS } from './contenders.ts'
import { CONNECTIONS, failedBy } from './rounds.ts'
import type { Samples } from './samples.ts'

/**
 * How many calls, in how many seconds at most. Node compiles anew what has run often: after 10,000
 * calls a server still took half as much again for each as after 40,000, from which on it was steady.
 */
export const FULL_WARM_UP: WarmUp = { calls: 40_000, within: 16 }
export const QUICK_WARM_UP: WarmUp = { calls: 30_000, within: 8 }

/** For how long it goes on before it is counted, in seconds. */
const PIECE = 2

type WarmUp = { readonly calls: number; readonly within: number }

/** Each for as many calls as the others. A peer that fails is left out. */
export async function warmUp(
  contenders: Contenders,
  samples: Samples,
  extent: WarmUp,
): Promise<void> {
  const { entrance, peers, tokens } = contenders
  if (tokens) {
    await sendAll(entrance, tokens.many)
    await repeat(tokens.fresh, extent, tokens.fresh.tokens(MANY_TOKENS))
  }
  for (const subject of askedOf(contenders, samples)) {
    try {
      await repeat(subject, extent)
    } catch (error) {
      const { message } = error as Error
      if (!peers.includes(subject)) throw new Error(`${subject.name}: ${message}`)
      samples.leaveOut(subject.name, failedBy(message))
    }
  }
}

async function repeat(
  subject: Subject,
  { calls, within }: WarmUp,
  tokens?: readonly string[],
): Promise<void> {
  const end = performance.now() + within * 1000
  const seconds = Math.min(within, PIECE)
  for (let sent = 0; sent < calls && performance.now() < end; ) {
    sent += await ask(subject, { tokens, seconds })
  }
}

/** Each token once, so that the gate has verified it: whether it remembers that is its own affair. */
async function sendAll(subject: Subject, tokens: readonly string[]): Promise<void> {
  for (let sent = 0; sent < tokens.length; ) {
    sent += await ask(subject, { tokens: tokens.slice(sent), seconds: PIECE })
  }
}

/** Gives how many were sent. */
async function ask({ call }: Subject, order: Pick<Order, 'seconds' | 'tokens'>): Promise<number> {
  const own = { ...call, contains: PROOF, connections: CONNECTIONS, warmUp: 0 }
  const [taken] = await applyInTurns([{ ...own, ...order }], 1)
  if (taken && 'outcome' in taken) return taken.outcome.sent
  throw new Error(taken?.failure)
}

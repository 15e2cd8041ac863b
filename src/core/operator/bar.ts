import type { BarredKind } from '../barred.ts'
import type { Context } from '../context.ts'
import { endSessions } from './end-sessions.ts'

/** What keeping somebody out has done. */
export type BarResult = {
  /** `<tid>/<oid>`, or the digest of the client_id. */
  readonly id: string
  readonly name: string | undefined
  /** Whether it changed anything: they may have been kept out before. */
  readonly isNew: boolean
  /** How many sessions ended. */
  readonly sessions: number
}

/**
 * Keeps somebody out. The record comes first: whoever signs in, redeems or refreshes from then on
 * finds it; what was given before is found, and ended, after it. Done again it ends what is left.
 */
export async function bar(
  kind: BarredKind,
  { id, name }: { readonly id: string; readonly name: string | undefined },
  context: Context,
): Promise<BarResult> {
  const isNew = await context.barred.bar(kind, id, name)
  const reason = kind === 'person' ? 'blocked by the operator' : 'client disabled by the operator'
  return { id, name, isNew, sessions: await endSessions({ kind, id }, reason, context) }
}

import type { Context } from '../context.ts'
import { type HeldGrant, revokeGrant } from '../grants/grant.ts'
import type { RevokedKind } from '../protected-resource/revocations.ts'
import { grantSteps } from './steps.ts'
import { walk } from './walk.ts'

/** Whose sign-ins end. */
export type Scope = { readonly kind: RevokedKind; readonly id: string }

/**
 * Ends every sign-in there is of a person, of a client, or of everybody; gives how many. The rule
 * comes first: by it every replica refuses all of them at once. Then each grant is ended for itself,
 * and Entra's tokens in it are forgotten.
 */
export async function endSessions(
  { kind, id }: Scope,
  reason: string,
  context: Context,
): Promise<number> {
  const { grants, revocations, barred, config, audit } = context
  const isBarred = kind !== 'all' && (await barred.has(kind, id))
  const rule = await revocations.end(kind, id)
  const message = `The operator ended the sign-in (${reason}); the grant is revoked.`
  let ended = 0
  for await (const held of grantsOf({ kind, id }, context)) {
    const isCovered = held.grant.createdAt <= rule.issuedUntil
    // Whoever has signed in again meanwhile stays, unless they are kept out.
    if (!isCovered && !isBarred) continue
    // What the rule refuses needs none of its own: every replica holds them all in memory.
    const revoked = isCovered ? { add: async () => {} } : revocations
    const revoking = { grants, revoked, log: config.log, audit }
    if (await revokeGrant(held, { reason, message }, revoking)) ended++
  }
  return ended
}

async function* grantsOf({ kind, id }: Scope, context: Context): AsyncGenerator<HeldGrant> {
  if (kind === 'person') return yield* await context.grants.list(id)
  yield* walk(grantSteps(context, kind === 'client' ? id : undefined))
}

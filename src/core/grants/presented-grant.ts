import { type Barred, explainBarred } from '../barred.ts'
import type { Client } from '../clients/client.ts'
import { isUsable, policyFor, type RedirectPolicy } from '../clients/redirect-uri.ts'
import type { AllowConfig } from '../options.ts'
import type { Params } from '../params.ts'
import { readGrantToken } from '../tokens/grant-token.ts'
import { type Grant, type Grants, invalidGrant, personOf, type RevokedGrants } from './grant.ts'

/** The grant that a token request's code or refresh token names; not yet found to be genuine. */
export function presentedGrantId(params: Params, binding: string): string | undefined {
  for (const kind of ['code', 'refresh_token'] as const) {
    const read = readGrantToken(kind, params.get(kind) ?? '', binding)
    if (read && read !== 'foreign') return read.grantId
  }
  return undefined
}

/** Whether there is such a grant, and it is this client's. */
export async function isGrantOf(
  client: Client,
  grantId: string | undefined,
  grants: Grants,
): Promise<boolean> {
  const held = grantId === undefined ? undefined : await grants.find(grantId)
  return held?.grant.client.digest === client.digest
}

/**
 * Holds that a grant is this client's, and made where codes may still go. Before anything is done
 * with it: nothing is used up by a client that has no claim to it.
 */
export function checkClaim(
  token: string,
  { client: holder, redirectUri }: Grant,
  client: Client,
  policy: RedirectPolicy,
): void {
  if (holder.digest !== client.digest) {
    throw invalidGrant(`The ${token} was given to another client.`)
  }
  // No less is asked for than then, though the id has been adopted since, or of the client's
  // document nothing is at hand but a copy that names no keys.
  if (holder.isConfidential && client.token_endpoint_auth_method === 'none') {
    throw invalidGrant(`The ${token} is of a client that had to authenticate when it was given.`)
  }
  if (isUsable(redirectUri, policyFor(client, policy))) return
  throw invalidGrant('The redirect URI of this sign-in may not be used here any more.')
}

/** What the operator may have against a grant: looked at in the store, before anything is given. */
export type StandingContext = {
  readonly revoked: RevokedGrants
  readonly barred: Barred
  readonly allow: AllowConfig
}

/** Holds that neither person nor client is kept out, and that the sign-in has not been ended with others. */
export async function checkStanding(
  grant: Grant,
  { revoked, barred, allow }: StandingContext,
): Promise<void> {
  const person = personOf(grant.user)
  const barring = await barred.find(person, grant.client.digest)
  if (barring) throw invalidGrant(explainBarred(barring, allow))
  if (grant.createdAt > revoked.endedUntil(person, grant.client.digest)) return
  throw invalidGrant('The operator of this server has ended this sign-in. Sign in again.')
}

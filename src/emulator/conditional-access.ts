import { type AadstsError, aadsts } from './aadsts-error.ts'
import type { Application, ConditionalAccessPolicy, Directory } from './directory.ts'

/**
 * What Entra says to a token whose person signed in before a policy began to ask for more: who
 * signs in anew, with these claims, meets it. Undefined when there is no such policy.
 */
export function findUnmetPolicy(
  directory: Directory,
  client: Application,
  authTime: number,
): AadstsError | undefined {
  const policy = directory.conditionalAccessPolicies.find(
    ({ state, modifiedDateTime, conditions }) =>
      state === 'enabled' &&
      conditions.applications.includeApplications.includes(client.appId) &&
      authTime * 1000 < Date.parse(modifiedDateTime),
  )
  if (!policy) return undefined
  return aadsts(50076, { id: client.appId }, { claims: claimsOf(policy) })
}

function claimsOf({ id }: ConditionalAccessPolicy): string {
  return JSON.stringify({ access_token: { capolids: { essential: true, values: [id] } } })
}

/** Whether the `claims` of an authorization request name a policy, so that a session will not do. */
export function isStepUp(directory: Directory, claims: string | undefined): boolean {
  return directory.conditionalAccessPolicies.some(({ id }) => claims?.includes(id))
}

/** Reads the parameter `claims` (OpenID Connect Core §5.5). */
export function parseClaims(claims: string | undefined): string | undefined {
  if (claims === undefined) return undefined
  try {
    if (typeof JSON.parse(claims) === 'object') return claims
  } catch {
    // Not JSON at all; the answer is the same.
  }
  throw aadsts(90023, { name: 'claims', value: claims })
}

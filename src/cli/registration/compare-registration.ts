import { randomUUID } from 'node:crypto'
import {
  compareDisabledScopes,
  compareIdentifierUri,
  comparePreAuthorized,
  compareScopeConsent,
  compareScopes,
} from './compare-api.ts'
import {
  compareAudience,
  compareExistence,
  comparePlatforms,
  comparePublicClient,
  compareRedirectUris,
  compareTokenVersion,
  newApplication,
} from './compare-application.ts'
import {
  compareAppRoles,
  compareGroupsClaim,
  compareOptionalClaims,
  comparePermissions,
} from './compare-claims.ts'
import { compareCredential } from './compare-credential.ts'
import { compareOperatorRole, compareOperators } from './compare-operators.ts'
import { compareAdminConsent, compareServicePrincipal } from './compare-tenant.ts'
import { afterCall, type Comparison } from './difference.ts'
import type { DesiredRegistration, Difference, Registration } from './types.ts'

export type CompareOptions = {
  /** Address of Microsoft Graph, for the commands. */
  readonly origin: string
  /** @default now, in milliseconds since the epoch */
  readonly now?: number
  /** Makes the id of a new scope or role. @default random */
  readonly newId?: () => string
}

/**
 * Everything that is not as it has to be, in the order in which it is mended: the version of tokens
 * before what depends on it, a scope before who may use it. What is there besides stays.
 */
export function compareRegistration(
  registration: Registration | undefined,
  desired: DesiredRegistration,
  options: CompareOptions,
): Difference[] {
  const { origin, now = Date.now(), newId = randomUUID } = options
  const parts = [
    compareExistence,
    compareTokenVersion,
    compareAudience,
    compareIdentifierUri,
    compareRedirectUris,
    compareScopes,
    compareDisabledScopes,
    compareAppRoles,
    compareOperatorRole,
    compareOptionalClaims,
    compareGroupsClaim,
    comparePermissions,
    compareServicePrincipal,
    compareOperators,
    comparePreAuthorized,
    (comparison: Comparison) => compareCredential(comparison, now),
    compareAdminConsent,
    // What removes something comes last: whether it is done does not touch what stands before.
    comparePlatforms,
    compareScopeConsent,
    comparePublicClient,
  ]
  let application = registration?.application ?? newApplication({ desired })
  return parts.flatMap((compare) => {
    const found = compare({ application, registration, desired, origin, newId })
    // The next part's list has what this one adds: lists are replaced.
    for (const call of found.flatMap(({ calls }) => calls)) {
      application = afterCall(application, call)
    }
    return found
  })
}

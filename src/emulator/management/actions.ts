import type {
  ConditionalAccessPolicy,
  DirectoryUser,
  OAuth2PermissionGrant,
  Tenant,
} from '../directory.ts'
import type { Sts } from '../sts.ts'
import type { Notice } from './view.ts'

/** What a form asked for cannot be done; the message says what would be. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError'
}

/** Changes a thing as a form asks; says what came of it. */
export type Action<Item> = (item: Item, form: URLSearchParams, sts: Sts) => Notice | string

/** The actions on one kind of thing, by the name in the form. */
export type Actions<Item> = ReadonlyMap<string, Action<Item>>

/** What can be done with a tenant. */
export const TENANT_ACTIONS: Actions<Tenant> = new Map<string, Action<Tenant>>([
  [
    'policies',
    (tenant, form) => {
      tenant.allowUserConsent = form.has('allowUserConsent')
      tenant.allowConsentRequests = form.has('allowConsentRequests')
      tenant.allowUserAppRegistration = form.has('allowUserAppRegistration')
      tenant.secretPolicy = { ...tenant.secretPolicy, isBlocked: form.has('blockSecrets') }
      return 'The policies are saved.'
    },
  ],
])

/** What can be done with a person. */
export const USER_ACTIONS: Actions<DirectoryUser> = new Map<string, Action<DirectoryUser>>([
  ['disable', (user) => setAccount(user, false)],
  ['enable', (user) => setAccount(user, true)],
  [
    'revokeSessions',
    (user, _form, sts) => {
      user.sessionsValidFrom = sts.now()
      return 'What was granted until now is revoked (AADSTS50173).'
    },
  ],
])

function setAccount(user: DirectoryUser, isEnabled: boolean): string {
  user.accountEnabled = isEnabled
  return isEnabled ? 'The account is enabled.' : 'The account is disabled (AADSTS50057).'
}

/** What can be done with a consent. */
export const GRANT_ACTIONS: Actions<OAuth2PermissionGrant> = new Map([
  [
    'revoke',
    ({ id }: OAuth2PermissionGrant, _form: URLSearchParams, sts: Sts) => {
      sts.remove('oauth2PermissionGrants', id)
      return 'The consent is revoked: the next sign-in asks for it again.'
    },
  ],
])

/** What can be done with a Conditional Access policy. */
export const POLICY_ACTIONS: Actions<ConditionalAccessPolicy> = new Map<
  string,
  Action<ConditionalAccessPolicy>
>([
  ['disable', (policy, _form, sts) => setPolicy(policy, 'disabled', sts)],
  ['enable', (policy, _form, sts) => setPolicy(policy, 'enabled', sts)],
])

function setPolicy(
  policy: ConditionalAccessPolicy,
  state: ConditionalAccessPolicy['state'],
  sts: Sts,
): string {
  policy.state = state
  policy.modifiedDateTime = new Date(sts.now()).toISOString()
  return state === 'enabled' ? 'The policy is in force.' : 'The policy is not in force.'
}

import { createServicePrincipal, type ServicePrincipalOptions } from '../create-directory.ts'
import type { ConditionalAccessPolicy, OAuth2PermissionGrant } from '../directory.ts'
import { deriveGuid } from '../guid.ts'
import type { Names } from './names.ts'
import type { Configuration } from './schema.ts'

type Grant = NonNullable<Configuration['oauth2PermissionGrants']>[number]
type Policy = NonNullable<Configuration['conditionalAccessPolicies']>[number]

/** What consents are given between. */
export type GrantContext = {
  readonly principals: readonly ServicePrincipalOptions[]
  readonly users: readonly { readonly id?: string; readonly tenantId: string }[]
  /** Client ids of Microsoft's own applications, which are in every tenant. */
  readonly builtIn: ReadonlySet<string>
}

/** Resolves a consent: client and API are service principals of one tenant. */
export function resolveGrant(
  names: Names,
  context: GrantContext,
  grant: Grant,
  i: number,
): OAuth2PermissionGrant {
  const path = `oauth2PermissionGrants[${i}]`
  const { principalId: person, consentType = person ? 'Principal' : 'AllPrincipals' } = grant
  if ((consentType === 'Principal') !== (person !== null)) {
    const problem = `is "${consentType}", ${person ? 'and there is a' : 'without a'} principalId.`
    const cure = 'Write "Principal" with principalId, or "AllPrincipals" without it.'
    names.problems.push({ path: `${path}.consentType`, problem, cure })
  }
  const principalId = person && names.resolve(`${path}.principalId`, ['user'], person)
  const tenant = context.users.find(({ id }) => id === principalId)?.tenantId
  const client = findPrincipal(names, context, `${path}.clientId`, grant.clientId, tenant)
  const at = client?.tenantId ?? tenant
  const resource = findPrincipal(names, context, `${path}.resourceId`, grant.resourceId, at)
  const [clientId, resourceId] = [client?.id ?? '', resource?.id ?? '']
  const id = grant.id ?? deriveGuid('grant', clientId, resourceId, principalId ?? '')
  return { ...grant, id, clientId, resourceId, consentType, principalId }
}

/** Resolves whom and what a policy is for. */
export function resolvePolicy(names: Names, policy: Policy, i: number): ConditionalAccessPolicy {
  const path = `conditionalAccessPolicies[${i}]`
  const at = `${path}.conditions`
  const { tenantId, conditions, ...rest } = policy
  const { applications, users } = conditions
  const tenant = tenantId && names.resolve(`${path}.tenantId`, ['tenant'], tenantId)
  return {
    id: deriveGuid('policy', policy.displayName),
    ...rest,
    ...(tenant && { tenantId: tenant }),
    conditions: {
      applications: {
        includeApplications: [],
        ...resolveLists(names, `${at}.applications`, applications),
      },
      ...(users && { users: resolveLists(names, `${at}.users`, users) }),
    },
  }
}

/** What a list of a condition names, by its own name. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['includeApplications', 'application'],
  ['excludeApplications', 'application'],
  ['includeUsers', 'user'],
  ['excludeUsers', 'user'],
  ['includeGroups', 'group'],
  ['excludeGroups', 'group'],
])

function resolveLists(
  names: Names,
  path: string,
  lists: Readonly<Record<string, string[] | undefined>>,
): Record<string, string[]> {
  const entries = Object.entries(lists).map(([name, list = []]) => {
    const kind = KINDS.get(name)
    const resolved = list.map((reference, i) =>
      kind === undefined || EVERYBODY.has(reference)
        ? reference
        : names.resolve(`${path}.${name}[${i}]`, [kind], reference),
    )
    return [name, resolved] as const
  })
  return Object.fromEntries(entries)
}

/** Words in place of ids. */
const EVERYBODY: ReadonlySet<string> = new Set(['All', 'GuestsOrExternalUsers'])

type Principal = { readonly id: string; readonly tenantId: string }

function findPrincipal(
  names: Names,
  { principals, builtIn }: GrantContext,
  path: string,
  reference: string,
  tenantId: string | undefined,
): Principal | undefined {
  const byId = principals.find(({ id }) => id === reference)
  if (byId) return byId as Principal
  const before = names.problems.length
  const appId = names.resolve(path, ['application'], reference)
  if (names.problems.length > before) return undefined
  if (builtIn.has(appId) && tenantId) return createServicePrincipal({ appId, tenantId })
  const found = principals.filter(
    (one) => one.appId === appId && (tenantId === undefined || one.tenantId === tenantId),
  )
  if (found.length === 1) return found[0] as Principal
  const where = tenantId === undefined ? '' : ` in the tenant ${tenantId}`
  const problem =
    found.length === 0
      ? `is ${JSON.stringify(reference)}, which has no service principal${where}.`
      : `is ${JSON.stringify(reference)}, which has a service principal in several tenants.`
  const cure = 'Write the id of one in servicePrincipals.'
  names.problems.push({ path, problem, cure })
  return undefined
}

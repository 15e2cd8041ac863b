import type { Graph } from '../graph/graph-client.ts'
import { GraphError } from '../graph/graph-error.ts'
import type {
  Application,
  FederatedCredential,
  Grant,
  Policies,
  Registration,
  RoleAssignment,
  ServicePrincipal,
} from './types.ts'

/** Microsoft Graph's own client id. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000'

const FIELDS = [
  ...['id', 'appId', 'displayName', 'uniqueName', 'tags', 'createdDateTime', 'signInAudience'],
  ...['identifierUris', 'web', 'spa', 'publicClient', 'isFallbackPublicClient', 'api', 'appRoles'],
  ...['requiredResourceAccess', 'passwordCredentials', 'keyCredentials', 'optionalClaims'],
  'groupMembershipClaims',
].join(',')

export type ReadOptions = {
  readonly clientId: string
  /** Whether to read who has which app role as well: there may be thousands. @default false */
  readonly withAssignments?: boolean
}

/** Reads the registration with that client id, and what belongs to it; undefined: there is none. */
export async function readRegistration(
  graph: Graph,
  { clientId, withAssignments = false }: ReadOptions,
): Promise<Registration | undefined> {
  const found = await findByClientId(graph, clientId)
  if (!found) return undefined
  const application = await withCertificates(graph, found)
  const servicePrincipal = await findServicePrincipal(graph, clientId)
  const federated = `/applications/${application.id}/federatedIdentityCredentials`
  return {
    application,
    servicePrincipal,
    federatedCredentials: (await unlessDenied(graph.list<FederatedCredential>(federated))) ?? [],
    grants: servicePrincipal ? await readGrants(graph, servicePrincipal) : [],
    graphServicePrincipal: (await findServicePrincipal(graph, GRAPH_APP_ID))?.id,
    policies: await readPolicies(graph),
    ...(servicePrincipal &&
      withAssignments && { roleAssignments: await readAssignments(graph, servicePrincipal) }),
  }
}

function readAssignments(graph: Graph, { id }: ServicePrincipal) {
  return unlessDenied(graph.list<RoleAssignment>(`/servicePrincipals/${id}/appRoleAssignedTo`))
}

/** Of certificates, a list shows all but the certificates themselves. */
async function withCertificates(graph: Graph, application: Application): Promise<Application> {
  if (application.keyCredentials.length === 0) return application
  const path = `/applications/${application.id}?$select=keyCredentials`
  const whole = await graph.get<Pick<Application, 'keyCredentials'>>(path)
  return { ...application, keyCredentials: whole?.keyCredentials ?? application.keyCredentials }
}

/** The application with a client id. */
export async function findByClientId(
  graph: Graph,
  clientId: string,
): Promise<Application | undefined> {
  const found = await graph.list<Application>(
    `/applications?$filter=${equals('appId', clientId)}&$select=${FIELDS}`,
  )
  return found[0] && fill(found[0])
}

/** The application that `entrance setup` made under a unique name. */
export async function findByUniqueName(
  graph: Graph,
  uniqueName: string,
): Promise<Application | undefined> {
  const key = encodeURIComponent(quote(uniqueName))
  const found = await graph.get<Application>(`/applications(uniqueName=${key})?$select=${FIELDS}`)
  return found && fill(found)
}

/** Every application that is called so. Two may be. */
export async function findByDisplayName(graph: Graph, name: string): Promise<Application[]> {
  // The directory searches: a company has thousands of applications.
  const found = await graph.list<Application>(
    `/applications?$filter=${equals('displayName', name)}&$select=${FIELDS}`,
  )
  return found.map(fill)
}

/** An application as it stands in this tenant. */
export async function findServicePrincipal(
  graph: Graph,
  clientId: string,
): Promise<ServicePrincipal | undefined> {
  const fields = 'id,appId,accountEnabled,appRoleAssignmentRequired'
  const found = await graph.list<ServicePrincipal>(
    `/servicePrincipals?$filter=${equals('appId', clientId)}&$select=${fields}`,
  )
  return found[0]
}

async function readGrants(graph: Graph, { id }: ServicePrincipal): Promise<Grant[] | undefined> {
  const path = `/oauth2PermissionGrants?$filter=${equals('clientId', id)}`
  return unlessDenied(graph.list<Grant>(path))
}

type AuthorizationPolicy = {
  defaultUserRolePermissions?: {
    allowedToCreateApps?: boolean
    permissionGrantPoliciesAssigned?: readonly string[]
  }
}

async function readPolicies(graph: Graph): Promise<Policies | undefined> {
  const policy = await unlessDenied(graph.get<AuthorizationPolicy>('/policies/authorizationPolicy'))
  const permissions = policy?.defaultUserRolePermissions
  if (!permissions) return undefined
  const assigned = permissions.permissionGrantPoliciesAssigned
  return {
    allowsAppRegistration: permissions.allowedToCreateApps,
    allowsUserConsent: assigned?.some((name) => /^ManagePermissionGrantsForSelf\./i.test(name)),
  }
}

/** What this account may not read, or this Graph does not have, is left open. */
async function unlessDenied<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof GraphError && (error.status === 403 || error.status === 400)) {
      return undefined
    }
    throw error
  }
}

function equals(member: string, value: string): string {
  return encodeURIComponent(`${member} eq ${quote(value)}`)
}

/** A text in a filter or key; a quotation mark is doubled (OData URL conventions §5.1.1.6.1). */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Graph leaves out what is empty, here and there. */
function fill(application: Application): Application {
  const given = application as Partial<Application>
  return {
    ...application,
    tags: given.tags ?? [],
    identifierUris: given.identifierUris ?? [],
    web: { ...given.web, redirectUris: given.web?.redirectUris ?? [] },
    spa: { redirectUris: given.spa?.redirectUris ?? [] },
    publicClient: { redirectUris: given.publicClient?.redirectUris ?? [] },
    isFallbackPublicClient: given.isFallbackPublicClient ?? null,
    api: {
      requestedAccessTokenVersion: given.api?.requestedAccessTokenVersion ?? null,
      oauth2PermissionScopes: (given.api?.oauth2PermissionScopes ?? []).map(withoutOrigin),
      preAuthorizedApplications: given.api?.preAuthorizedApplications ?? [],
    },
    appRoles: (given.appRoles ?? []).map(withoutOrigin),
    requiredResourceAccess: given.requiredResourceAccess ?? [],
    passwordCredentials: given.passwordCredentials ?? [],
    keyCredentials: given.keyCredentials ?? [],
    optionalClaims: given.optionalClaims ?? null,
    groupMembershipClaims: given.groupMembershipClaims ?? null,
  }
}

/** Graph says where a role was defined, and does not take that back when the list is written. */
function withoutOrigin<T extends object>(entry: T): T {
  const { origin, ...rest } = entry as T & { origin?: unknown }
  return rest as unknown as T
}

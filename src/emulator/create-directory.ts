import type {
  Application,
  ConditionalAccessPolicy,
  Directory,
  DirectoryUser,
  OAuth2PermissionGrant,
  ServicePrincipal,
  Tenant,
} from './directory.ts'
import { deriveGuid } from './guid.ts'
import { GRAPH_APP_ID, microsoftGraph } from './microsoft-graph.ts'
import { seedDirectory } from './seed.ts'

export type TenantOptions = Partial<Tenant> & Pick<Tenant, 'domains'>

export type UserOptions = Partial<DirectoryUser> &
  Pick<DirectoryUser, 'tenantId' | 'userPrincipalName'>

export type ApplicationOptions = Partial<Omit<Application, 'api'>> &
  Pick<Application, 'tenantId' | 'displayName'> & { api?: Partial<Application['api']> }

export type ServicePrincipalOptions = Partial<ServicePrincipal> &
  Pick<ServicePrincipal, 'appId' | 'tenantId'>

/** What a directory is made from. A list that is left out is the seed's. */
export type DirectoryOptions = {
  tenants?: TenantOptions[]
  users?: UserOptions[]
  applications?: ApplicationOptions[]
  /** @default one for every application, in its home tenant */
  servicePrincipals?: ServicePrincipalOptions[]
  oauth2PermissionGrants?: OAuth2PermissionGrant[]
  conditionalAccessPolicies?: ConditionalAccessPolicy[]
}

/** Makes a directory; Microsoft Graph is always in it. */
export function createDirectory(options: DirectoryOptions = {}): Directory {
  const seed = seedDirectory()
  const applications = (options.applications ?? seed.applications).map(createApplication)
  const own = options.applications ? applications : seed.servicePrincipals
  const hasGraph = applications.some((app) => app.appId === GRAPH_APP_ID)
  return {
    tenants: (options.tenants ?? seed.tenants).map(createTenant),
    users: (options.users ?? seed.users).map(createUser),
    applications: hasGraph ? applications : [...applications, microsoftGraph()],
    servicePrincipals: (options.servicePrincipals ?? own).map(toServicePrincipal),
    oauth2PermissionGrants: options.oauth2PermissionGrants ?? [],
    conditionalAccessPolicies: options.conditionalAccessPolicies ?? [],
  }
}

/** A tenant with everything that was left out filled in. */
export function createTenant(options: TenantOptions): Tenant {
  const domain = options.domains[0] ?? 'tenant'
  return {
    id: deriveGuid('tenant', domain),
    displayName: domain,
    regionScope: 'EU',
    allowUserConsent: true,
    ...options,
  }
}

/** A member with everything that was left out filled in. */
export function createUser(options: UserOptions): DirectoryUser {
  const { userPrincipalName } = options
  return {
    id: deriveGuid('user', userPrincipalName),
    displayName: userPrincipalName.split('@')[0] as string,
    givenName: options.displayName ?? null,
    surname: null,
    mail: userPrincipalName,
    accountEnabled: true,
    password: null,
    sessionsValidFrom: 0,
    ...options,
  }
}

/** An app registration with everything that was left out as Entra would have it. */
export function createApplication(options: ApplicationOptions): Application {
  const appId = options.appId ?? deriveGuid('client id', options.displayName)
  return {
    id: deriveGuid('application', appId),
    signInAudience: 'AzureADMyOrg',
    identifierUris: [],
    web: { redirectUris: [] },
    spa: { redirectUris: [] },
    publicClient: { redirectUris: [] },
    isFallbackPublicClient: false,
    appRoles: [],
    requiredResourceAccess: [],
    passwordCredentials: [],
    ...options,
    appId,
    api: {
      requestedAccessTokenVersion: null,
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
      ...options.api,
    },
  }
}

/** A service principal, open to everybody unless told otherwise. */
export function createServicePrincipal(options: ServicePrincipalOptions): ServicePrincipal {
  return {
    id: deriveGuid('service principal', options.appId, options.tenantId),
    accountEnabled: true,
    appRoleAssignmentRequired: false,
    appRoleAssignedTo: [],
    ...options,
  }
}

function toServicePrincipal(from: ServicePrincipalOptions | Application): ServicePrincipal {
  // An application's own id must not become its service principal's.
  if ('signInAudience' in from) {
    return createServicePrincipal({ appId: from.appId, tenantId: from.tenantId })
  }
  return createServicePrincipal(from)
}

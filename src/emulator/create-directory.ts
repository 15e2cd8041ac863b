import { CONSUMERS_TENANT_ID } from './authority.ts'
import type {
  Application,
  AppRole,
  ConditionalAccessPolicy,
  Directory,
  DirectoryUser,
  Group,
  OAuth2PermissionGrant,
  PasswordCredential,
  PermissionScope,
  ServicePrincipal,
  Tenant,
} from './directory.ts'
import { deriveGuid } from './guid.ts'
import { builtInApplications } from './microsoft-graph.ts'
import { seedDirectory } from './seed.ts'
import { tokenExchange } from './token-exchange.ts'

export type TenantOptions = Partial<Tenant> & Pick<Tenant, 'domains'>

export type UserOptions = Partial<DirectoryUser> &
  Pick<DirectoryUser, 'tenantId' | 'userPrincipalName'>

export type GroupOptions = Partial<Group> & Pick<Group, 'tenantId' | 'displayName'>

/** Of an application, what its parts are made from may be left out in part. */
export type ApplicationOptions = Partial<Omit<Application, 'api' | 'web' | Credentials>> &
  Pick<Application, 'tenantId' | 'displayName'> & {
    web?: Partial<Application['web']>
    api?: Partial<Omit<Application['api'], 'oauth2PermissionScopes'>> & {
      oauth2PermissionScopes?: PermissionScopeOptions[]
    }
    appRoles?: AppRoleOptions[]
    passwordCredentials?: PasswordCredentialOptions[]
  }

type Credentials = 'appRoles' | 'passwordCredentials'

export type PermissionScopeOptions = Partial<PermissionScope> & Pick<PermissionScope, 'value'>

export type AppRoleOptions = Partial<AppRole> & Pick<AppRole, 'value'>

export type PasswordCredentialOptions = Partial<PasswordCredential> &
  Pick<PasswordCredential, 'secretText'>

export type ServicePrincipalOptions = Partial<ServicePrincipal> &
  Pick<ServicePrincipal, 'appId' | 'tenantId'>

/** What a directory is made from. A list that is left out is the seed's. */
export type DirectoryOptions = {
  tenants?: TenantOptions[]
  users?: UserOptions[]
  groups?: GroupOptions[]
  applications?: ApplicationOptions[]
  /** @default one for every application, in its home tenant */
  servicePrincipals?: ServicePrincipalOptions[]
  oauth2PermissionGrants?: OAuth2PermissionGrant[]
  conditionalAccessPolicies?: ConditionalAccessPolicy[]
}

/** Makes a directory; Microsoft's own applications are always in it. */
export function createDirectory(options: DirectoryOptions = {}): Directory {
  const seed = seedDirectory()
  const applications = (options.applications ?? seed.applications).map(createApplication)
  const own = options.applications ? applications : seed.servicePrincipals
  const builtIn = [...builtInApplications(), tokenExchange()]
    .map(createApplication)
    .filter(({ appId }) => !applications.some((app) => app.appId === appId))
  return {
    tenants: (options.tenants ?? seed.tenants).map(createTenant),
    users: (options.users ?? seed.users).map(createUser),
    groups: (options.groups ?? seed.groups).map(createGroup),
    applications: [...applications, ...builtIn],
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
    cloud: null,
    regionScope: 'EU',
    kind: 'workforce',
    allowUserConsent: true,
    allowConsentRequests: false,
    allowUserAppRegistration: true,
    identifierUriPolicy: 'secure',
    secretPolicy: { isBlocked: false, maxDays: null },
    ...options,
  }
}

/** A member with everything that was left out filled in. */
export function createUser(options: UserOptions): DirectoryUser {
  const { userPrincipalName } = options
  return {
    id: userIdOf(options),
    displayName: userPrincipalName.split('@')[0] as string,
    givenName: options.displayName ?? null,
    surname: null,
    mail: userPrincipalName,
    accountEnabled: true,
    password: null,
    sessionsValidFrom: 0,
    userType: options.guestOf ? 'Guest' : 'Member',
    guestOf: null,
    isMfaRegistered: true,
    directoryRoles: [],
    ...options,
  }
}

/** The account of a guest: one of its own in a tenant, signed in to with the account at home. */
export function createGuest(
  home: DirectoryUser,
  tenant: Tenant,
  options: Partial<DirectoryUser> = {},
): DirectoryUser {
  const address = home.mail ?? home.userPrincipalName
  const local = address.replaceAll('@', '_')
  return createUser({
    displayName: home.displayName,
    givenName: home.givenName,
    surname: home.surname,
    mail: address,
    ...options,
    tenantId: tenant.id,
    userPrincipalName: `${local}#EXT#@${tenant.domains[0] ?? 'tenant'}`,
    guestOf: home.id,
  })
}

/** Personal accounts have object ids of a form of their own. */
function userIdOf({ tenantId, userPrincipalName }: UserOptions): string {
  const id = deriveGuid('user', userPrincipalName)
  return tenantId === CONSUMERS_TENANT_ID ? `00000000-0000-0000-${id.slice(19)}` : id
}

/** A security group with everything that was left out filled in. */
export function createGroup(options: GroupOptions): Group {
  return {
    id: deriveGuid('group', options.tenantId, options.displayName),
    securityEnabled: true,
    members: [],
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
    spa: { redirectUris: [] },
    publicClient: { redirectUris: [] },
    isFallbackPublicClient: false,
    requiredResourceAccess: [],
    keyCredentials: [],
    federatedIdentityCredentials: [],
    optionalClaims: null,
    groupMembershipClaims: null,
    tags: [],
    owners: [],
    uniqueName: null,
    createdDateTime: '2026-01-01T00:00:00Z',
    ...options,
    appId,
    web: {
      redirectUris: [],
      implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false },
      ...options.web,
    },
    api: {
      requestedAccessTokenVersion: null,
      preAuthorizedApplications: [],
      knownClientApplications: [],
      ...options.api,
      oauth2PermissionScopes: (options.api?.oauth2PermissionScopes ?? []).map((scope) =>
        createPermissionScope(appId, scope),
      ),
    },
    appRoles: (options.appRoles ?? []).map((role) => createAppRole(appId, role)),
    passwordCredentials: (options.passwordCredentials ?? []).map((secret) =>
      createPasswordCredential(appId, secret),
    ),
  }
}

/** A scope that an API exposes, with everything that was left out filled in. */
export function createPermissionScope(
  appId: string,
  options: PermissionScopeOptions,
): PermissionScope {
  const name = options.userConsentDisplayName ?? options.value
  const description = options.userConsentDescription ?? ''
  return {
    id: deriveGuid('scope', appId, options.value),
    type: 'User',
    isEnabled: true,
    userConsentDisplayName: name,
    userConsentDescription: description,
    adminConsentDisplayName: name,
    adminConsentDescription: description,
    ...options,
  }
}

function createAppRole(appId: string, options: AppRoleOptions): AppRole {
  return {
    id: deriveGuid('app role', appId, options.value),
    displayName: options.value,
    description: options.displayName ?? options.value,
    isEnabled: true,
    allowedMemberTypes: ['User'],
    ...options,
  }
}

function createPasswordCredential(
  appId: string,
  options: PasswordCredentialOptions,
): PasswordCredential {
  return {
    keyId: deriveGuid('secret', appId, options.secretText),
    displayName: 'emulator',
    startDateTime: '2026-01-01T00:00:00Z',
    endDateTime: '2999-12-31T00:00:00Z',
    ...options,
  }
}

/** A service principal, open to everybody unless told otherwise. */
export function createServicePrincipal(options: ServicePrincipalOptions): ServicePrincipal {
  return {
    id: deriveGuid('service principal', options.appId, options.tenantId),
    servicePrincipalType: 'Application',
    displayName: null,
    accountEnabled: true,
    appRoleAssignmentRequired: false,
    appRoleAssignedTo: [],
    tags: [],
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

import type { CloudName } from './cloud.ts'

/**
 * What the emulator knows. Plain objects that may be changed while it runs: every answer is worked
 * out from their present state, so an app without the redirect URI answers AADSTS50011 by itself.
 * Property names are Microsoft Graph's where Graph has one.
 */
export type Directory = {
  tenants: Tenant[]
  users: DirectoryUser[]
  groups: Group[]
  applications: Application[]
  servicePrincipals: ServicePrincipal[]
  oauth2PermissionGrants: OAuth2PermissionGrant[]
  conditionalAccessPolicies: ConditionalAccessPolicy[]
}

/** An organisation. */
export type Tenant = {
  id: string
  displayName: string
  /** Verified domains; each may stand in a URL in place of the id. */
  domains: string[]
  /** `external` is an External ID tenant, which has a login host of its own. */
  kind: 'workforce' | 'external'
  /** Which of Microsoft's clouds it is in; null is the one that the emulator is. */
  cloud: CloudName | null
  /** `tenant_region_scope` of the discovery document. */
  regionScope: string | null
  /** Whether members may consent for themselves, or an administrator must. */
  allowUserConsent: boolean
  /** Whether members may ask an administrator to consent (AADSTS90095). */
  allowConsentRequests: boolean
  /** Whether members may register applications, or only some roles may. */
  allowUserAppRegistration: boolean
  /** What new identifier URIs of applications with v1 tokens have to look like. */
  identifierUriPolicy: 'off' | 'secure' | 'strict'
  /** What client secrets may be: none at all, or not for longer than so many days. */
  secretPolicy: { isBlocked: boolean; maxDays: number | null }
}

/**
 * A person with an account in a tenant. A guest is an account of its own, with its own object id,
 * that is signed in to with the home account.
 */
export type DirectoryUser = {
  /** Object id, the `oid` of tokens. */
  id: string
  /** The tenant the account is in; that of personal accounts is `CONSUMERS_TENANT_ID`. */
  tenantId: string
  userType: 'Member' | 'Guest'
  /** The object id of the account that a guest signs in with. */
  guestOf: string | null
  userPrincipalName: string
  displayName: string
  givenName: string | null
  surname: string | null
  mail: string | null
  accountEnabled: boolean
  /** When set, the person is asked for it; otherwise choosing the account signs in. */
  password: string | null
  /** Milliseconds since the epoch; what was granted before is revoked (AADSTS50173). */
  sessionsValidFrom: number
  /** Whether there is a second factor already, or one has to be registered first (AADSTS50079). */
  isMfaRegistered: boolean
  /** Names of Entra roles, such as `Application Administrator`. */
  directoryRoles: string[]
}

/** A group of people, or of groups. */
export type Group = {
  id: string
  tenantId: string
  displayName: string
  securityEnabled: boolean
  /** Object ids of users, groups and service principals. */
  members: string[]
}

/** An app registration: what the developer wrote down, once, in the home tenant. */
export type Application = {
  /** Object id; not the client id. */
  id: string
  /** The client id. */
  appId: string
  displayName: string
  /** The tenant it is registered in. */
  tenantId: string
  signInAudience:
    | 'AzureADMyOrg'
    | 'AzureADMultipleOrgs'
    | 'AzureADandPersonalMicrosoftAccount'
    | 'PersonalMicrosoftAccount'
  identifierUris: string[]
  web: {
    redirectUris: string[]
    implicitGrantSettings: { enableIdTokenIssuance: boolean; enableAccessTokenIssuance: boolean }
  }
  spa: { redirectUris: string[] }
  publicClient: { redirectUris: string[] }
  /** Whether the app is a public client where no redirect URI says what it is. */
  isFallbackPublicClient: boolean
  api: {
    /** `null` is what Entra gives a new app, and means 1. */
    requestedAccessTokenVersion: null | 1 | 2
    oauth2PermissionScopes: PermissionScope[]
    /** Clients that need no consent for these scopes. */
    preAuthorizedApplications: { appId: string; delegatedPermissionIds: string[] }[]
    /** Clients whose consent page asks for this API's permissions too. */
    knownClientApplications: string[]
  }
  appRoles: AppRole[]
  /** What `.default` stands for. */
  requiredResourceAccess: {
    resourceAppId: string
    resourceAccess: { id: string; type: 'Scope' | 'Role' }[]
  }[]
  passwordCredentials: PasswordCredential[]
  keyCredentials: KeyCredential[]
  federatedIdentityCredentials: FederatedIdentityCredential[]
  optionalClaims: OptionalClaims | null
  /** Which groups tokens name. */
  groupMembershipClaims: null | 'None' | 'SecurityGroup' | 'ApplicationGroup' | 'All'
  tags: string[]
  /** Object ids of users. */
  owners: string[]
  uniqueName: string | null
  /** ISO 8601. */
  createdDateTime: string
}

/** A delegated permission that an API exposes. */
export type PermissionScope = {
  id: string
  value: string
  /** `Admin` means that only an administrator can consent. */
  type: 'User' | 'Admin'
  isEnabled: boolean
  userConsentDisplayName: string
  userConsentDescription: string
  adminConsentDisplayName: string
  adminConsentDescription: string
}

/** A role that people, or applications, can be given in an app. */
export type AppRole = {
  id: string
  value: string
  displayName: string
  description: string
  isEnabled: boolean
  allowedMemberTypes: ('User' | 'Application')[]
}

/** A client secret. The portal shows `keyId` as "Secret ID", beside the value. */
export type PasswordCredential = {
  keyId: string
  displayName: string
  secretText: string
  /** ISO 8601. */
  startDateTime: string
  /** ISO 8601. */
  endDateTime: string
}

/** A certificate whose key signs client assertions. */
export type KeyCredential = {
  keyId: string
  displayName: string
  /** Base64 of the certificate (DER). */
  key: string
  startDateTime: string
  endDateTime: string
}

/** Whose tokens count as this application's credential: compared exactly, with case. */
export type FederatedIdentityCredential = {
  id: string
  name: string
  issuer: string
  subject: string
  audiences: string[]
}

/** Claims that tokens have besides the usual ones. */
export type OptionalClaims = {
  idToken: OptionalClaim[]
  accessToken: OptionalClaim[]
}

export type OptionalClaim = { name: string; additionalProperties: string[] }

/** An application as it stands in one tenant ("enterprise application"). */
export type ServicePrincipal = {
  /** Object id; neither the client id nor the application's object id. */
  id: string
  appId: string
  tenantId: string
  /** A managed identity is a service principal without an application. */
  servicePrincipalType: 'Application' | 'ManagedIdentity'
  /** Of a managed identity; others are called as their application is. */
  displayName: string | null
  accountEnabled: boolean
  /** Whether only people with an assignment may sign in (AADSTS50105). */
  appRoleAssignmentRequired: boolean
  /** Which person, group or service principal has which role; the all-zero role is "default access". */
  appRoleAssignedTo: { principalId: string; appRoleId: string }[]
  tags: string[]
}

/** Consent: what a client may do at an API, for one person or for all. */
export type OAuth2PermissionGrant = {
  id: string
  /** Object id of the client's service principal. */
  clientId: string
  /** Object id of the API's service principal. */
  resourceId: string
  consentType: 'AllPrincipals' | 'Principal'
  /** The person, where `consentType` is `Principal`. */
  principalId: string | null
  /** Permission values, separated by spaces. */
  scope: string
}

/** Asks for more of people who use certain applications, or keeps them out. */
export type ConditionalAccessPolicy = {
  id: string
  displayName: string
  state: 'enabled' | 'disabled'
  /** The tenant it is in force in; every one, where none is named. */
  tenantId?: string
  conditions: {
    applications: {
      /** Client ids, of clients or of the APIs that they use, or `All`. */
      includeApplications: string[]
      excludeApplications?: string[]
      /** Contexts such as `c1` that a client asks for with the claim `acrs`. */
      includeAuthenticationContextClassReferences?: string[]
    }
    /** Object ids, or `All` and `GuestsOrExternalUsers`. @default everybody */
    users?: {
      includeUsers?: string[]
      excludeUsers?: string[]
      includeGroups?: string[]
      excludeGroups?: string[]
    }
  }
  /** What is asked for. @default a second factor, unless there is a `sessionControls` */
  grantControls?: { builtInControls: ('mfa' | 'block' | 'compliantDevice')[] } | null
  /** How often people have to sign in anew. */
  sessionControls?: { signInFrequency: { value: number; type: 'hours' | 'days' } } | null
  /** ISO 8601. */
  modifiedDateTime: string
}

import type { GraphCall } from '../graph/graph-client.ts'

/** Who may sign in, in Graph's words. */
export type SignInAudience =
  | 'AzureADMyOrg'
  | 'AzureADMultipleOrgs'
  | 'AzureADandPersonalMicrosoftAccount'
  | 'PersonalMicrosoftAccount'

/** An app registration, as far as it is read. Names are Microsoft Graph's. */
export type Application = {
  /** Object id; not the client id. */
  readonly id: string
  /** The client id. */
  readonly appId: string
  readonly displayName: string
  readonly uniqueName?: string | null
  readonly tags?: readonly string[]
  readonly createdDateTime?: string
  readonly signInAudience: SignInAudience
  readonly identifierUris: readonly string[]
  readonly web: { readonly redirectUris: readonly string[] }
  readonly spa: { readonly redirectUris: readonly string[] }
  readonly publicClient: { readonly redirectUris: readonly string[] }
  readonly isFallbackPublicClient: boolean | null
  readonly api: {
    readonly requestedAccessTokenVersion: number | null
    readonly oauth2PermissionScopes: readonly PermissionScope[]
    readonly preAuthorizedApplications: readonly PreAuthorizedApplication[]
  }
  readonly appRoles: readonly AppRole[]
  readonly requiredResourceAccess: readonly RequiredResourceAccess[]
  readonly passwordCredentials: readonly PasswordCredential[]
  readonly keyCredentials: readonly KeyCredential[]
  readonly optionalClaims: OptionalClaims | null
  readonly groupMembershipClaims: string | null
}

export type PermissionScope = {
  readonly id: string
  readonly value: string
  readonly type: 'User' | 'Admin'
  readonly isEnabled: boolean
  readonly userConsentDisplayName: string | null
  readonly userConsentDescription: string | null
  readonly adminConsentDisplayName: string | null
  readonly adminConsentDescription: string | null
}

export type PreAuthorizedApplication = {
  readonly appId: string
  readonly delegatedPermissionIds: readonly string[]
}

export type AppRole = {
  readonly id: string
  readonly value: string | null
  readonly displayName: string
  readonly description: string
  readonly isEnabled: boolean
  readonly allowedMemberTypes: readonly string[]
}

export type RequiredResourceAccess = {
  readonly resourceAppId: string
  readonly resourceAccess: readonly { readonly id: string; readonly type: string }[]
}

export type PasswordCredential = {
  readonly keyId: string
  readonly displayName: string | null
  /** The first three characters of the secret. */
  readonly hint: string | null
  readonly endDateTime: string
}

export type KeyCredential = {
  readonly keyId?: string
  readonly type: string
  readonly usage: string
  readonly displayName: string | null
  /** Base64 of the certificate (DER). */
  readonly key?: string | null
  readonly endDateTime?: string
}

export type OptionalClaims = {
  readonly idToken?: readonly OptionalClaim[]
  readonly accessToken?: readonly OptionalClaim[]
  readonly saml2Token?: readonly OptionalClaim[]
}

export type OptionalClaim = { readonly name: string }

export type FederatedCredential = {
  readonly id?: string
  readonly name: string
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
}

/** The application as it stands in this tenant ("enterprise application"). */
export type ServicePrincipal = {
  readonly id: string
  readonly appId: string
  readonly accountEnabled: boolean
  readonly appRoleAssignmentRequired: boolean
}

/** Consent: what a client may do at an API, for one person or for all. */
export type Grant = {
  readonly id: string
  readonly clientId: string
  readonly resourceId: string
  readonly consentType: 'AllPrincipals' | 'Principal'
  readonly principalId: string | null
  readonly scope: string
}

/** What the tenant lets its members do; undefined where it could not be read. */
export type Policies = {
  readonly allowsAppRegistration: boolean | undefined
  readonly allowsUserConsent: boolean | undefined
}

/** Everything of a registration that matters to a sign-in. */
export type Registration = {
  readonly application: Application
  readonly servicePrincipal: ServicePrincipal | undefined
  readonly federatedCredentials: readonly FederatedCredential[]
  /** Of the service principal as a client; undefined where they could not be read. */
  readonly grants: readonly Grant[] | undefined
  /** Object id of Microsoft Graph's service principal in this tenant. */
  readonly graphServicePrincipal: string | undefined
  readonly policies: Policies | undefined
  /** Who has which app role; undefined where nobody asked, or they could not be read. */
  readonly roleAssignments?: readonly RoleAssignment[] | undefined
}

export type RoleAssignment = { readonly principalId: string; readonly appRoleId: string }

/** Somebody who is to operate the server. */
export type DesiredOperator = { readonly id: string; readonly name: string }

/** A permission of Microsoft Graph that the server needs besides OpenID Connect's. */
export type GraphPermission = {
  readonly id: string
  readonly value: string
  readonly type: 'Scope' | 'Role'
}

/** A scope that the server offers. */
export type DesiredScope = {
  readonly value: string
  /** Who may consent; undefined leaves a scope that exists as it is, and makes a new one `User`. */
  readonly type?: 'User' | 'Admin' | undefined
}

/** How the server proves itself at the token endpoint. */
export type DesiredCredential =
  | {
      readonly kind: 'secret'
      /** The one that is configured. */
      readonly secret?: string | undefined
      /** Whether the sign-in service has refused it. */
      readonly isRefused?: boolean
      /** Whether another one is wanted in any case. */
      readonly isRenewed?: boolean
      readonly displayName: string
      /** ISO 8601: when a new one ends. */
      readonly endDateTime: string
    }
  | {
      readonly kind: 'certificate'
      /** Base64 of the certificate (DER). */
      readonly certificate: string
      readonly displayName: string
      readonly endDateTime: string
    }
  | ({
      readonly kind: 'federated'
      /** What its tokens are made out to; each cloud has its own. */
      readonly audience: string
    } & Pick<FederatedCredential, 'name' | 'issuer' | 'subject'>)

/** What a registration has to be for the server to let people in. */
export type DesiredRegistration = {
  readonly displayName: string
  /** By which it is found again, whatever it is called by then. */
  readonly uniqueName: string
  readonly signInAudience: SignInAudience
  /** Callbacks, to be registered on the platform Web. */
  readonly redirectUris: readonly string[]
  /** @default api://<client id> */
  readonly identifierUri?: string | undefined
  /** The one that lets a client in, then the additional ones. */
  readonly scopes: readonly DesiredScope[]
  /** Client ids of applications that need no consent. */
  readonly preAuthorized: readonly string[]
  /** Names of optional claims, in both tokens. */
  readonly optionalClaims: readonly string[]
  /** Whether tokens have to name the person's groups. */
  readonly hasGroups: boolean
  /** Values of app roles that have to exist. */
  readonly roles: readonly string[]
  /** Whether the app role has to exist that opens the operator's API. */
  readonly hasOperatorRole: boolean
  /** Who has to have it. */
  readonly operators: readonly DesiredOperator[]
  readonly graphPermissions: readonly GraphPermission[]
  /** Whether consent for everybody is wanted. */
  readonly hasAdminConsent: boolean
  /** Undefined: it is not looked at. */
  readonly credential?: DesiredCredential | undefined
}

/** One thing that is not as it has to be, and how it is mended. */
export type Difference = {
  readonly id: string
  /** `error`: sign-ins fail because of it. */
  readonly severity: 'error' | 'warning'
  readonly what: string
  readonly why: string
  readonly expected?: string
  readonly found?: string
  /** The steps in the portal, in its own words. */
  readonly portal: readonly string[]
  /** Commands for a shell such as bash, signed in with `az login`. */
  readonly az: string
  /** In order. Blanks: `$APP` client id, `$OID` object id, `$SP` service principal. */
  readonly calls: readonly GraphCall[]
  /** It removes or changes what somebody else has set: only where that is asked for. */
  readonly isOverride: boolean
}

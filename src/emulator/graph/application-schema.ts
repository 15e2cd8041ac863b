import { object, type Schema } from './schema.ts'

/** What `signInAudience` may be. */
export const SIGN_IN_AUDIENCES = [
  'AzureADMyOrg',
  'AzureADMultipleOrgs',
  'AzureADandPersonalMicrosoftAccount',
  'PersonalMicrosoftAccount',
]

const text = (max: number): Schema => ({ kind: 'string', max })
const nullableText = (max: number): Schema => ({ kind: 'string', max, isNullable: true })
const flag: Schema = { kind: 'boolean' }
const guid: Schema = { kind: 'guid' }
const ignored: Schema = { kind: 'ignored' }
const absent: Schema = { kind: 'absent' }
const listOf = (of: Schema, max: number): Schema => ({ kind: 'list', of, max })
const redirectUris = listOf(text(256), 256)
const dateTime: Schema = { kind: 'dateTime', isNullable: true }

const permissionScope = object(
  {
    id: guid,
    value: nullableText(120),
    type: { kind: 'string', values: ['User', 'Admin'] },
    isEnabled: flag,
    adminConsentDisplayName: nullableText(100),
    adminConsentDescription: nullableText(1024),
    userConsentDisplayName: nullableText(100),
    userConsentDescription: nullableText(1024),
    origin: ignored,
  },
  { required: ['id', 'value'] },
)

const appRole = object(
  {
    id: guid,
    value: nullableText(120),
    displayName: text(100),
    description: text(1024),
    isEnabled: flag,
    allowedMemberTypes: listOf({ kind: 'string', values: ['User', 'Application'] }, 2),
    origin: ignored,
  },
  { required: ['id', 'value', 'displayName', 'description', 'allowedMemberTypes'] },
)

const optionalClaim = object(
  {
    name: text(120),
    source: absent,
    essential: ignored,
    additionalProperties: listOf(text(120), 20),
  },
  { required: ['name'] },
)

const keyCredential = object({
  keyId: guid,
  displayName: nullableText(90),
  key: nullableText(16 * 1024),
  type: { kind: 'string', values: ['AsymmetricX509Cert'] },
  usage: { kind: 'string', values: ['Verify'] },
  startDateTime: dateTime,
  endDateTime: dateTime,
  customKeyIdentifier: ignored,
  hasExtendedValue: ignored,
})

/** A secret as `addPassword` is asked for it, or as an application's creation has it. */
export const PASSWORD_SCHEMA = object({
  displayName: nullableText(90),
  startDateTime: dateTime,
  endDateTime: dateTime,
  customKeyIdentifier: ignored,
  hint: ignored,
  keyId: ignored,
  secretText: ignored,
})

/** What may be written of an application. */
export const APPLICATION_SCHEMA = object({
  displayName: text(256),
  signInAudience: { kind: 'string', values: SIGN_IN_AUDIENCES },
  identifierUris: listOf(text(255), 50),
  web: object({
    redirectUris,
    homePageUrl: absent,
    logoutUrl: absent,
    implicitGrantSettings: object({
      enableIdTokenIssuance: flag,
      enableAccessTokenIssuance: flag,
    }),
  }),
  spa: object({ redirectUris }),
  publicClient: object({ redirectUris }),
  isFallbackPublicClient: { kind: 'boolean', isNullable: true },
  api: object({
    requestedAccessTokenVersion: { kind: 'integer', values: [1, 2], isNullable: true },
    acceptMappedClaims: absent,
    oauth2PermissionScopes: listOf(permissionScope, 1000),
    preAuthorizedApplications: listOf(
      object(
        { appId: guid, delegatedPermissionIds: listOf(guid, 100) },
        { required: ['appId', 'delegatedPermissionIds'] },
      ),
      500,
    ),
    knownClientApplications: listOf(guid, 500),
  }),
  appRoles: listOf(appRole, 1200),
  requiredResourceAccess: listOf(
    object(
      {
        resourceAppId: guid,
        resourceAccess: listOf(
          object(
            { id: guid, type: { kind: 'string', values: ['Scope', 'Role'] } },
            { required: ['id', 'type'] },
          ),
          400,
        ),
      },
      { required: ['resourceAppId', 'resourceAccess'] },
    ),
    50,
  ),
  optionalClaims: object(
    {
      idToken: listOf(optionalClaim, 50),
      accessToken: listOf(optionalClaim, 50),
      saml2Token: ignored,
    },
    { isNullable: true },
  ),
  groupMembershipClaims: {
    kind: 'string',
    values: ['None', 'SecurityGroup', 'ApplicationGroup', 'All'],
    isNullable: true,
  },
  keyCredentials: listOf(keyCredential, 100),
  tags: listOf(text(256), 100),
})

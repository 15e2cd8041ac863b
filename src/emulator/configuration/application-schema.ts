import { z } from 'zod'
import type {
  ApplicationOptions,
  AppRoleOptions,
  PasswordCredentialOptions,
  PermissionScopeOptions,
} from '../create-directory.ts'
import type { Application, FederatedIdentityCredential, KeyCredential } from '../directory.ts'
import {
  defaulted,
  guid,
  list,
  optional,
  reference,
  required,
  type Shape,
  text,
  time,
} from './values.ts'

const redirectUris = list(text).default([])

/** A scope that an API exposes. */
export const scopeSchema = z.strictObject({
  id: optional(guid, 'Id', 'made from application and value'),
  value: required(text, 'Name, such as mcp-access'),
  type: optional(z.enum(['User', 'Admin']), 'Who can consent', '"User"'),
  isEnabled: optional(z.boolean(), 'Whether it can be asked for', 'true'),
  userConsentDisplayName: optional(text, 'What the consent page calls it', 'value'),
  userConsentDescription: optional(z.string().max(2048), 'What the consent page says of it', '""'),
  adminConsentDisplayName: optional(text, 'The same for administrators', 'userConsentDisplayName'),
  adminConsentDescription: optional(
    z.string().max(2048),
    'The same for administrators',
    'userConsentDescription',
  ),
} satisfies Shape<PermissionScopeOptions>)

/** An app role. */
export const appRoleSchema = z.strictObject({
  id: optional(guid, 'Id', 'made from application and value'),
  value: required(text, 'Name in the `roles` claim'),
  displayName: optional(text, 'Name', 'value'),
  description: optional(z.string().max(2048), 'Description', 'displayName'),
  isEnabled: optional(z.boolean(), 'Whether it is given', 'true'),
  allowedMemberTypes: optional(
    list(z.enum(['User', 'Application'])).min(1),
    'Whom it is for',
    '["User"]',
  ),
} satisfies Shape<AppRoleOptions>)

/** A client secret. */
export const secretSchema = z.strictObject({
  keyId: optional(guid, 'Id, which is not the secret', 'made from application and secret'),
  displayName: optional(text, 'Name', '"emulator"'),
  secretText: required(text, 'The secret'),
  startDateTime: optional(time, 'Valid from', '"2026-01-01T00:00:00Z"'),
  endDateTime: optional(time, 'Valid until (else AADSTS7000222)', '"2999-12-31T00:00:00Z"'),
} satisfies Shape<PasswordCredentialOptions>)

/** A certificate. */
export const certificateSchema = z.strictObject({
  keyId: optional(guid, 'Id', 'made from the certificate'),
  displayName: optional(text, 'Name', '"emulator"'),
  key: required(z.string().min(1).max(16_384), 'The certificate, as PEM or as base64 of its DER'),
  startDateTime: optional(time, 'Valid from', 'what the certificate says'),
  endDateTime: optional(time, 'Valid until', 'what the certificate says'),
} satisfies Shape<KeyCredential>)

/** A federated credential. */
export const federatedCredentialSchema = z.strictObject({
  id: optional(guid, 'Id', 'made from issuer and subject'),
  name: optional(text, 'Name', 'the subject'),
  issuer: required(text, 'Issuer of the assertions, compared exactly'),
  subject: required(text, 'Their subject, compared exactly'),
  audiences: defaulted(list(text).min(1), 'Their audience', ['api://AzureADTokenExchange']),
} satisfies Shape<FederatedIdentityCredential>)

const optionalClaims = list(
  z.strictObject({ name: text, additionalProperties: list(text).default([]) }),
).default([])

const web = z.strictObject({
  redirectUris,
  implicitGrantSettings: z
    .strictObject({
      enableIdTokenIssuance: z.boolean().default(false),
      enableAccessTokenIssuance: z.boolean().default(false),
    } satisfies Shape<Application['web']['implicitGrantSettings']>)
    .prefault({}),
} satisfies Shape<Application['web']>)

/** What an application exposes as an API. */
export const apiSchema = z.strictObject({
  requestedAccessTokenVersion: defaulted(
    z.literal([1, 2]).nullable(),
    'Version of its access tokens; null is what Entra gives a new application, and means 1',
    null,
  ),
  oauth2PermissionScopes: defaulted(list(scopeSchema), 'Scopes, as below', []),
  preAuthorizedApplications: defaulted(
    list(z.strictObject({ appId: reference, delegatedPermissionIds: list(reference).min(1) })),
    'Clients that need no consent: appId by client id or name, delegatedPermissionIds by id or value',
    [],
  ),
  knownClientApplications: defaulted(
    list(reference),
    'Clients whose consent page asks for this API’s permissions too, by client id or name',
    [],
  ),
} satisfies Shape<Application['api']>)

/** An app registration. */
export const applicationSchema = z.strictObject({
  id: optional(guid, 'Object id', 'made from the client id'),
  appId: optional(guid, 'Client id', 'made from the name'),
  displayName: required(text, 'Name'),
  tenantId: required(reference, 'The tenant it is registered in, by id or domain'),
  signInAudience: optional(
    z.enum([
      'AzureADMyOrg',
      'AzureADMultipleOrgs',
      'AzureADandPersonalMicrosoftAccount',
      'PersonalMicrosoftAccount',
    ]),
    'Whose accounts may sign in',
    '"AzureADMyOrg"',
  ),
  identifierUris: optional(list(text), 'Names of its API, such as api:// and the client id', '[]'),
  web: optional(web, 'Redirect URIs of the Web platform, and its implicitGrantSettings', 'none'),
  spa: optional(z.strictObject({ redirectUris }), 'The same of a single-page application', 'none'),
  publicClient: optional(z.strictObject({ redirectUris }), 'The same of a native one', 'none'),
  isFallbackPublicClient: optional(z.boolean(), '“Allow public client flows”', 'false'),
  api: optional(apiSchema, 'What it exposes as an API, as below', 'nothing'),
  appRoles: optional(list(appRoleSchema), 'App roles, as below', '[]'),
  requiredResourceAccess: optional(
    list(
      z.strictObject({
        resourceAppId: reference,
        resourceAccess: list(z.strictObject({ id: reference, type: z.enum(['Scope', 'Role']) })),
      }),
    ),
    'What .default stands for: resourceAppId by client id or name, each id by id or value',
    '[]',
  ),
  passwordCredentials: optional(list(secretSchema), 'Client secrets, as below', '[]'),
  keyCredentials: optional(list(certificateSchema), 'Certificates, as below', '[]'),
  federatedIdentityCredentials: optional(
    list(federatedCredentialSchema),
    'Federated credentials, as below',
    '[]',
  ),
  optionalClaims: optional(
    z.strictObject({ idToken: optionalClaims, accessToken: optionalClaims }).nullable(),
    'Claims besides the usual ones: idToken and accessToken, lists of { name, additionalProperties }',
    'null',
  ),
  groupMembershipClaims: optional(
    z.enum(['None', 'SecurityGroup', 'ApplicationGroup', 'All']).nullable(),
    'Which groups tokens name',
    'null',
  ),
  tags: optional(list(text), 'Tags', '[]'),
  owners: optional(list(reference), 'Users, by id or user principal name', '[]'),
  uniqueName: optional(text.nullable(), 'A name that Graph finds it by', 'null'),
  createdDateTime: optional(time, 'When it was registered', '"2026-01-01T00:00:00Z"'),
} satisfies Shape<ApplicationOptions>)

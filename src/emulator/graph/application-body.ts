import type { Application, AppRole, OptionalClaims, PermissionScope } from '../directory.ts'
import { APPLICATION_SCHEMA } from './application-schema.ts'
import { readKeys } from './credentials.ts'
import { badRequest } from './graph-error.ts'
import { type JsonObject, parse } from './schema.ts'

const READ_ONLY = new Set([
  'id',
  'appId',
  'createdDateTime',
  'deletedDateTime',
  'publisherDomain',
  'uniqueName',
])

/** What a body says of an application, in the directory's own shape. */
export function parseApplication(
  body: JsonObject,
  application: Application,
  now: number,
): JsonObject {
  for (const name of Object.keys(body)) {
    if (READ_ONLY.has(name)) throw badRequest(`Property '${name}' is read-only and cannot be set.`)
  }
  if ('passwordCredentials' in body) {
    throw badRequest(
      'Property passwordCredentials cannot be updated: use the addPassword and removePassword actions.',
    )
  }
  const parsed = parse(APPLICATION_SCHEMA, body, 'Application')
  const { api, appRoles, optionalClaims, keyCredentials, ...rest } = parsed as Parsed
  const scopes = api?.oauth2PermissionScopes?.map(toScope)
  return {
    ...rest,
    ...(api && { api: { ...api, ...(scopes && { oauth2PermissionScopes: scopes }) } }),
    ...(appRoles && { appRoles: appRoles.map(toRole) }),
    ...(optionalClaims && { optionalClaims: toClaims(optionalClaims, application.optionalClaims) }),
    ...(optionalClaims === null && { optionalClaims }),
    ...(keyCredentials && { keyCredentials: readKeys(keyCredentials, application, now) }),
    ...(rest.isFallbackPublicClient === null && { isFallbackPublicClient: false }),
  }
}

/** What the schema has let through, as far as it is looked into. */
type Parsed = {
  api?: { oauth2PermissionScopes?: Partial<PermissionScope>[] }
  appRoles?: Partial<AppRole>[]
  optionalClaims?: Partial<OptionalClaims> | null
  keyCredentials?: JsonObject[]
  isFallbackPublicClient?: boolean | null
}

function toScope(scope: Partial<PermissionScope>): PermissionScope {
  return {
    id: scope.id as string,
    value: scope.value ?? '',
    type: scope.type ?? 'User',
    isEnabled: scope.isEnabled ?? true,
    userConsentDisplayName: scope.userConsentDisplayName ?? '',
    userConsentDescription: scope.userConsentDescription ?? '',
    adminConsentDisplayName: scope.adminConsentDisplayName ?? '',
    adminConsentDescription: scope.adminConsentDescription ?? '',
  }
}

function toRole(role: Partial<AppRole>): AppRole {
  return {
    id: role.id as string,
    value: role.value ?? '',
    displayName: role.displayName as string,
    description: role.description as string,
    isEnabled: role.isEnabled ?? true,
    allowedMemberTypes: role.allowedMemberTypes ?? [],
  }
}

function toClaims(given: Partial<OptionalClaims>, before: OptionalClaims | null): OptionalClaims {
  const complete = (claims: OptionalClaims['idToken'] | undefined) =>
    claims?.map(({ name, additionalProperties = [] }) => ({ name, additionalProperties }))
  return {
    idToken: complete(given.idToken) ?? before?.idToken ?? [],
    accessToken: complete(given.accessToken) ?? before?.accessToken ?? [],
  }
}

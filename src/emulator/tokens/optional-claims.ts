import type { Application, DirectoryUser, OptionalClaim } from '../directory.ts'
import { encodeLoginHint } from '../sign-in/login-hint.ts'
import type { AccessTokenSubject, TokenSubject } from './claims.ts'

type Read = (subject: TokenSubject, properties: readonly string[]) => unknown

/** Claims that a registration can ask for besides the usual ones; undefined leaves one out. */
const OPTIONAL_CLAIMS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['acct', ({ user }) => (user.userType === 'Guest' ? 1 : 0)],
  ['acrs', ({ requestedClaims }) => requestedClaims?.authenticationContexts],
  ['auth_time', ({ authTime }) => authTime],
  ['email', ({ user }) => user.mail ?? undefined],
  ['family_name', (subject) => withProfile(subject, subject.user.surname)],
  ['given_name', (subject) => withProfile(subject, subject.user.givenName)],
  ['idtyp', (_subject, properties) => isNamed(properties, 'include_user_token') && 'user'],
  ['ipaddr', () => '127.0.0.1'],
  ['login_hint', ({ user }) => encodeLoginHint(user)],
  ['preferred_username', ({ user }) => user.userPrincipalName],
  ['sid', ({ sid }) => sid],
  ['tenant_region_scope', ({ tenant }) => tenant.regionScope ?? undefined],
  ['upn', ({ user }, properties) => upnOf(user, properties)],
  ['verified_primary_email', ({ user }) => (user.mail === null ? [] : [user.mail])],
  ['xms_cc', ({ requestedClaims }) => requestedClaims?.clientCapabilities],
])

/** The optional claims of an application's access tokens or id_tokens. */
export function optionalClaims(
  subject: TokenSubject,
  wanted: readonly OptionalClaim[],
): Record<string, unknown> {
  const claims = wanted.map(({ name, additionalProperties }) => {
    const value = OPTIONAL_CLAIMS.get(name)?.(subject, additionalProperties)
    return [name, value] as const
  })
  return Object.fromEntries(claims.filter(([, value]) => value !== undefined && value !== false))
}

/** Applications for personal accounts too cannot have optional claims. */
export function claimsWanted(
  { optionalClaims: wanted, signInAudience }: Application,
  token: 'idToken' | 'accessToken',
): readonly OptionalClaim[] {
  return signInAudience.includes('Personal') ? [] : (wanted?.[token] ?? [])
}

/** The properties of one of the claims wanted; none where it is not among them. */
export function propertiesOf(wanted: readonly OptionalClaim[], name: string): readonly string[] {
  return wanted.find((claim) => claim.name === name)?.additionalProperties ?? []
}

/** The audience of a v1 token: which identifier it was asked by, unless the API wants its GUID. */
export function audienceOf({
  resource,
  identifier,
}: Pick<AccessTokenSubject, 'resource' | 'identifier'>): string {
  const isGuid = propertiesOf(claimsWanted(resource, 'accessToken'), 'aud').includes('use_guid')
  if (isGuid) return resource.appId
  return identifier ?? resource.identifierUris[0] ?? resource.appId
}

function isNamed(properties: readonly string[], name: string): boolean {
  return properties.includes(name)
}

function withProfile({ oidc }: TokenSubject, value: string | null): string | undefined {
  return oidc.includes('profile') ? (value ?? undefined) : undefined
}

/** A guest's UPN is in a token only where the API asks for it as it is in the directory. */
function upnOf(user: DirectoryUser, properties: readonly string[]): string | undefined {
  if (user.guestOf === null) return user.userPrincipalName
  if (isNamed(properties, 'include_externally_authenticated_upn')) return user.userPrincipalName
  if (isNamed(properties, 'include_externally_authenticated_upn_without_hash')) {
    return user.userPrincipalName.replaceAll('#', '_')
  }
  return undefined
}

import type { ConfigProblem } from './errors.ts'
import type {
  AllowOptions,
  AssertionCredential,
  CertificateCredential,
  EntranceOptions,
  EntraOptions,
  LimitOptions,
  ManagedIdentityCredential,
  RegistrationOptions,
  WorkloadIdentityCredential,
} from './options.ts'

type Names<T> = Readonly<Record<keyof T, true>>

const OPTIONS: Names<EntranceOptions> = {
  ...{ url: true, entra: true, store: true, secret: true, scope: true, additionalScopes: true },
  ...{
    path: true,
    name: true,
    frontDoor: true,
    allowedOrigins: true,
    privateUseRedirectUris: true,
    allow: true,
  },
  ...{ registration: true, clients: true, consent: true, clientDocuments: true },
  ...{ clientDocumentHosts: true, accessTokenTtl: true, grantIdleTtl: true, grantMaxTtl: true },
  ...{ storeSilenceTtl: true, trustedProxyHops: true, limits: true, log: true, fetch: true },
  ...{ observers: true },
}
const ENTRA: Names<EntraOptions> = {
  ...{ tenantId: true, clientId: true, clientSecret: true, credential: true },
  ...{ authority: true, identifierUri: true, prompt: true },
}
const ALLOW: Names<AllowOptions> = {
  ...{ tenants: true, users: true, groups: true, roles: true, guests: true, contact: true },
}

/** By its kind, what a credential has. */
const CREDENTIALS: ReadonlyMap<unknown, object> = new Map<unknown, object>([
  ['secret', { kind: true, secret: true }],
  ['certificate', members<CertificateCredential>({ certificate: true, privateKey: true })],
  ['workload-identity', members<WorkloadIdentityCredential>({ tokenFile: true })],
  [
    'managed-identity',
    members<ManagedIdentityCredential>({ clientId: true, endpoint: true, identityHeader: true }),
  ],
  ['assertion', members<AssertionCredential>({ getAssertion: true })],
])

function members<T>(names: Names<Omit<T, 'kind'>>): object {
  return { kind: true, ...names }
}

const REGISTRATION: Names<RegistrationOptions> = { mode: true, allow: true, adopt: true }
const LIMITS: Names<LimitOptions> = { registrations: true, signIns: true, failures: true }

/**
 * What is not of the shape of the options. TypeScript says so as it is written; in JavaScript a name
 * that is misspelt, or `registration: 'off'`, would leave a door open that was meant to be shut.
 */
export function checkShapes(given: EntranceOptions): ConfigProblem[] {
  const { secret, limits, registration, allow } = given
  const redirectUris = registration?.allow
  return [
    ...checkMembers('', given, OPTIONS),
    ...checkMembers('entra', given.entra, ENTRA),
    ...checkCredentials(given.entra),
    ...checkMembers('allow', allow, ALLOW),
    ...checkMembers('registration', registration, REGISTRATION),
    ...(limits === false ? [] : checkMembers('limits', limits, LIMITS)),
    ...(typeof secret === 'string' ? [] : checkSecret(secret)),
    ...checkList('additionalScopes', given.additionalScopes),
    ...checkList('allowedOrigins', given.allowedOrigins),
    ...checkList('privateUseRedirectUris', given.privateUseRedirectUris),
    ...checkList('clientDocumentHosts', given.clientDocumentHosts),
    // Its entries are looked at where they are judged.
    ...(Array.isArray(redirectUris) ? [] : checkList('registration.allow', redirectUris)),
    ...(allow?.tenants === 'any' ? [] : checkList('allow.tenants', allow?.tenants)),
    ...checkList('allow.users', allow?.users),
    ...checkList('allow.groups', allow?.groups),
    ...checkList('allow.roles', allow?.roles),
  ]
}

/** A list of keys, or where they come from. */
function checkSecret(secret: unknown): ConfigProblem[] {
  const source = secret as Partial<Readonly<Record<'keys' | 'watch', unknown>>> | undefined
  return typeof source?.watch === 'function' && Array.isArray(source.keys)
    ? []
    : checkList('secret', secret)
}

/** Exactly one: which of two is meant, nobody can tell. */
function checkCredentials(entra: EntraOptions | undefined): ConfigProblem[] {
  const { clientSecret, credential } = entra ?? {}
  if (credential === undefined) return []
  const option = 'entra.credential'
  if (clientSecret !== undefined) {
    const problem = 'is given beside entra.clientSecret.'
    return [{ option, problem, cure: 'Give the one or the other.' }]
  }
  const known = CREDENTIALS.get(credential?.kind)
  // One of a kind that is not known is told so where its values are looked at.
  return known || typeof credential !== 'object' || !credential
    ? checkMembers(option, credential, known ?? { kind: true })
    : []
}

function checkMembers(option: string, value: unknown, known: object): ConfigProblem[] {
  const names = Object.keys(known).join(', ')
  if (value === undefined) return []
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ option, problem: 'is not an object.', cure: `Its members are: ${names}.` }]
  }
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(known, name))
  return unknown.map((name) => ({
    option: option ? `${option}.${name}` : name,
    problem: 'is not an option.',
    cure: `Those there are: ${names}.`,
  }))
}

function checkList(option: string, value: unknown): ConfigProblem[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return []
  return [{ option, problem: 'is not a list of texts.', cure: "Write one, such as ['…', '…']." }]
}

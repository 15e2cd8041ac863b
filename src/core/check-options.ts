import type { ConfigProblem } from './errors.ts'
import { SECRET_MIN_LENGTH } from './keys/keyring.ts'
import type { EntraConfig, EntranceOptions } from './options.ts'
import { LOOPBACK_HOSTS } from './site.ts'

const DAY = 24 * 60 * 60

type Given = Pick<EntranceOptions, 'url'> & {
  readonly entra: EntraConfig
  readonly secrets: readonly string[]
  readonly scope: string
  readonly path: string
  readonly allowedOrigins: readonly string[]
  readonly clientDocuments?: unknown
  readonly clientDocumentHosts?: readonly string[]
  readonly accessTokenTtl: number
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
  readonly storeSilenceTtl: number
}

/** Everything that is wrong with the options, at once: what was given, what is expected, the cure. */
export function checkOptions(given: Given): ConfigProblem[] {
  return [
    ...checkUrl(given.url),
    ...checkEntra(given.entra),
    ...checkSecrets(given.secrets),
    ...checkScopeAndPath(given.scope, given.path),
    ...checkTimes(given),
    ...given.allowedOrigins.flatMap(checkOrigin),
    ...checkClientDocuments(given.clientDocuments),
    ...(given.clientDocumentHosts ?? []).flatMap(checkHost),
  ]
}

function checkUrl(text: string): ConfigProblem[] {
  const option = 'url'
  const cure = 'Give the public address of the server, such as https://expenses.example.com.'
  const url = URL.parse(text)
  if (!url) return [{ option, problem: `'${text ?? ''}' is not a URL.`, cure }]
  // Before the address is repeated: what it has in it may be a password.
  if (url.search || url.hash || url.username || url.password) {
    const problem = `'${url.protocol}//${url.host}…' must have no query, fragment or user name.`
    return [{ option, problem, cure }]
  }
  if (
    url.protocol !== 'https:' &&
    !(url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
  ) {
    const problem = `'${text}' must start with https://; plain http is for localhost only.`
    return [{ option, problem, cure }]
  }
  return []
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/
const TENANT_ALIASES: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers'])

function checkEntra(entra: EntraConfig): ConfigProblem[] {
  return [
    ...checkAuthority(entra.authority),
    ...checkTenant(entra.tenantId),
    ...checkClientId(entra.clientId),
    ...checkClientSecret(entra.clientSecret),
  ]
}

function checkAuthority(authority: string): ConfigProblem[] {
  const url = URL.parse(authority)
  const isSecure = url?.protocol === 'https:'
  const isLocal = url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname)
  if (url && (isSecure || isLocal) && url.origin === authority) return []
  const problem = `'${authority}' is not a login host's origin.`
  const cure =
    'Use https://login.microsoftonline.com, a national cloud, or the emulator on localhost.'
  return [{ option: 'entra.authority', problem, cure }]
}

function checkTenant(tenantId: string): ConfigProblem[] {
  const option = 'entra.tenantId'
  const cure = 'Copy Directory (tenant) ID from the overview page of the app registration.'
  if (!tenantId) return [{ option, problem: 'is missing.', cure }]
  if (TENANT_ALIASES.has(tenantId)) {
    const problem = `'${tenantId}' would let in accounts of every tenant; one tenant is expected.`
    return [{ option, problem, cure }]
  }
  if (GUID.test(tenantId) || DOMAIN.test(tenantId)) return []
  return [{ option, problem: `'${shown(tenantId)}' is neither a GUID nor a domain name.`, cure }]
}

function checkClientId(clientId: string): ConfigProblem[] {
  const option = 'entra.clientId'
  const cure = 'Copy Application (client) ID from the overview page of the app registration.'
  if (!clientId) return [{ option, problem: 'is missing.', cure }]
  if (GUID.test(clientId)) return []
  return [{ option, problem: `'${shown(clientId)}' is not a GUID.`, cure }]
}

/** Enough to recognise it by: values are pasted into each other's places, secrets among them. */
function shown(text: string): string {
  return text.length > 8 ? `${text.slice(0, 8)}…` : text
}

function checkClientSecret(secret: string): ConfigProblem[] {
  const option = 'entra.clientSecret'
  const cure =
    "Create a client secret under 'Certificates & secrets' and copy its Value; it is shown only once."
  if (!secret.trim()) return [{ option, problem: 'is missing.', cure }]
  if (GUID.test(secret.trim().toLowerCase())) {
    return [{ option, problem: "is a GUID: that is the secret's ID, not its value.", cure }]
  }
  if (secret !== secret.trim() || /^(["']).*\1$/.test(secret)) {
    return [{ option, problem: 'has spaces or quotation marks around it.', cure: 'Remove them.' }]
  }
  return []
}

function checkSecrets(secrets: readonly string[]): ConfigProblem[] {
  const option = 'secret'
  const cure = 'Make one with: openssl rand -base64 32'
  if (secrets.length === 0) return [{ option, problem: 'is missing.', cure }]
  const short = secrets.find((secret) => secret.length < SECRET_MIN_LENGTH)
  if (short === undefined) return []
  const problem = `has ${short.length} characters; ${SECRET_MIN_LENGTH} or more are expected.`
  return [{ option, problem, cure }]
}

function checkScopeAndPath(scope: string, path: string): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  // RFC 6749 §3.3; without a slash, for the prefix is added towards Entra only.
  if (!/^[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]{1,120}$/.test(scope)) {
    const problem = `'${scope}' is not the short name of one scope.`
    const cure = "Give the scope's name without 'api://…/', such as mcp-access."
    problems.push({ option: 'scope', problem, cure })
  }
  if (!/^(\/[\w.~-]+)+$/.test(path)) {
    const problem = `'${path}' is not a path.`
    problems.push({ option: 'path', problem, cure: 'Give one that starts with /, such as /mcp.' })
  }
  return problems
}

function checkTimes(given: {
  accessTokenTtl: number
  grantIdleTtl: number
  grantMaxTtl: number
  storeSilenceTtl: number
}): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const expect = (option: keyof typeof given, min: number, max: number, why: string) => {
    const value = given[option]
    if (Number.isInteger(value) && value >= min && value <= max) return
    const problem = `${value} is not a whole number of seconds from ${min} to ${max}.`
    problems.push({ option, problem, cure: why })
  }
  expect(
    'accessTokenTtl',
    601,
    DAY,
    'Clients refresh 300 s ahead; a short life means a refresh per call.',
  )
  expect('grantIdleTtl', 3600, 400 * DAY, 'The default is 30 days.')
  expect('grantMaxTtl', 3600, 400 * DAY, 'The default is 180 days.')
  expect('storeSilenceTtl', 5, 3600, 'The default is 30 seconds.')
  return problems
}

function checkOrigin(origin: string): ConfigProblem[] {
  if (URL.parse(origin)?.origin === origin) return []
  const problem = `'${origin}' is not an origin.`
  return [
    {
      option: 'allowedOrigins',
      problem,
      cure: 'Write scheme, host and port only: https://app.example.com',
    },
  ]
}

const CLIENT_DOCUMENTS: readonly unknown[] = [undefined, 'fetch', 'pinned', 'off']

function checkClientDocuments(mode: unknown): ConfigProblem[] {
  if (CLIENT_DOCUMENTS.includes(mode)) return []
  const problem = `'${mode}' is not known.`
  return [{ option: 'clientDocuments', problem, cure: 'Use fetch, pinned or off.' }]
}

function checkHost(host: string): ConfigProblem[] {
  if (URL.parse(`https://${host}/`)?.hostname === host) return []
  const problem = `'${host}' is not the name of a host.`
  const cure = 'Write the name alone, in lower case: app.example.com'
  return [{ option: 'clientDocumentHosts', problem, cure }]
}

import { checkEntra, shown } from './check-entra.ts'
import type { ConfigProblem } from './errors.ts'
import { SECRET_MIN_LENGTH } from './keys/keyring.ts'
import type { EntraConfig, EntranceOptions, LimitOptions } from './options.ts'
import { LOOPBACK_HOSTS } from './site.ts'

const DAY = 24 * 60 * 60

type Given = Pick<EntranceOptions, 'url'> & {
  readonly entra: EntraConfig
  readonly secrets: readonly string[]
  readonly scope: string
  readonly additionalScopes: readonly string[]
  readonly path: string
  readonly allowedOrigins: readonly string[]
  readonly consent: string
  readonly clientDocuments?: unknown
  readonly clientDocumentHosts?: readonly string[]
  readonly accessTokenTtl: number
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
  readonly storeSilenceTtl: number
  readonly trustedProxyHops: number
  readonly limits: LimitOptions | false
}

/** Everything that is wrong with the options, at once: what was given, what is expected, the cure. */
export function checkOptions(given: Given): ConfigProblem[] {
  return [
    ...checkUrl(given.url),
    ...checkEntra(given.entra),
    ...checkSecrets(given.secrets),
    ...checkScope('scope', given.scope),
    ...checkAdditionalScopes(given),
    ...checkPath(given.path),
    ...checkConsent(given.consent),
    ...checkTimes(given),
    ...given.allowedOrigins.flatMap(checkOrigin),
    ...checkProxies(given.trustedProxyHops),
    ...checkLimits(given.limits),
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

function checkSecrets(secrets: readonly string[]): ConfigProblem[] {
  const option = 'secret'
  const cure = 'Make one with: openssl rand -base64 32'
  if (secrets.length === 0) return [{ option, problem: 'is missing.', cure }]
  const short = secrets.find((secret) => secret.length < SECRET_MIN_LENGTH)
  if (short === undefined) return []
  const problem = `has ${short.length} characters; ${SECRET_MIN_LENGTH} or more are expected.`
  return [{ option, problem, cure }]
}

/** RFC 6749 §3.3; without a slash, for the prefix is added towards Entra only. */
const SCOPE_NAME = /^[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]{1,120}$/

/** All names together: the longest access token has to stay below a proxy's 8 kB for one header. */
const SCOPES_MAX_LENGTH = 300

/** What every sign-in asks Entra for by itself, and what stands for all permissions of an API. */
const RESERVED_SCOPES: ReadonlySet<string> = new Set([
  ...['openid', 'profile', 'email', 'offline_access', '.default'],
])

function checkScope(option: 'scope' | 'additionalScopes', name: string): ConfigProblem[] {
  const cure = "Give the scope's name without 'api://…/', such as mcp-access."
  if (!SCOPE_NAME.test(name)) {
    return [{ option, problem: `'${name}' is not the short name of one scope.`, cure }]
  }
  if (!RESERVED_SCOPES.has(name)) return []
  return [{ option, problem: `'${name}' is not a scope of an API.`, cure }]
}

function checkAdditionalScopes({ scope, additionalScopes }: Given): ConfigProblem[] {
  const option = 'additionalScopes'
  const { length } = additionalScopes.join(' ')
  if (length > SCOPES_MAX_LENGTH) {
    const problem = `has ${length} characters in all; ${SCOPES_MAX_LENGTH} at most are expected.`
    return [{ option, problem, cure: 'Have fewer scopes, or give them shorter names.' }]
  }
  const problems = additionalScopes.flatMap((name) => checkScope(option, name))
  const names = [scope, ...additionalScopes]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return problems
  return [...problems, { option, problem: `'${twice}' is there twice.`, cure: 'Name it once.' }]
}

function checkPath(path: string): ConfigProblem[] {
  if (/^(\/[\w.~-]+)+$/.test(path)) return []
  const problem = `'${path}' is not a path.`
  return [{ option: 'path', problem, cure: 'Give one that starts with /, such as /mcp.' }]
}

function checkConsent(consent: string): ConfigProblem[] {
  if (consent === 'always' || consent === 'remember') return []
  const problem = `'${shown(consent)}' is not when people are asked.`
  return [{ option: 'consent', problem, cure: "Write 'always' or 'remember', or leave it out." }]
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

function checkProxies(hops: number): ConfigProblem[] {
  if (Number.isInteger(hops) && hops >= 0 && hops <= 10) return []
  const problem = `${hops} is not a whole number from 0 to 10.`
  const cure = 'Count the proxies in front that add to X-Forwarded-For; 0 when there is none.'
  return [{ option: 'trustedProxyHops', problem, cure }]
}

function checkLimits(limits: LimitOptions | false): ConfigProblem[] {
  const wrong = Object.entries(limits || {}).filter(
    ([, value]) => value !== undefined && !(Number.isInteger(value) && value >= 10 && value <= 1e6),
  )
  return wrong.map(([name, value]) => ({
    option: `limits.${name}`,
    problem: `${value} is not a whole number from 10 to 1000000.`,
    cure: 'Leave it out for the default; limits: false switches all of them off.',
  }))
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

import { statSync } from 'node:fs'
import { CLOUDS } from './clouds.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { parseCertificate } from './keys/certificate.ts'
import type { EntraConfig, EntraCredential, ManagedIdentityCredential } from './options.ts'
import { LOOPBACK_HOSTS } from './site.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/

/** Everything that is wrong with the app registration as it is given. */
export function checkEntra(entra: EntraConfig): ConfigProblem[] {
  return [
    ...checkAuthority(entra.authority),
    ...checkTenant(entra.tenantId),
    ...checkClientId(entra.clientId),
    ...checkCredential(entra.credential),
  ]
}

function checkAuthority(authority: string): ConfigProblem[] {
  const url = URL.parse(authority)
  const isSecure = url?.protocol === 'https:'
  const isLocal = url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname)
  if (url && (isSecure || isLocal) && url.origin === authority) return []
  // Anything but a host and a path may be a password, or have one in it.
  const isBare = /^[a-z0-9.:/-]{1,100}$/.test(authority)
  const problem = `'${isBare ? authority : shown(authority)}' is not a login host's origin.`
  const words = [...CLOUDS.keys()].join(', ')
  const cure = `Use ${words}, an origin such as https://contoso.ciamlogin.com, or the emulator's.`
  return [{ option: 'entra.authority', problem, cure }]
}

const ALIASES: ReadonlySet<string> = new Set(['organizations', 'common', 'consumers'])

function checkTenant(tenantId: string): ConfigProblem[] {
  const option = 'entra.tenantId'
  const cure = 'Copy Directory (tenant) ID from the overview page of the app registration.'
  if (!tenantId) return [{ option, problem: 'is missing.', cure }]
  // Which tenants of several may come in is `allow`'s to say.
  if (ALIASES.has(tenantId)) return []
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
export function shown(text: string, length = 8): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

const OPTION = 'entra.credential'

function checkCredential(credential: EntraCredential): ConfigProblem[] {
  switch (credential.kind) {
    case 'secret':
      return checkSecret(credential.secret)
    case 'certificate':
      return problemsOf(() => parseCertificate(credential))
    case 'workload-identity':
      return checkTokenFile(credential.tokenFile)
    case 'managed-identity':
      return checkManagedIdentity(credential)
    case 'assertion':
      return checkCallback(credential.getAssertion)
    default:
      return [{ option: `${OPTION}.kind`, problem: 'is not known.', cure: KINDS }]
  }
}

const KINDS =
  'Those there are: secret, certificate, workload-identity, managed-identity, assertion.'

function problemsOf(parse: () => unknown): ConfigProblem[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems]
    throw error
  }
}

function checkSecret(secret: unknown): ConfigProblem[] {
  const option = 'entra.clientSecret'
  const cure =
    "Create a client secret under 'Certificates & secrets' and copy its Value; it is shown only once."
  if (typeof secret !== 'string' || !secret.trim()) {
    return [{ option, problem: 'is missing.', cure }]
  }
  if (GUID.test(secret.trim().toLowerCase())) {
    return [{ option, problem: "is a GUID: that is the secret's ID, not its value.", cure }]
  }
  if (secret !== secret.trim() || /^(["']).*\1$/.test(secret)) {
    return [{ option, problem: 'has spaces or quotation marks around it.', cure: 'Remove them.' }]
  }
  return []
}

/** Later it may be missing for a moment; where it is not there at first, the path is wrong. */
function checkTokenFile(path: unknown): ConfigProblem[] {
  const option = `${OPTION}.tokenFile`
  const cure =
    'Name the file of the federated token; where a webhook sets AZURE_FEDERATED_TOKEN_FILE, that one.'
  if (typeof path !== 'string' || !path) return [{ option, problem: 'is missing.', cure }]
  const file = statSync(path, { throwIfNoEntry: false })
  if (!file) return [{ option, problem: `${path} does not exist.`, cure }]
  if (!file.isFile()) return [{ option, problem: `${path} is not a file.`, cure }]
  if (file.size === 0) return [{ option, problem: `${path} is empty.`, cure }]
  if (file.size <= TOKEN_FILE_MAX_BYTES) return []
  const problem = `${path} has ${file.size} bytes; ${TOKEN_FILE_MAX_BYTES} at most are expected.`
  return [{ option, problem, cure }]
}

/** As long as an assertion may be. */
const TOKEN_FILE_MAX_BYTES = 16 * 1024

function checkManagedIdentity(credential: ManagedIdentityCredential): ConfigProblem[] {
  const { clientId, endpoint, identityHeader } = credential
  const problems: ConfigProblem[] = []
  const add = (member: string, problem: string, cure: string) =>
    problems.push({ option: `${OPTION}.${member}`, problem, cure })
  if (clientId !== undefined && !GUID.test(clientId.toLowerCase())) {
    const cure = "Copy the client ID of the managed identity; leave it out for the machine's own."
    add('clientId', 'is not a GUID.', cure)
  }
  if (endpoint !== undefined && URL.parse(endpoint)?.protocol !== 'http:') {
    const cure = 'Leave it out on a virtual machine; elsewhere it is in IDENTITY_ENDPOINT.'
    add('endpoint', 'is not an http address.', cure)
  }
  if (identityHeader !== undefined && endpoint === undefined) {
    add('identityHeader', 'is given without endpoint.', 'Give both, or neither.')
  }
  return problems
}

function checkCallback(getAssertion: unknown): ConfigProblem[] {
  if (typeof getAssertion === 'function') return []
  const cure = 'Give a function that returns a promise of a JWT.'
  return [{ option: `${OPTION}.getAssertion`, problem: 'is not a function.', cure }]
}

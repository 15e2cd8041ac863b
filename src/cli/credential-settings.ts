import { readFileSync } from 'node:fs'
import type { ConfigProblem } from '../core/errors.ts'
import type { EntraCredential } from '../index.ts'
import type { Environment } from './read-variables.ts'

/** The variable behind each option of the library, for messages. */
export const CREDENTIAL_VARIABLES: readonly (readonly [option: string, variable: string])[] = [
  ['entra.clientSecret', 'ENTRA_PROXY_AZURE_CLIENT_SECRET'],
  ['entra.credential.certificate', 'ENTRANCE_CREDENTIAL'],
  ['entra.credential.privateKey', 'ENTRANCE_CREDENTIAL'],
  ['entra.credential.tokenFile', 'ENTRANCE_CREDENTIAL'],
  ['entra.credential.clientId', 'ENTRANCE_CREDENTIAL'],
  ['entra.credential.endpoint', 'IDENTITY_ENDPOINT'],
]

const OPTION = 'ENTRANCE_CREDENTIAL'

const CURE =
  'Use secret, certificate:<file.pem>, workload-identity, workload-identity:<file>, managed-identity or managed-identity:<client id>.'

/** A certificate with its key is a page or two; more is some other file. */
const MAX_BYTES = 64 * 1024

/**
 * What is to prove to Entra who this server is: the secret, or what `ENTRANCE_CREDENTIAL` names in
 * its place. What is wrong with the values themselves the library says.
 */
export function resolveCredential(
  option: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): EntraCredential {
  const text = option || env.ENTRANCE_CREDENTIAL || 'secret'
  const [, kind = '', value] = /^([a-z-]+)(?::(.+))?$/s.exec(text) ?? []
  if (kind === 'workload-identity') {
    return { kind, tokenFile: value ?? env.AZURE_FEDERATED_TOKEN_FILE ?? '' }
  }
  if (kind === 'managed-identity') {
    return { kind, ...(value && { clientId: value }), ...endpointOf(env, problems) }
  }
  if (kind === 'certificate' && value) return readCertificate(value, problems)
  if (text !== 'secret') {
    // A secret that was put into the wrong variable is not repeated.
    const shown = text.length > 20 ? `${text.slice(0, 8)}…` : text
    problems.push({ option: OPTION, problem: `'${shown}' is no credential.`, cure: CURE })
  }
  return { kind: 'secret', secret: env.ENTRA_PROXY_AZURE_CLIENT_SECRET ?? '' }
}

/** App Service and its kin say where; a virtual machine's is the same everywhere. */
function endpointOf(env: Environment, problems: ConfigProblem[]) {
  const endpoint = env.IDENTITY_ENDPOINT
  const identityHeader = env.IDENTITY_HEADER
  const host = env.AZURE_POD_IDENTITY_AUTHORITY_HOST
  if (endpoint && identityHeader) return { endpoint, identityHeader }
  if (endpoint) {
    problems.push({
      option: 'IDENTITY_HEADER',
      problem: 'is missing, and IDENTITY_ENDPOINT is set.',
      cure: 'Both are set by Azure App Service and Container Apps; Azure Arc has another protocol, which this server does not speak.',
    })
  }
  return host ? { endpoint: `${host.replace(/\/+$/, '')}/metadata/identity/oauth2/token` } : {}
}

/** Private key and certificate in one file. Nothing of it is repeated. */
function readCertificate(path: string, problems: ConfigProblem[]): EntraCredential {
  const pem = readPem(path, problems)
  return { kind: 'certificate', certificate: pem, privateKey: pem }
}

function readPem(path: string, problems: ConfigProblem[]): string {
  try {
    const bytes = readFileSync(path)
    if (bytes.length <= MAX_BYTES) return bytes.toString('utf8')
    const problem = `${path} has ${bytes.length} bytes; ${MAX_BYTES} at most are read.`
    const cure = 'Name a PEM file of one certificate and its private key.'
    problems.push({ option: OPTION, problem, cure })
  } catch (error) {
    const problem = `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`
    problems.push({ option: OPTION, problem, cure: 'Name a PEM file that this user can read.' })
  }
  return ''
}

import { findKeysUrlFault, parseKeySet } from './clients/key-set.ts'
import { findRedirectUriFault, type RedirectPolicy } from './clients/redirect-uri.ts'
import { type ConfigProblem, OAuthError } from './errors.ts'
import { SECRET_MIN_LENGTH } from './keys/keyring.ts'
import type { Config, ConfiguredClient } from './options.ts'

const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']

const MEMBERS: ReadonlySet<string> = new Set<keyof ConfiguredClient>([
  ...(['client_id', 'client_name', 'redirect_uris', 'token_endpoint_auth_method'] as const),
  ...(['client_secret', 'jwks', 'jwks_uri', 'disabled'] as const),
])

/** RFC 6749 A.1, without what takes it apart in a Basic header or makes it look like a URL. */
const CLIENT_ID = /^[\x21-\x39\x3b-\x7e]{1,200}$/

/** The ids that {@link sealClient} makes, now and in versions to come. */
const SEALED = /^e\d+\./

/** Whether keys are fetched, and where from. */
type Fetching = Pick<Config, 'clientDocuments' | 'clientDocumentHosts'>

/** What is wrong with the configured clients. They come from a file, so nothing is taken for granted. */
export function checkClients(
  clients: unknown,
  policy: RedirectPolicy,
  fetching: Fetching,
): ConfigProblem[] {
  if (!Array.isArray(clients)) {
    return [toProblem('are not a list.', 'Write an array with an object for each client.')]
  }
  const ids = clients.map((client) => client?.client_id)
  return clients.flatMap((client, i) => {
    const name = nameOf(client, i)
    if (typeof client !== 'object' || client === null || Array.isArray(client)) {
      return [toProblem(`${name} is not an object.`, 'Write at least client_id and redirect_uris.')]
    }
    const faults = [
      ...findUnknownMembers(client),
      ...findIdFaults(client, ids.indexOf(client.client_id) < i),
      ...findUriFaults(client.redirect_uris, policy),
      ...findProofFaults(client, fetching),
      ...findTypeFaults(client),
    ]
    return faults.map(({ problem, cure }) => toProblem(`${name}: ${problem}`, cure))
  })
}

type Fault = { readonly problem: string; readonly cure: string }

function toProblem(problem: string, cure: string): ConfigProblem {
  return { option: 'clients', problem, cure }
}

/** By its id where it has one; never by what may be a secret in the wrong place. */
function nameOf(client: { client_id?: unknown } | null, i: number): string {
  const id = client?.client_id
  return typeof id === 'string' && CLIENT_ID.test(id)
    ? `The client '${id.slice(0, 60)}'`
    : `Client ${i + 1}`
}

function findUnknownMembers(client: object): Fault[] {
  const unknown = Object.keys(client).filter((member) => !MEMBERS.has(member))
  return unknown.map((member) => ({
    problem: `'${member.slice(0, 40)}' is no member of a client.`,
    cure: `Members are: ${[...MEMBERS].join(', ')}.`,
  }))
}

function findIdFaults({ client_id: id }: { client_id?: unknown }, isTaken: boolean): Fault[] {
  const cure = 'Choose a word, such as reports, or take a GUID.'
  if (typeof id !== 'string' || !CLIENT_ID.test(id)) {
    const problem = 'client_id must be 1 to 200 printable characters without a blank or a colon.'
    return [{ problem, cure }]
  }
  if (SEALED.test(id)) {
    return [{ problem: 'client_id begins like one that was given out at registration.', cure }]
  }
  return isTaken ? [{ problem: 'client_id is that of another client.', cure }] : []
}

function findUriFaults(uris: unknown, policy: RedirectPolicy): Fault[] {
  if (!Array.isArray(uris) || uris.length === 0 || uris.some((uri) => typeof uri !== 'string')) {
    const problem = 'redirect_uris must be an array of one or more strings.'
    return [{ problem, cure: 'Copy them from the settings or the manual of the client.' }]
  }
  return uris.flatMap((uri: string) => {
    const shown = `the redirect URI '${uri.slice(0, 200)}'`
    if (uri.includes('*')) {
      const cure = 'Name each in full; patterns are for registration.allow.'
      return [{ problem: `${shown} has a *, and is compared exactly.`, cure }]
    }
    const fault = findRedirectUriFault(uri, policy)
    return fault ? [{ problem: `${shown} ${fault}.`, cure: 'No client may use it.' }] : []
  })
}

/** What a client proves itself with, as it stands in the file. */
type Proof = Readonly<Record<'token_endpoint_auth_method' | 'client_secret', unknown>> &
  Readonly<Record<'jwks' | 'jwks_uri', unknown>>

function findProofFaults(client: Proof, fetching: Fetching): Fault[] {
  const { token_endpoint_auth_method: method, client_secret: given, jwks, jwks_uri } = client
  if (method !== undefined && !METHODS.includes(method as string)) {
    const cure = `Use one of ${METHODS.join(', ')}, or leave it out.`
    return [{ problem: 'token_endpoint_auth_method is none that is known.', cure }]
  }
  const secrets = given === undefined ? [] : [given].flat()
  if (secrets.length > 0 && (method === 'none' || method === 'private_key_jwt')) {
    const cure = 'Leave out the secret, or name client_secret_basic.'
    return [{ problem: `has a client_secret and the method ${method}.`, cure }]
  }
  if (method === 'private_key_jwt') return findKeysFaults(jwks, jwks_uri, fetching)
  if (jwks !== undefined || jwks_uri !== undefined) {
    const cure = "Set token_endpoint_auth_method to 'private_key_jwt', or leave the keys out."
    return [{ problem: 'has keys, and a method that does not sign.', cure }]
  }
  return method === 'none' ? [] : findSecretFaults(secrets)
}

function findKeysFaults(jwks: unknown, uri: unknown, fetching: Fetching): Fault[] {
  if ((jwks === undefined) === (uri === undefined)) {
    const cure = 'Put its public keys into jwks, or their address into jwks_uri.'
    return [{ problem: 'needs either jwks or jwks_uri for private_key_jwt.', cure }]
  }
  const problem = jwks === undefined ? findKeysUriFault(uri, fetching) : findKeySetFault(jwks)
  return problem === undefined ? [] : [{ problem, cure: 'Put its public keys into jwks.' }]
}

function findKeySetFault(jwks: unknown): string | undefined {
  try {
    parseKeySet(jwks)
    return undefined
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return `jwks cannot be used: ${error.message}.`
  }
}

function findKeysUriFault(uri: unknown, fetching: Fetching): string | undefined {
  const fault = typeof uri === 'string' ? findKeysUrlFault(uri) : 'is not a string'
  if (fault) return `jwks_uri ${fault}.`
  const { clientDocuments: mode, clientDocumentHosts: hosts } = fetching
  if (mode !== 'fetch') return `has a jwks_uri, and no keys are fetched (clientDocuments: ${mode}).`
  if (!hosts || hosts.has(new URL(uri as string).hostname)) return undefined
  return 'has a jwks_uri at a host that is not one of clientDocumentHosts.'
}

function findSecretFaults(secrets: readonly unknown[]): Fault[] {
  if (secrets.length === 0) {
    const cure = "Give one, or set token_endpoint_auth_method to 'none' for a public client."
    return [{ problem: 'client_secret is missing.', cure }]
  }
  const isGood = (secret: unknown) =>
    typeof secret === 'string' &&
    secret.length >= SECRET_MIN_LENGTH &&
    /^[\x20-\x7e]{1,512}$/.test(secret)
  if (secrets.every(isGood)) return []
  const problem = `client_secret must be ${SECRET_MIN_LENGTH} to 512 printable characters, or a list of such.`
  return [{ problem, cure: 'Make one with: openssl rand -base64 32' }]
}

function findTypeFaults(client: { client_name?: unknown; disabled?: unknown }): Fault[] {
  const faults: Fault[] = []
  if (client.client_name !== undefined && typeof client.client_name !== 'string') {
    faults.push({ problem: 'client_name is not a string.', cure: 'Write it as one.' })
  }
  if (client.disabled !== undefined && typeof client.disabled !== 'boolean') {
    faults.push({ problem: 'disabled is neither true nor false.', cure: 'Leave it out for false.' })
  }
  return faults
}

import { randomBytes } from 'node:crypto'
import { OAuthError } from '../errors.ts'
import type { Keyring } from '../keys/keyring.ts'
import { digest, isMac, mac } from '../keys/mac.ts'
import { type ClientMetadata, hasSecret, type TokenEndpointAuthMethod } from './client-metadata.ts'

/**
 * Registered at `/register`, named in the configuration, described by a document that its id is the
 * address of, or unknown here and let in by a person as an unverified application.
 */
export type ClientSource = 'registered' | 'configured' | 'document' | 'adopted'

/** A client. Of a registered one nothing is stored: it is what its own id says (RFC 7591 A.5.2). */
export type Client = ClientMetadata & {
  readonly client_id: string
  /** How it came to be known here. */
  readonly source: ClientSource
  /** SHA-256 of the id: what records keep in its place. */
  readonly digest: string
  /** Whether a known copy stands in for its document, which may name keys. */
  readonly isStandIn?: boolean
}

/** The longest client_id: it travels in URLs and in tokens. */
export const CLIENT_ID_MAX_LENGTH = 1024

const PURPOSE = 'client_id'
const SECRET_PURPOSE = 'client_secret'
const VERSION = 'e1'
const MAC_LENGTH = 43

/**
 * The payload of a client_id, as a tuple to keep it short: behind the URIs the salt where there is a
 * secret, or the jwks_uri where there are keys; then 1 where the method was named. Ids that were made
 * before that was told apart go without.
 */
type Payload = [
  name: string,
  method: TokenEndpointAuthMethod,
  uris: string[],
  saltOrKeys?: string,
  isMethodNamed?: 1,
]

/**
 * Seals metadata into a client_id: `e1.<key id>.<payload>.<MAC>`. The same metadata of a public
 * client gives the same id, however often it registers; a confidential one gets an id of its own.
 */
export function sealClient(metadata: ClientMetadata, keyring: Keyring): Client {
  const { client_name = '', token_endpoint_auth_method: method, redirect_uris } = metadata
  const payload: Payload = [client_name, method, [...redirect_uris]]
  if (hasSecret(method)) payload.push(randomBytes(9).toString('base64url'))
  if (method === 'private_key_jwt') payload.push(metadata.jwks_uri ?? '')
  if (metadata.isMethodNamed) payload.push(1)
  const text = Buffer.from(JSON.stringify(payload)).toString('base64url')
  const key = keyring.current
  const id = `${VERSION}.${key.id}.${text}.${mac(key, PURPOSE, text).toString('base64url')}`
  if (id.length > CLIENT_ID_MAX_LENGTH) {
    throw new OAuthError(
      'invalid_client_metadata',
      `The registration is too long by ${id.length - CLIENT_ID_MAX_LENGTH} characters: register fewer or shorter redirect_uris.`,
    )
  }
  return { ...metadata, client_id: id, source: 'registered', digest: digest(id) }
}

/** Opens a client_id; undefined when no key of ours made it. */
export function openClient(clientId: string, keyring: Keyring): Client | undefined {
  if (clientId.length > CLIENT_ID_MAX_LENGTH) return undefined
  const [version, keyId = '', text = '', tag = '', ...rest] = clientId.split('.')
  if (version !== VERSION || tag.length !== MAC_LENGTH || rest.length > 0) return undefined
  const key = keyring.find(keyId)
  if (!key || !isMac(mac(key, PURPOSE, text), tag)) return undefined
  const payload = JSON.parse(Buffer.from(text, 'base64url').toString()) as Payload
  const [name, token_endpoint_auth_method, redirect_uris, saltOrKeys, isMethodNamed] = payload
  return {
    client_id: clientId,
    source: 'registered',
    digest: digest(clientId),
    client_name: name || undefined,
    token_endpoint_auth_method,
    redirect_uris,
    ...(isMethodNamed === 1 && { isMethodNamed: true }),
    ...(token_endpoint_auth_method === 'private_key_jwt' && { jwks_uri: saltOrKeys }),
  }
}

/**
 * Whether an id looks like one of ours that a key in force would have made: then it opens, or it has
 * been tampered with. One that names another key may be from before that key was retired.
 */
export function isOfKeyInForce(clientId: string, keyring: Keyring): boolean {
  return keyring.find(keyIdOfClient(clientId)) !== undefined
}

/** The id of the key that a client_id names; empty where it is none of ours. */
export function keyIdOfClient(clientId: string): string {
  const [version, keyId = ''] = clientId.split('.', 2)
  return version === VERSION ? keyId : ''
}

/** The secret of a confidential client: a MAC of its id under the key that made the id. */
export function clientSecretOf(client: Client, keyring: Keyring): string {
  return secretMac(client, keyring).toString('base64url')
}

/** Whether a presented secret is the client's, in constant time. */
export function isClientSecret(client: Client, secret: string, keyring: Keyring): boolean {
  return isMac(secretMac(client, keyring), secret)
}

function secretMac(client: Client, keyring: Keyring): Buffer {
  const key = keyring.find(client.client_id.split('.')[1] ?? '') ?? keyring.current
  return mac(key, SECRET_PURPOSE, client.client_id)
}

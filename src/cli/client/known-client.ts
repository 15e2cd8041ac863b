import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import type { Environment } from '../env.ts'
import { UsageError } from '../exit-codes.ts'
import type { Credentials, Registration } from './credentials.ts'

/** A client that needs no registration: kept from an earlier sign-in, or named by the person. */
export type KnownClient = {
  readonly registration: Registration
  /** Where its redirect URI listens; 0 is any port (RFC 8252 §7.3). */
  readonly port: number
}

/** What the person may say about the client to sign in as. */
export type ClientOptions = {
  /** A client that the authorization server's operator has registered. */
  readonly clientId?: string | undefined
  /** Address of a Client ID Metadata Document, which is the client's id then. */
  readonly clientMetadataUrl?: string | undefined
}

/** The client that the person names, checked; its secret comes from the environment only. */
export function parseGivenClient(
  { clientId, clientMetadataUrl }: ClientOptions,
  env: Environment,
): Registration | undefined {
  if (clientMetadataUrl !== undefined) {
    const client_id = parseMetadataUrl(clientMetadataUrl)
    return { client_id, token_endpoint_auth_method: 'none', source: 'metadata-document' }
  }
  if (clientId === undefined) return undefined
  if (!/^[\x21-\x7e]{1,2048}$/.test(clientId)) {
    throw new UsageError('A client id is 1 to 2048 visible ASCII characters, without spaces.')
  }
  const secret = env.ENTRANCE_CLIENT_SECRET
  return {
    client_id: clientId,
    ...(secret && { client_secret: secret }),
    source: 'pre-registered',
  }
}

/** Client ID Metadata Documents §3: https with a path, and nothing that could be read two ways. */
function parseMetadataUrl(text: string): string {
  const url = URL.parse(text)
  const isPlain = url?.href === text && !url.username && !url.password && !text.includes('#')
  if (isPlain && url.protocol === 'https:' && url.pathname !== '/') return text
  throw new UsageError(
    `"${text}" is not the address of a client metadata document.`,
    'It is https with a path, as the document itself writes it in client_id.',
  )
}

/** The client to sign in as at this authorization server; none where it has to be registered. */
export function findKnownClient(
  kept: Credentials | undefined,
  given: Registration | undefined,
  metadata: AuthorizationServerMetadata,
  callbackPort: number | undefined,
): KnownClient | undefined {
  if (given && takesClient(metadata, given)) {
    return { registration: given, port: callbackPort ?? 0 }
  }
  if (!isUsable(kept, metadata.issuer)) return undefined
  const keptPort = Number(new URL(kept.redirectUri).port)
  const port = callbackPort ?? keptPort
  // Who registered itself did so with one port; what a person named may have another.
  if (port !== keptPort && !kept.registration.source) return undefined
  return { registration: kept.registration, port }
}

/**
 * Whether the person has used this registered client with another authorization server: an MCP
 * server that comes to name one of its own must not get the secret.
 */
export function isOfAnother(
  client: Registration,
  kept: Credentials | undefined,
  issuer: string,
): kept is Credentials {
  if (client.source !== 'pre-registered' || kept?.registration.source !== client.source)
    return false
  return kept.registration.client_id === client.client_id && kept.issuer !== issuer
}

/** Whether the client's id means something there: not every server fetches documents. */
export function takesClient(metadata: AuthorizationServerMetadata, client: Registration): boolean {
  if (client.source !== 'metadata-document') return true
  return metadata.client_id_metadata_document_supported === true
}

/** Whether what was registered before can serve again at this authorization server. */
function isUsable(kept: Credentials | undefined, issuer: string): kept is Credentials {
  if (kept?.issuer !== issuer) return false
  const end = kept.registration.client_secret_expires_at
  return !end || end > Date.now() / 1000
}

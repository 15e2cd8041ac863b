import type { Store, StoredRecord } from '../../stores/store.ts'
import type { Keyring } from '../keys/keyring.ts'
import { digest } from '../keys/mac.ts'
import { open, seal } from '../keys/sealed.ts'
import { CLIENT_ID_MAX_LENGTH, type Client, isOfKeyInForce } from './client.ts'
import { isLoopbackUri, isUsable, type RedirectPolicy, withoutPort } from './redirect-uri.ts'

/**
 * Clients that this server does not know, most often because it knew them under a key that is gone,
 * and that a person allowed as unverified applications. It gives nobody more than registering does:
 * anyone may register a loopback redirect URI. Off unless the operator asks for it.
 */
export type AdoptedClients = {
  /** The client, where a person has let it in before. */
  find(clientId: string): Promise<Client | undefined>
  /** The client as it would be; undefined where it may not be asked about. Nothing is stored. */
  adopt(clientId: string, redirectUri: string): Client | undefined
  /** Records it, once a person has signed in for it; false where that is no longer wanted. */
  record(clientDigest: string, redirectUri: string): Promise<boolean>
  /** Whether a client is recorded. */
  has(clientDigest: string): Promise<boolean>
}

export type AdoptedClientsOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly redirectPolicy: RedirectPolicy
  readonly registration: { readonly adopt: boolean }
  readonly grantMaxTtl: number
}

/** What the record of one client holds, sealed. */
type Adoption = {
  readonly createdAt: number
  /** Without their ports, the latest last. */
  readonly redirect_uris: readonly string[]
}

const PURPOSE = 'adopted client'

/** How many redirect URIs are kept of one client; then the oldest is forgotten. */
const MAX_REDIRECT_URIS = 8

export function createAdoptedClients(options: AdoptedClientsOptions): AdoptedClients {
  const { store, keyring, redirectPolicy: policy, registration } = options

  async function read(
    clientDigest: string,
  ): Promise<{ adoption: Adoption; version: number } | undefined> {
    const key = keyOf(clientDigest)
    const record = await store.get(key)
    const text = record && open(keyring, PURPOSE, record.value, key)
    return text === undefined
      ? undefined
      : { adoption: JSON.parse(text) as Adoption, version: (record as StoredRecord).version }
  }

  async function write(clientDigest: string, redirectUri: string): Promise<boolean> {
    const key = keyOf(clientDigest)
    const known = await read(clientDigest)
    const { createdAt = now(), redirect_uris = [] } = known?.adoption ?? {}
    const uri = withoutPort(redirectUri)
    const uris = [...redirect_uris.filter((other) => other !== uri), uri].slice(-MAX_REDIRECT_URIS)
    const value = seal(keyring, PURPOSE, JSON.stringify({ createdAt, redirect_uris: uris }), key)
    // The grant that comes of the sign-in can last as long, and needs its client.
    const record = { key, value, expiresAt: now() + options.grantMaxTtl, client: clientDigest }
    return known ? store.replace(record, known.version) : store.create(record)
  }

  return {
    async find(clientId) {
      if (!registration.adopt || !isAdoptable(clientId, keyring)) return undefined
      const known = await read(digest(clientId))
      return known && toClient(clientId, known.adoption.redirect_uris)
    },
    adopt(clientId, redirectUri) {
      if (!registration.adopt || !isAdoptable(clientId, keyring)) return undefined
      if (!isLoopbackUri(redirectUri) || !isUsable(redirectUri, policy)) return undefined
      return toClient(clientId, [withoutPort(redirectUri)])
    },
    async record(clientDigest, redirectUri) {
      if (!registration.adopt) return false
      // Two sign-ins that end at once: the second writes on top of what the first wrote.
      for (let tries = 0; tries < 5; tries++) {
        if (await write(clientDigest, redirectUri)) return true
        // A record under a key that is gone stands in the way of its successor.
        if (!(await read(clientDigest))) await store.delete(keyOf(clientDigest))
      }
      return false
    },
    has: async (clientDigest) => (await store.get(keyOf(clientDigest))) !== undefined,
  }
}

/**
 * Any id that could have been given out by somebody: no URL, for that is a client of its own kind,
 * and none with a key of ours in it that has been tampered with.
 */
function isAdoptable(clientId: string, keyring: Keyring): boolean {
  if (clientId.length > CLIENT_ID_MAX_LENGTH || /^[a-z][a-z0-9+.-]*:/i.test(clientId)) return false
  return /^[\x20-\x7e]+$/.test(clientId) && !isOfKeyInForce(clientId, keyring)
}

function toClient(clientId: string, redirect_uris: readonly string[]): Client {
  return {
    client_id: clientId,
    source: 'adopted',
    digest: digest(clientId),
    // What it calls itself, nobody has said.
    client_name: undefined,
    redirect_uris,
    token_endpoint_auth_method: 'none',
  }
}

function keyOf(clientDigest: string): string {
  return `client:${clientDigest}`
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

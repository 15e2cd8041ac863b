import { createHash, timingSafeEqual } from 'node:crypto'
import { digest } from '../keys/mac.ts'
import type { ConfiguredClient } from '../options.ts'
import type { Client } from './client.ts'
import { cleanName } from './client-metadata.ts'
import { parseKeySet } from './key-set.ts'

/** The clients that the operator named, by id. */
export type ConfiguredClients = {
  /** The client; undefined when none is named so, `disabled` when one is that is kept out. */
  find(clientId: string): Client | 'disabled' | undefined
  /** Whether a presented secret is one of the client's, in constant time. */
  isSecret(clientId: string, secret: string): boolean
}

export function createConfiguredClients(given: readonly ConfiguredClient[]): ConfiguredClients {
  const clients = new Map(given.map((client) => [client.client_id, toClient(client)]))
  const secrets = new Map(
    given.map((client) => [client.client_id, [client.client_secret ?? []].flat().map(sha256)]),
  )
  return {
    find: (clientId) => clients.get(clientId),
    isSecret(clientId, secret) {
      const presented = sha256(secret)
      // Every one is compared: how long it takes tells nothing.
      const matches = (secrets.get(clientId) ?? []).filter((one) => timingSafeEqual(one, presented))
      return matches.length > 0
    },
  }
}

function toClient(client: ConfiguredClient): Client | 'disabled' {
  const { client_id, client_name = '', token_endpoint_auth_method: method, redirect_uris } = client
  const { jwks, jwks_uri } = client
  if (client.disabled) return 'disabled'
  return {
    client_id,
    source: 'configured',
    digest: digest(client_id),
    client_name: cleanName(client_name) || undefined,
    redirect_uris,
    token_endpoint_auth_method: method ?? 'client_secret_basic',
    ...(method && { isMethodNamed: true }),
    ...(jwks && { jwks: parseKeySet(jwks) }),
    ...(jwks_uri !== undefined && { jwks_uri }),
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

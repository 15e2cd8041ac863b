import type { Log } from '../../log.ts'
import { OAuthError } from '../errors.ts'
import type { Client } from './client.ts'
import type { EgressBudget } from './egress-budget.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { type JsonWebKeySet, parseKeySet } from './key-set.ts'
import { createRemoteDocuments } from './remote-documents.ts'

/** The public keys that clients sign with. */
export type ClientKeys = {
  /** A client's keys, `maxAge` seconds old at most where that is given. Throws `OAuthError`. */
  find(client: Client, maxAge?: number): Promise<JsonWebKeySet>
  /** A person has let this client in: what strangers ask for is not to crowd its keys out. */
  keep(client: Client): void
}

export type ClientKeysOptions = {
  readonly clientDocuments: 'fetch' | 'pinned' | 'off'
  /** The hosts to fetch from; undefined: every public one. */
  readonly clientDocumentHosts: ReadonlySet<string> | undefined
  readonly fetch: GuardedFetch
  readonly budget: EgressBudget
  readonly log: Log
}

export function createClientKeys(options: ClientKeysOptions): ClientKeys {
  const { clientDocuments, clientDocumentHosts: hosts } = options
  const keySets = createRemoteDocuments<JsonWebKeySet>({
    name: "document at the client's jwks_uri,",
    fetch: options.fetch,
    budget: options.budget,
    parse: (_url, json) => parseKeySet(json),
    log: options.log,
  })

  return {
    async find({ jwks, jwks_uri: uri }, maxAge) {
      if (jwks) return jwks
      if (uri === undefined || clientDocuments !== 'fetch') throw new OAuthError(...NO_KEYS)
      if (hosts && !hosts.has(new URL(uri).hostname)) throw new OAuthError(...OTHER_HOST)
      return keySets.get(uri, maxAge)
    },
    keep({ jwks_uri: uri }) {
      if (uri !== undefined) keySets.keep(uri)
    },
  }
}

const NO_KEYS = [
  'invalid_client',
  "This server does not fetch clients' keys, and so cannot tell who signed the client_assertion.",
] as const

const OTHER_HOST = [
  'invalid_client',
  "The client's jwks_uri is at a host that this server does not fetch from; its operator can allow it (clientDocumentHosts).",
] as const

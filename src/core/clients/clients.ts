import { madeElsewhere } from '../errors.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { ConfiguredClient, RegistrationMode } from '../options.ts'
import {
  type AdoptedClients,
  type AdoptedClientsOptions,
  createAdoptedClients,
} from './adopted-clients.ts'
import { type Client, isClientSecret, keyIdOfClient, openClient } from './client.ts'
import { isDocumentId } from './client-document.ts'
import type { ClientKeys } from './client-keys.ts'
import { createConfiguredClients } from './configured-clients.ts'
import type { DocumentSource } from './document-source.ts'

/** Every client there is, by its id. */
export type Clients = {
  /**
   * The client; undefined when nobody of that id is let in here: {@link Clients.refusalOf} says why.
   * Throws `OAuthError` where the document that describes it cannot be used, or not at the moment,
   * and where other replicas have the key that it registered under.
   */
  find(clientId: string): Promise<Client | undefined>
  /** Why `find` gives nobody. */
  refusalOf(clientId: string): ClientRefusal
  /** Whether a presented secret is the client's, in constant time. */
  isSecret(client: Client, secret: string): boolean
  /** Clients that are not known here, and are let in by a person. */
  readonly adopted: AdoptedClients
  /** A person has let this client in: what strangers ask for is not to crowd it out of memory. */
  keep(client: Client): void
}

export type ClientRefusal = {
  /** `invalid_client` is for those who may register; the others must talk to the operator. */
  readonly code: 'invalid_client' | 'unauthorized_client'
  readonly text: string
}

export type ClientsOptions = AdoptedClientsOptions & {
  readonly keyring: Keyring
  readonly documents: DocumentSource
  readonly keys: ClientKeys
  readonly clients: readonly ConfiguredClient[]
  readonly registration: { readonly mode: RegistrationMode; readonly adopt: boolean }
}

export function createClients(options: ClientsOptions): Clients {
  const { keyring, registration, documents, keys } = options
  const configured = createConfiguredClients(options.clients)
  const adopted = createAdoptedClients(options)
  const isOff = registration.mode === 'off'

  return {
    async find(clientId) {
      const named = configured.find(clientId)
      if (named) return named === 'disabled' ? undefined : named
      // Judged now: a registration from better days is no exception.
      if (isOff) return undefined
      if (isDocumentId(clientId)) return documents.find(clientId)
      const known = openClient(clientId, keyring) ?? (await adopted.find(clientId))
      if (!known && keyring.isElsewhere(keyIdOfClient(clientId))) throw madeElsewhere()
      return known
    },
    refusalOf(clientId) {
      if (configured.find(clientId) === 'disabled') return DISABLED
      if (!isOff) return NOT_REGISTERED
      return openClient(clientId, keyring) ? NO_LONGER : NOT_NAMED
    },
    isSecret: (client, secret) =>
      client.source === 'configured'
        ? configured.isSecret(client.client_id, secret)
        : isClientSecret(client, secret, keyring),
    adopted: {
      ...adopted,
      // A client that the operator switched off is known, and does not come back as a stranger.
      adopt: (clientId, redirectUri) =>
        configured.find(clientId) ? undefined : adopted.adopt(clientId, redirectUri),
    },
    keep(client) {
      documents.keep(client)
      keys.keep(client)
    },
  }
}

const NOT_REGISTERED: ClientRefusal = {
  code: 'invalid_client',
  text: 'No client with this client_id is registered here. Register again at the registration_endpoint.',
}

const DISABLED: ClientRefusal = {
  code: 'unauthorized_client',
  text: 'The operator of this server has switched this client off.',
}

const NO_LONGER: ClientRefusal = {
  code: 'unauthorized_client',
  text: 'This client registered by itself, and this server no longer takes such clients. Its operator can name the client in the configuration.',
}

const NOT_NAMED: ClientRefusal = {
  code: 'unauthorized_client',
  text: 'This server takes only clients that its operator has named in the configuration, and no client with this client_id is one of them.',
}

/** What `/register` says where nobody may register; RFC 7591 §3.2.2 has no code for it. */
export const REGISTRATION_OFF =
  'This server takes no registrations. Ask its operator for a client_id, and enter that in the settings of the application.'

import type { Keyring } from '../keys/keyring.ts'
import { type Client, openClient } from './client.ts'
import { isDocumentId } from './client-document.ts'
import type { ClientKeys } from './client-keys.ts'
import type { DocumentSource } from './document-source.ts'

/** Every client there is, by its id. */
export type Clients = {
  /**
   * The client; undefined when nobody of that id is known here. Throws `OAuthError` where the
   * document that describes it cannot be used, or not at the moment.
   */
  find(clientId: string): Promise<Client | undefined>
  /** A person has let this client in: what strangers ask for is not to crowd it out of memory. */
  keep(client: Client): void
}

export type ClientsOptions = {
  readonly keyring: Keyring
  readonly documents: DocumentSource
  readonly keys: ClientKeys
}

export function createClients({ keyring, documents, keys }: ClientsOptions): Clients {
  return {
    find: async (clientId) =>
      isDocumentId(clientId) ? documents.find(clientId) : openClient(clientId, keyring),
    keep(client) {
      documents.keep(client)
      keys.keep(client)
    },
  }
}

import type { Keyring } from '../keys/keyring.ts'
import { type Client, openClient } from './client.ts'

/** Every client there is, by its id. */
export type Clients = {
  /** The client; undefined when nobody of that id is known here. */
  find(clientId: string): Promise<Client | undefined>
}

export type ClientsOptions = { readonly keyring: Keyring }

export function createClients({ keyring }: ClientsOptions): Clients {
  return {
    find: async (clientId) => openClient(clientId, keyring),
  }
}

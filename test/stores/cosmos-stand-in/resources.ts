import { createDocuments } from './documents.ts'
import type { Reply } from './items.ts'

export type Container = {
  readonly definition: Record<string, unknown>
  readonly documents: ReturnType<typeof createDocuments>
}

export type Account = ReturnType<typeof createAccount>

/** An account: its settings, its databases, their containers. */
export function createAccount() {
  const databases = new Map<string, Map<string, Container>>()

  const account = {
    consistency: 'BoundedStaleness',
    isMultiple: false,
    /** The token of Entra's that is taken in place of the key; undefined: the key is. */
    token: undefined as string | undefined,
    /** Whether databases and containers may be made. */
    mayCreate: true,
    databases,
    settings: () => ({
      id: 'account',
      userConsistencyPolicy: { defaultConsistencyLevel: account.consistency },
      enableMultipleWriteLocations: account.isMultiple,
      writableLocations: [],
      readableLocations: [],
    }),
    container: (database: string, id: string) => databases.get(database)?.get(id),
    /** Of `/dbs`, `/dbs/ID`, `/dbs/ID/colls` and `/dbs/ID/colls/ID`. */
    answer(method: string, path: readonly string[], body: string): Reply {
      const [, database = '', , id] = path
      if (method === 'GET' && path.length === 2) return found(databases.get(database))
      if (method === 'GET' && path.length === 4) {
        return found(account.container(database, id ?? '')?.definition)
      }
      if (method !== 'POST') return { status: 405, headers: {}, body: { message: 'Not that.' } }
      if (!account.mayCreate) return { status: 403, headers: {}, body: { message: 'Forbidden.' } }
      const definition = JSON.parse(body) as { id: string }
      if (path.length === 1) return create(databases, definition, new Map())
      return create(databases.get(database), definition, toContainer(definition))
    },
  }
  return account
}

function toContainer(definition: Record<string, unknown>): Container {
  return {
    definition,
    documents: createDocuments(() => definition.defaultTtl as number | undefined),
  }
}

function create<T>(place: Map<string, T> | undefined, { id }: { id: string }, made: T): Reply {
  if (!place) return { status: 404, headers: {}, body: { message: 'No such database.' } }
  if (place.has(id)) return { status: 409, headers: {}, body: { message: 'There is one.' } }
  place.set(id, made)
  return { status: 201, headers: {}, body: { id } }
}

function found(resource: unknown): Reply {
  if (resource === undefined) return { status: 404, headers: {}, body: { message: 'Absent.' } }
  return { status: 200, headers: {}, body: resource instanceof Map ? {} : resource }
}

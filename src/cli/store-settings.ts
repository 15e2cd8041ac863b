import { join } from 'node:path'
import type { ConfigProblem } from '../core/errors.ts'
import type { Store } from '../index.ts'
import { sqliteStore } from '../stores/sqlite.ts'
import { openFile } from './file-problems.ts'

/** Where grants live, by `ENTRANCE_STORE`. */
export type StoreSettings =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: SharedKind; readonly url: string; readonly key?: string | undefined }

type SharedKind = 'redis' | 'postgres' | 'cosmos'

/** What a store's address begins with. */
const SCHEMES: ReadonlyMap<string, SharedKind> = new Map([
  ['postgres:', 'postgres'],
  ['postgresql:', 'postgres'],
  ['redis:', 'redis'],
  ['rediss:', 'redis'],
  ['redis+cluster:', 'redis'],
  ['rediss+cluster:', 'redis'],
  ['redis+sentinel:', 'redis'],
  ['rediss+sentinel:', 'redis'],
  ['cosmos:', 'cosmos'],
])

const KINDS =
  'Write sqlite: and the path of a file, redis://:PASSWORD@HOST:6379, postgres://USER:PASSWORD@HOST:5432/DATABASE or cosmos:https://ACCOUNT.documents.azure.com, or leave it out for a file in the data folder: docs/storage.md.'

/** The store that a text such as `sqlite:FILE` names; the key is that of a Cosmos DB account. */
export function resolveStore(
  text: string | undefined,
  data: string,
  problems: ConfigProblem[],
  key?: string,
): StoreSettings {
  const embedded = { kind: 'sqlite', path: join(data, 'entrance.db') } as const
  if (!text) return embedded
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0]
  if (scheme === 'sqlite:' && text.length > scheme.length) {
    return { kind: 'sqlite', path: text.slice(scheme.length) }
  }
  const kind = SCHEMES.get(scheme ?? '')
  if (kind === 'cosmos') return { kind, url: text, key }
  if (kind) return { kind, url: text }
  problems.push({
    option: 'ENTRANCE_STORE',
    // Whatever stands behind the scheme may be a password.
    problem:
      scheme === 'sqlite:'
        ? 'names no file.'
        : `${scheme ?? 'what was given'} is not a store of this version.`,
    cure: KINDS,
  })
  return embedded
}

/** Opens a store to look at it: nothing is made or changed. Throws `ConfigError`. */
export async function openStoreToLook(settings: StoreSettings): Promise<Store> {
  if (settings.kind !== 'sqlite') return openStore(settings)
  const open = (path: string) => sqliteStore(path, { isReadOnly: true })
  return openFile('ENTRANCE_STORE', settings.path, open)
}

/** Opens the store; its driver is loaded only where it is used. Throws `ConfigError`. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  if (settings.kind === 'sqlite') return openFile('ENTRANCE_STORE', settings.path, sqliteStore)
  if (settings.kind === 'redis') {
    const { redisStore } = await import('../stores/redis.ts')
    return redisStore(settings.url)
  }
  if (settings.kind === 'postgres') {
    const { postgresStore } = await import('../stores/postgres.ts')
    return postgresStore(settings.url)
  }
  if (settings.kind === 'cosmos') {
    const { cosmosStore } = await import('../stores/cosmos.ts')
    return cosmosStore(settings.url, { key: settings.key })
  }
  throw new Error(`There is no store ${settings.kind}.`)
}

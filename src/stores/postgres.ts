import { postgresDatabase } from './postgres/database.ts'
import { listenForRevocations } from './postgres/listen.ts'
import { MIGRATIONS, PAGE_ROWS, statementsOf } from './postgres/statements.ts'
import type { Revocation, Store, StoredRecord } from './store.ts'

export type { PostgresAddress } from './postgres/address.ts'
export {
  type PostgresDatabase,
  type PostgresDatabaseOptions,
  type PostgresResult,
  postgresDatabase,
  UnansweredError,
} from './postgres/database.ts'
export type { Migrations } from './postgres/schema.ts'

const OPTION = 'ENTRANCE_STORE'

/**
 * A store in PostgreSQL 14 or newer, for any number of replicas: `postgres://USER:PASSWORD@HOST/DATABASE`,
 * with `?schema=` and `?connections=` as may be. Needs the package `pg`. Throws `ConfigError`.
 */
export function postgresStore(url: string): Store {
  const database = postgresDatabase(url, { option: OPTION, migrations: MIGRATIONS })
  const { address } = database
  const statements = statementsOf(address.schema)
  const ends = new Set<() => void>()
  const seconds = () => Math.floor(Date.now() / 1000)
  const run = (text: string, values: readonly unknown[]) => database.query<Row>(text, values)

  async function write(text: string, values: readonly unknown[]): Promise<boolean> {
    return (await run(text, values)).rowCount === 1
  }

  return {
    name: address.name,
    isShared: true,
    connect: database.connect,
    check: database.check,
    async inspect() {
      const schema = await database.version()
      if (schema === 0) return { expired: 0, schema }
      const { rows } = await database.query<{ count: string }>(statements.countExpired, [seconds()])
      return { expired: Number(rows[0]?.count), schema }
    },
    async get(key) {
      const [row] = (await run(statements.get, [key, seconds()])).rows
      return row && toRecord(row)
    },
    create: ({ key, value, expiresAt, person = null, client = null }) =>
      write(statements.create, [key, value, expiresAt, person, client, seconds()]),
    async createAll(given) {
      const column = (name: keyof (typeof given)[number]) => given.map((record) => record[name])
      const columns = [column('key'), column('value'), column('expiresAt')]
      const owners = [column('person'), column('client')]
      const { rows } = await run(statements.createAll, [...columns, ...owners, seconds()])
      const created = new Set(rows.map(({ key }) => key))
      return given.map(({ key }) => created.has(key))
    },
    replace: ({ key, value, expiresAt, person = null, client = null }, version) =>
      write(statements.replace, [key, value, expiresAt, person, client, version, seconds()]),
    async delete(key) {
      await run(statements.delete, [key])
    },
    async list({ person }) {
      return (await run(statements.listByPerson, [person, seconds()])).rows.map(toRecord)
    },
    async page({ prefix, client, after = '', limit }) {
      const { rows } =
        client === undefined
          ? await run(statements.page, [prefix, after, limit])
          : await run(statements.pageOfClient, [prefix, after, limit, client])
      const records = rows.map(toRecord).filter(({ expiresAt }) => expiresAt > seconds())
      return { records, next: rows.length < limit ? undefined : rows.at(-1)?.key }
    },
    async revoke({ kind, id, issuedUntil, expiresAt }) {
      await run(statements.revoke, [kind, id, issuedUntil, expiresAt, seconds()])
    },
    async revocations(cursor = '0') {
      const { rows } = await run(statements.revocations, [cursor])
      return {
        revocations: rows.map(toRevocation).filter(({ expiresAt }) => expiresAt > seconds()),
        cursor: String(rows.at(-1)?.seq ?? cursor),
        isMore: rows.length === PAGE_ROWS,
      }
    },
    watch(onRevoked) {
      const end = listenForRevocations(address, OPTION, onRevoked)
      ends.add(end)
      return () => {
        ends.delete(end)
        end()
      }
    },
    async close() {
      for (const end of ends) end()
      await database.close()
    },
  }
}

/** As the driver gives them: what is 64 bits wide comes as a text. */
type Row = {
  readonly [Name in
    | 'key'
    | 'value'
    | 'version'
    | 'expires_at'
    | 'seq'
    | 'kind'
    | 'id'
    | 'issued_until']: string
} & { readonly person: string | null; readonly client: string | null }

function toRecord(row: Row): StoredRecord {
  return {
    key: row.key,
    value: row.value,
    version: Number(row.version),
    expiresAt: Number(row.expires_at),
    person: row.person ?? undefined,
    client: row.client ?? undefined,
  }
}

function toRevocation(row: Row): Revocation {
  return {
    kind: row.kind as Revocation['kind'],
    id: row.id,
    issuedUntil: Number(row.issued_until),
    expiresAt: Number(row.expires_at),
  }
}

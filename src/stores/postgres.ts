import type { Pool } from 'pg'
import { ConfigError } from '../index.ts'
import { readAddress } from './postgres/address.ts'
import { explainConnection } from './postgres/connection-errors.ts'
import { listenForRevocations } from './postgres/listen.ts'
import { migrate, versionOf } from './postgres/migrations.ts'
import { openPool } from './postgres/pool.ts'
import { MIGRATIONS, statementsOf } from './postgres/statements.ts'
import type { Revocation, Store, StoredRecord, StoreFinding } from './store.ts'

/** The oldest release that is tested, as `server_version_num` has it. */
const MIN_VERSION = 140_000

const OPTION = 'ENTRANCE_STORE'

/**
 * A store in PostgreSQL 14 or newer, for any number of replicas: `postgres://USER:PASSWORD@HOST/DATABASE`,
 * with `?schema=` and `?connections=` as may be. Needs the package `pg`. Throws `ConfigError`.
 */
export function postgresStore(url: string): Store {
  const address = readAddress(url, OPTION)
  const statements = statementsOf(address.schema)
  let opening: Promise<Pool> | undefined
  let isClosed = false
  const ends = new Set<() => void>()
  const seconds = () => Math.floor(Date.now() / 1000)

  async function pool(): Promise<Pool> {
    if (isClosed) throw new Error('The store is closed.')
    opening ??= openPool(address, OPTION)
    return opening
  }

  const run = async (text: string, values: readonly unknown[]) =>
    (await pool()).query<Row>(text, [...values])

  async function write(text: string, values: readonly unknown[]): Promise<boolean> {
    return (await run(text, values)).rowCount === 1
  }

  /** For what is called before anything else: says what no waiting mends. */
  async function explained<T>(work: (opened: Pool) => Promise<T>): Promise<T> {
    try {
      return await work(await pool())
    } catch (error) {
      throw explainConnection(error, address.name, OPTION)
    }
  }

  return {
    name: address.name,
    isShared: true,
    connect: () =>
      explained(async (opened) => {
        const fault = (await findFaults(opened)).find(({ severity }) => severity === 'error')
        if (fault) throw new ConfigError([{ option: OPTION, ...fault }])
        await migrate(opened, { schema: address.schema, migrations: MIGRATIONS }, OPTION)
      }),
    check: () =>
      explained(async (opened) => {
        const version = await versionOf(opened, address.schema)
        const differs = version === MIGRATIONS.length ? [] : [schemaFinding(version)]
        return [...(await findFaults(opened)), ...differs]
      }),
    inspect: () =>
      explained(async (opened) => {
        const schema = await versionOf(opened, address.schema)
        if (schema === 0) return { expired: 0, schema }
        const { rows } = await opened.query(statements.countExpired, [seconds()])
        return { expired: Number(rows[0]?.count), schema }
      }),
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
    async list(by) {
      const { rows } =
        'person' in by
          ? await run(statements.listByPerson, [by.person, seconds()])
          : await run(statements.listByClient, [by.client, seconds()])
      return rows.map(toRecord)
    },
    async page({ prefix, after = '', limit }) {
      const { rows } = await run(statements.page, [prefix, after, seconds(), limit])
      const records = rows.map(toRecord)
      return { records, next: records.length < limit ? undefined : records.at(-1)?.key }
    },
    async revoke({ kind, id, issuedUntil, expiresAt }) {
      await run(statements.revoke, [kind, id, issuedUntil, expiresAt, seconds()])
    },
    async revocations(cursor = '0') {
      const { rows } = await run(statements.revocations, [cursor, seconds()])
      return { revocations: rows.map(toRevocation), cursor: String(rows.at(-1)?.seq ?? cursor) }
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
      if (isClosed) return
      isClosed = true
      for (const end of ends) end()
      await (await opening?.catch(() => undefined))?.end()
    },
  }
}

/** What of the server stands against the promises. */
async function findFaults(pool: Pool): Promise<StoreFinding[]> {
  const { rows } = await pool.query(`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS named,
      current_setting('synchronous_commit') AS synchronous, current_setting('fsync') AS fsync,
      pg_is_in_recovery() AS standby`)
  const { version, named, synchronous, fsync, standby } = rows[0]
  // It may be about to take over: that passes.
  if (standby) throw new Error('The PostgreSQL server is a standby, which takes no writes.')
  const findings: StoreFinding[] = []
  if (version < MIN_VERSION)
    findings.push(
      finding(
        'error',
        `is PostgreSQL ${named}; 14 or newer is expected.`,
        'Update the server, or name another one.',
      ),
    )
  if (synchronous === 'off')
    findings.push(
      finding(
        'error',
        'answers before it has written (synchronous_commit is off): a crash would take back what was confirmed.',
        'Let an administrator run: ALTER ROLE <user> SET synchronous_commit = on;',
      ),
    )
  if (fsync === 'off')
    findings.push(
      finding(
        'warning',
        'does not wait for its disk (fsync is off): a power failure can take back what was confirmed, or damage everything.',
        'Set fsync = on in postgresql.conf.',
      ),
    )
  return findings
}

function finding(severity: StoreFinding['severity'], problem: string, cure: string): StoreFinding {
  return { severity, problem, cure }
}

function schemaFinding(version: number): StoreFinding {
  const problem = `has its schema at version ${version}; ${MIGRATIONS.length} is expected.`
  const cure =
    version < MIGRATIONS.length
      ? 'Run: entrance store migrate'
      : 'Use the release that wrote it, or a later one.'
  return finding('error', problem, cure)
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

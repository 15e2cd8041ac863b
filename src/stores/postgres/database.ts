import type { Pool, PoolClient } from 'pg'
import { ConfigError } from '../../index.ts'
import type { StoreFinding } from '../store.ts'
import { type PostgresAddress, readAddress } from './address.ts'
import { explainConnection, unreached } from './connection-errors.ts'
import { findFaults, findInTransport } from './faults.ts'
import { migrate, versionOf } from './migrations.ts'
import { connectionConfig, loadDriver, openPool } from './pool.ts'
import type { Migrations } from './schema.ts'

export type PostgresDatabaseOptions = {
  /** What its address is called in errors. */
  readonly option: string
  readonly migrations: Migrations
  /** The table that counts them, beside those of others in the same schema. @default 'migrations' */
  readonly journal?: string
}

/** What a statement gave. The package `pg` has no types of its own, so none of theirs are shown. */
export type PostgresResult<Row> = {
  readonly rows: Row[]
  /** How many rows it gave or changed; null where it is about none. */
  readonly rowCount: number | null
}

/** Tables of one's own in PostgreSQL 14 or newer, kept up to date by migrations. */
export type PostgresDatabase = {
  readonly address: PostgresAddress
  /** Connects, looks at the server and migrates: a `ConfigError` is for good, all else may pass. */
  connect(): Promise<void>
  /** What stands against a store's promises. */
  check(): Promise<readonly StoreFinding[]>
  /** The last migration that was run; 0 where there is none. */
  version(): Promise<number>
  /**
   * Runs one statement. An `UnansweredError` leaves open whether it was done; any other rejection
   * means that it was not.
   */
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<PostgresResult<Row>>
  close(): Promise<void>
}

/** A statement was sent, and what became of it is not known. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError'
}

/**
 * The database at `postgres://USER:PASSWORD@HOST/DATABASE`, with `?schema=` and `?connections=` as
 * may be. Needs the package `pg`. Throws `ConfigError`.
 */
export function postgresDatabase(url: string, options: PostgresDatabaseOptions): PostgresDatabase {
  const { option, migrations, journal = 'migrations' } = options
  const address = readAddress(url, option)
  const schema = { name: address.schema, journal }
  let opening: Promise<Pool> | undefined
  let isClosed = false

  async function pool(): Promise<Pool> {
    if (isClosed) throw new Error('The store is closed.')
    opening ??= openPool(address, option)
    return opening
  }

  /** For what is called before anything else: says what no waiting mends. */
  async function explained<T>(work: (opened: Pool) => Promise<T>): Promise<T> {
    try {
      return await work(await pool())
    } catch (error) {
      throw explainConnection(error, address.name, option)
    }
  }

  return {
    address,
    connect: () =>
      explained(async (opened) => {
        const fault = (await findFaults(opened)).find(({ severity }) => severity === 'error')
        if (fault) throw new ConfigError([{ option, ...fault }])
        await migrate(opened, { schema, migrations }, option)
      }),
    check: () =>
      explained(async (opened) => {
        const version = await versionOf(opened, schema)
        const differs =
          version === migrations.length ? [] : [schemaFinding(version, migrations.length)]
        const { Client } = await loadDriver(option)
        const transport = findInTransport(new Client(connectionConfig(address)))
        return [...(await findFaults(opened)), ...transport, ...differs]
      }),
    version: () => explained((opened) => versionOf(opened, schema)),
    query: async (text, values) => run(await pool(), address.name, [text, values]),
    async close() {
      if (isClosed) return
      isClosed = true
      await (await opening?.catch(() => undefined))?.end()
    },
  }
}

async function run<Row extends object>(
  pool: Pool,
  name: string,
  [text, values]: readonly [string, readonly unknown[]],
): Promise<PostgresResult<Row>> {
  // Where no connection comes about, nothing is sent.
  const client = await pool.connect().catch((error) => {
    throw unreached(error, name)
  })
  try {
    const result = await client.query<Row>(text, [...values])
    client.release()
    return result
  } catch (error) {
    const isRefused = await isTakenBack(error, client)
    client.release(!isRefused)
    if (isRefused) throw error
    throw new UnansweredError(error instanceof Error ? error.message : String(error))
  }
}

/**
 * A session that goes on after an error has taken back what it was doing; one that ends may have done
 * it. Which it is, the error says in the server's language only.
 */
async function isTakenBack(error: unknown, client: PoolClient): Promise<boolean> {
  const isOfServer = typeof (error as { severity?: unknown }).severity === 'string'
  if (!isOfServer) return false
  return client.query('SELECT 1').then(
    () => true,
    () => false,
  )
}

function schemaFinding(version: number, expected: number): StoreFinding {
  const problem = `has its schema at version ${version}; ${expected} is expected.`
  const cure =
    version < expected
      ? 'Run: entrance store migrate'
      : 'Use the release that wrote it, or a later one.'
  return { severity: 'error', problem, cure }
}

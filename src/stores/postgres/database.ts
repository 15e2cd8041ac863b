import type { Pool, QueryResult, QueryResultRow } from 'pg'
import { ConfigError } from '../../index.ts'
import type { StoreFinding } from '../store.ts'
import { type PostgresAddress, readAddress } from './address.ts'
import { explainConnection, unreached } from './connection-errors.ts'
import { findFaults } from './faults.ts'
import { type Migrations, migrate, versionOf } from './migrations.ts'
import { openPool } from './pool.ts'

export type PostgresDatabaseOptions = {
  /** What its address is called in errors. */
  readonly option: string
  readonly migrations: Migrations
  /** The table that counts them, beside those of others in the same schema. @default 'migrations' */
  readonly journal?: string
}

/** Tables of one's own in PostgreSQL 14 or newer, kept up to date by migrations. */
export type PostgresDatabase = {
  readonly address: PostgresAddress
  /** Connects, looks at the server and migrates: a `ConfigError` is for good, all else may pass. */
  connect(): Promise<void>
  /** What stands against a store's promises. */
  check(): Promise<readonly StoreFinding[]>
  /**
   * Runs one statement. An `UnansweredError` leaves open whether it was done; any other rejection
   * means that it was not.
   */
  query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<QueryResult<Row>>
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

  return {
    address,
    async connect() {
      try {
        const opened = await pool()
        const fault = (await findFaults(opened)).find(({ severity }) => severity === 'error')
        if (fault) throw new ConfigError([{ option, ...fault }])
        await migrate(opened, { schema, migrations }, option)
      } catch (error) {
        throw explainConnection(error, address.name, option)
      }
    },
    async check() {
      try {
        const opened = await pool()
        const version = await versionOf(opened, schema)
        const behind =
          version === migrations.length ? [] : [schemaFinding(version, migrations.length)]
        return [...(await findFaults(opened)), ...behind]
      } catch (error) {
        throw explainConnection(error, address.name, option)
      }
    },
    query: async (text, values) => run(await pool(), address.name, [text, values]),
    async close() {
      if (isClosed) return
      isClosed = true
      await (await opening?.catch(() => undefined))?.end()
    },
  }
}

async function run<Row extends QueryResultRow>(
  pool: Pool,
  name: string,
  [text, values]: readonly [string, readonly unknown[]],
): Promise<QueryResult<Row>> {
  // Where no connection comes about, nothing is sent.
  const client = await pool.connect().catch((error) => {
    throw unreached(error, name)
  })
  try {
    const result = await client.query<Row>(text, [...values])
    client.release()
    return result
  } catch (error) {
    // By an ERROR the server says that it has taken all back; anything worse ends the connection.
    const isRefused = (error as { severity?: string }).severity === 'ERROR'
    client.release(!isRefused)
    if (isRefused) throw error
    throw new UnansweredError(error instanceof Error ? error.message : String(error))
  }
}

function schemaFinding(version: number, expected: number): StoreFinding {
  const problem = `has its schema at version ${version}; ${expected} is expected.`
  return { severity: 'error', problem, cure: 'Run: entrance store migrate' }
}

import type { Pool, PoolClient } from 'pg'
import { ConfigError } from '../../index.ts'
import type { Migrations, Schema } from './schema.ts'

/** How long one migration may take, in milliseconds: there may be much already. */
const MIGRATION_TIMEOUT = 3_600_000

/** Of all advisory locks, those of this product: the letters ENTR as a number. */
export const LOCK_SPACE = 0x454e5452

/**
 * Brings a schema up to date. Of several replicas that start together one does it, and the others
 * wait for it; a schema of a later release is refused.
 */
export async function migrate(
  pool: Pool,
  { schema, migrations }: { readonly schema: Schema; readonly migrations: Migrations },
  option: string,
): Promise<void> {
  // A replica that finds all done holds up nobody, and needs no right to make anything.
  if ((await versionOf(pool, schema)) === migrations.length) return
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_SPACE, schema.name])
    const version = await versionOf(client, schema)
    if (version > migrations.length) throw tooNew(schema, version, migrations.length, option)
    if (version === 0) await begin(client, schema)
    for (const [i, migration] of migrations.entries()) {
      if (i < version) continue
      const statement = { text: migration(schema.name), query_timeout: MIGRATION_TIMEOUT }
      await client.query(statement)
      await client.query(`INSERT INTO ${nameOf(schema)} (version) VALUES ($1)`, [i + 1])
    }
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    // Closed, it rolls back what it was doing.
    client.release(true)
    throw error
  }
}

/** The last migration that was run; 0 where there is none. */
export async function versionOf(client: Pool | PoolClient, schema: Schema): Promise<number> {
  // Asked as tables are: to_regclass may answer from before the lock was waited for.
  const { rowCount } = await client.query(
    'SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = $2',
    [schema.name, schema.journal],
  )
  if (rowCount === 0) return 0
  const found = await client.query(
    `SELECT coalesce(max(version), 0) AS version FROM ${nameOf(schema)}`,
  )
  return Number(found.rows[0]?.version)
}

async function begin(client: PoolClient, schema: Schema): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [schema.name],
  )
  // A schema that an administrator has made needs no right to the database.
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema.name}`)
  await client.query(
    `CREATE TABLE ${nameOf(schema)} (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`,
  )
}

function nameOf({ name, journal }: Schema): string {
  return `${name}.${journal}`
}

function tooNew(
  { name, journal }: Schema,
  version: number,
  known: number,
  option: string,
): ConfigError {
  const problem = `has ${journal} of the schema ${name} at version ${version}; this release knows ${known}.`
  const cure = 'Start the release that wrote it, or a later one; or name another ?schema=.'
  return new ConfigError([{ option, problem, cure }])
}

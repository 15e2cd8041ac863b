import type { Pool, PoolClient } from 'pg'
import { ConfigError } from '../../index.ts'

/** The schema's changes, in order; one that was released is never changed. */
export type Migrations = readonly ((schema: string) => string)[]

/** Of all advisory locks, those of this product: the letters ENTR as a number. */
export const LOCK_SPACE = 0x454e5452

/**
 * Brings a schema up to date. Of several replicas that start together one does it, and the others
 * wait for it; a schema of a later release is refused.
 */
export async function migrate(
  pool: Pool,
  { schema, migrations }: { readonly schema: string; readonly migrations: Migrations },
  option: string,
): Promise<void> {
  // A replica that finds all done holds up nobody, and needs no right to make anything.
  if ((await versionOf(pool, schema)) === migrations.length) return
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_SPACE, schema])
    const version = await versionOf(client, schema)
    if (version > migrations.length) throw tooNew(schema, version, migrations.length, option)
    if (version === 0) await begin(client, schema)
    for (const [i, migration] of migrations.entries()) {
      if (i < version) continue
      await client.query(migration(schema))
      await client.query(`INSERT INTO ${schema}.migrations (version) VALUES ($1)`, [i + 1])
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
export async function versionOf(client: Pool | PoolClient, schema: string): Promise<number> {
  // Asked as tables are: to_regclass may answer from before the lock was waited for.
  const { rowCount } = await client.query(
    "SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migrations'",
    [schema],
  )
  if (rowCount === 0) return 0
  const found = await client.query(
    `SELECT coalesce(max(version), 0) AS version FROM ${schema}.migrations`,
  )
  return Number(found.rows[0]?.version)
}

async function begin(client: PoolClient, schema: string): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [schema],
  )
  // A schema that an administrator has made needs no right to the database.
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`)
  await client.query(
    `CREATE TABLE ${schema}.migrations (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`,
  )
}

function tooNew(schema: string, version: number, known: number, option: string): ConfigError {
  const problem = `has the schema ${schema} at version ${version}; this release knows ${known}.`
  const cure = 'Start the release that wrote it, or a later one; or name another ?schema=.'
  return new ConfigError([{ option, problem, cure }])
}

import { LOCK_SPACE } from './migrations.ts'
import type { Migrations } from './schema.ts'

/** Keys are compared byte by byte, whatever the database's language. */
export const MIGRATIONS: Migrations = [
  (schema) => `
    CREATE TABLE ${schema}.records (
      key text COLLATE "C" PRIMARY KEY,
      value text NOT NULL,
      version bigint NOT NULL,
      expires_at bigint NOT NULL,
      person text COLLATE "C",
      client text COLLATE "C"
    );
    CREATE INDEX records_expiry ON ${schema}.records (expires_at);
    CREATE INDEX records_person ON ${schema}.records (person) WHERE person IS NOT NULL;
    CREATE INDEX records_client ON ${schema}.records (client, key) WHERE client IS NOT NULL;
    CREATE TABLE ${schema}.revocations (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL,
      id text NOT NULL,
      issued_until bigint NOT NULL,
      expires_at bigint NOT NULL
    );
    CREATE INDEX revocations_expiry ON ${schema}.revocations (expires_at);`,
]

/** How many expired rows one write clears away. */
const SWEEP_ROWS = 4

/** How many revocations one page has at most. */
export const PAGE_ROWS = 1000

/** The channel on which replicas tell each other that something was revoked. */
export function channelOf(schema: string): string {
  return `entrance_revoked_${schema}`
}

/** The statements over one schema. */
export function statementsOf(schema: string) {
  const records = `${schema}.records`
  const revocations = `${schema}.revocations`
  const columns = 'key, value, version, expires_at, person, client'
  // What has expired is left out afterwards: a step looks at no more rows than it may give.
  const page = `
    SELECT ${columns} FROM ${records}
    WHERE key >= $1 AND key < $1 || chr(1114111) AND starts_with(key, $1) AND key > $2`
  return {
    get: `SELECT ${columns} FROM ${records} WHERE key = $1 AND expires_at > $2`,
    countExpired: `SELECT count(*) AS count FROM ${records} WHERE expires_at <= $1`,
    // The dead that others are clearing away are left to them: nobody waits for anybody. They are
    // found by their order, in the index: where most are dead, the table itself looks as near.
    create: `
      WITH swept AS (
        DELETE FROM ${records} WHERE key IN (
          SELECT key FROM ${records} WHERE expires_at <= $6 AND key <> $1
          ORDER BY expires_at LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED))
      INSERT INTO ${records} AS r (${columns}) VALUES ($1, $2, 1, $3, $4, $5)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1,
        expires_at = excluded.expires_at, person = excluded.person, client = excluded.client
      WHERE r.expires_at <= $6`,
    // Nothing is swept here: what comes after does.
    createAll: `
      INSERT INTO ${records} AS r (${columns})
      SELECT key, value, 1, expires_at, person, client
      FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
        AS given (key, value, expires_at, person, client)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1,
        expires_at = excluded.expires_at, person = excluded.person, client = excluded.client
      WHERE r.expires_at <= $6 RETURNING key`,
    replace: `
      UPDATE ${records} SET value = $2, version = version + 1, expires_at = $3, person = $4, client = $5
      WHERE key = $1 AND version = $6 AND expires_at > $7`,
    delete: `DELETE FROM ${records} WHERE key = $1`,
    listByPerson: `SELECT ${columns} FROM ${records} WHERE person = $1 AND expires_at > $2`,
    page: `${page} ORDER BY key LIMIT $3`,
    pageOfClient: `${page} AND client = $4 ORDER BY client, key LIMIT $3`,
    // One at a time: numbers that were taken in order are seen in order, and no reader's cursor
    // passes over one that is still being written.
    revoke: `
      WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(${LOCK_SPACE}, hashtext('${channelOf(schema)}'))),
      swept AS (
        DELETE FROM ${revocations} WHERE seq IN (
          SELECT seq FROM ${revocations} WHERE expires_at <= $5
          ORDER BY expires_at LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED)),
      told AS (
        INSERT INTO ${revocations} (kind, id, issued_until, expires_at)
        SELECT $1, $2, $3, $4 FROM turn RETURNING seq)
      SELECT pg_notify('${channelOf(schema)}', '') FROM told`,
    // A cursor beyond the last number is from before a restore or a lossy fail-over: all is read anew.
    // The last row stays until a later one is there, for only the writing of one clears others away.
    revocations: `
      SELECT seq, kind, id, issued_until, expires_at FROM ${revocations}
      WHERE seq > (
        SELECT CASE WHEN $1 > coalesce(max(seq), 0) THEN 0 ELSE $1 END FROM ${revocations})
      ORDER BY seq LIMIT ${PAGE_ROWS}`,
  }
}

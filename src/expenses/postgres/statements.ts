import { MAX_DELETIONS } from '../expense-store.ts'
import { COLUMNS } from './reading.ts'

// Whatever the server is set to, it answers when the change is on its disk.
const DURABLE = `durable AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true))`

const FIELDS = `date, minor_units, currency, category, description, payment_method, created, version,
  folded`

/** The values of `FIELDS` from $4 on; before them are id, tid and oid. */
const VALUES = '$4::date, $5::bigint, $6, $7, $8, $9, $10::timestamptz, $11::integer, $12'

/** What changes expenses, in a schema. */
export function statementsOf(schema: string) {
  const expenses = `${schema}.expenses`
  const deleted = `${schema}.expenses_deleted`
  const insert = `INSERT INTO ${expenses} AS e (id, tid, oid, ${FIELDS})
    SELECT $1::uuid, $2, $3, ${VALUES} FROM durable`
  const remember = (version: string) => `
    remembered AS (
      INSERT INTO ${deleted} (id, tid, oid, version) SELECT id, $2, $3, ${version} FROM gone
      ON CONFLICT (id) DO UPDATE SET version = excluded.version
    ), forgotten AS (
      DELETE FROM ${deleted} WHERE seq IN (SELECT seq FROM ${deleted}
        WHERE tid = $2 AND oid = $3 ORDER BY seq DESC OFFSET ${MAX_DELETIONS})
    )`
  return {
    // One that was deleted is not stored again by a repetition that was under way all the while.
    add: `
      WITH ${DURABLE} ${insert}
      WHERE NOT EXISTS (SELECT FROM ${deleted} WHERE id = $1)
        AND (SELECT coalesce(sum(count), 0) FROM ${schema}.expenses_total
          WHERE tid = $2 AND oid = $3) < $13
      ON CONFLICT (id) DO NOTHING`,
    isKnown: `
      SELECT FROM ${expenses} WHERE id = $1 UNION ALL SELECT FROM ${deleted} WHERE id = $1`,
    // Of two changes at one time the second finds another version, and is made anew.
    update: `
      WITH ${DURABLE} UPDATE ${expenses} AS e SET (${FIELDS}) = ROW(${VALUES}) FROM durable
      WHERE id = $1 AND tid = $2 AND oid = $3 AND version = $11::integer - 1`,
    delete: `
      WITH ${DURABLE}, gone AS (
        DELETE FROM ${expenses} AS e USING durable WHERE id = $1 AND tid = $2 AND oid = $3
        RETURNING ${COLUMNS}
      ), ${remember('version')} SELECT * FROM gone`,
    put: `
      WITH ${DURABLE} ${insert}
      WHERE NOT EXISTS (SELECT FROM ${deleted} WHERE id = $1 AND version >= $11::integer)
      ON CONFLICT (id) DO UPDATE SET (${FIELDS}) = ROW(${VALUES})
        WHERE e.tid = $2 AND e.oid = $3 AND e.version < $11::integer
      RETURNING xmax = 0 AS added`,
    putDeletion: `
      WITH ${DURABLE}, gone AS (
        DELETE FROM ${expenses} AS e USING durable
        WHERE id = $1 AND tid = $2 AND oid = $3 AND version <= $4::integer RETURNING id
      ), ${remember('$4::integer')} SELECT id FROM gone`,
    page: `
      SELECT tid, oid, ${COLUMNS} FROM ${expenses} AS e WHERE seq > $1 ORDER BY seq LIMIT $2`,
    deletions: `
      SELECT id, seq, tid, oid, version FROM ${deleted} WHERE seq > $1 ORDER BY seq LIMIT $2`,
  }
}

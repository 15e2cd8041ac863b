import type { DatabaseSync } from 'node:sqlite'
import type { SqliteMigration } from '../../files/sqlite-file.ts'
import { foldText } from '../fold.ts'

// Files from before its changes were counted have the first without a number.
const TABLE = `
  CREATE TABLE IF NOT EXISTS expense (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    date TEXT NOT NULL,
    minor_units INTEGER NOT NULL,
    currency TEXT NOT NULL,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS expense_of_owner
    ON expense (tid, oid, date, seq, currency, minor_units);
`

/** How many places each day has in the order of a list: more than a file can have expenses. */
const PLACES = 2 ** 37

/** Where an expense stands in the order of a list, as one number; the newest has the highest. */
export function placeOf(date: string, seq: number): number {
  const day = Date.parse(`${date}T00:00:00Z`) / 86_400_000
  // A cursor can name a number that no expense has.
  return day * PLACES + Math.min(seq, PLACES - 1)
}

/** Which expense of its file stands there. */
export function seqAt(place: number): number {
  return place % PLACES
}

/** The same as `placeOf`. */
const PLACE = `unixepoch(date) / 86400 * ${PLACES} + seq`

/** Sums of all time, of a month each, of a day each: how many characters of a date tell which. */
export const SUMS = { expense_total: 0, expense_month: 7, expense_day: 10 }

const GROUP = 'tid, oid, period, currency, category, payment_method'

const forSums = (statements: (table: string, length: number) => string): string =>
  Object.entries(SUMS)
    .map(([table, length]) => statements(table, length))
    .join('')

const CREATE_SUMS = forSums(
  (table, length) => `
    CREATE TABLE ${table} (
      tid TEXT NOT NULL,
      oid TEXT NOT NULL,
      period TEXT NOT NULL,
      currency TEXT NOT NULL,
      category TEXT NOT NULL,
      payment_method TEXT NOT NULL,
      count INTEGER NOT NULL,
      minor_units INTEGER NOT NULL,
      PRIMARY KEY (${GROUP})
    ) STRICT, WITHOUT ROWID;
    INSERT INTO ${table}
      SELECT tid, oid, substr(date, 1, ${length}) AS period, currency, category, payment_method,
        count(*), sum(minor_units) FROM expense GROUP BY ${GROUP};`,
)

/** For a trigger: an expense is there from now on. */
const COUNT = forSums(
  (table, length) => `
    INSERT INTO ${table} VALUES (NEW.tid, NEW.oid, substr(NEW.date, 1, ${length}), NEW.currency,
      NEW.category, NEW.payment_method, 1, NEW.minor_units)
    ON CONFLICT DO UPDATE SET count = count + 1, minor_units = minor_units + excluded.minor_units;`,
)

/** For a trigger: an expense is there no more. */
const DISCOUNT = forSums((table, length) => {
  const group = `tid = OLD.tid AND oid = OLD.oid AND period = substr(OLD.date, 1, ${length})
    AND currency = OLD.currency AND category = OLD.category
    AND payment_method = OLD.payment_method`
  return `
    UPDATE ${table} SET count = count - 1, minor_units = minor_units - OLD.minor_units
      WHERE ${group};
    DELETE FROM ${table} WHERE ${group} AND count = 0;`
})

// The index holds all that a search and its totals need, in the order of the list, so that no other
// page of the file is read. The sums are kept by triggers, and so also by a process of an older
// release that still has the file open.
const CHANGES = `
  ${CREATE_SUMS}
  CREATE TRIGGER expense_added AFTER INSERT ON expense BEGIN ${COUNT} END;
  CREATE TRIGGER expense_removed AFTER DELETE ON expense BEGIN ${DISCOUNT} END;
  CREATE TRIGGER expense_changed
    AFTER UPDATE OF date, minor_units, currency, category, payment_method ON expense
    BEGIN ${DISCOUNT} ${COUNT} END;
  CREATE INDEX expense_in_order ON expense
    (tid, oid, place, currency, minor_units, category, payment_method, folded);
  CREATE INDEX expense_unprepared ON expense (seq) WHERE place IS NULL;
  DROP INDEX expense_of_owner;
  CREATE TABLE expense_deleted (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    version INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX expense_deleted_of_owner ON expense_deleted (tid, oid);
`

/** The changes of the schema, in order. */
export const MIGRATIONS: readonly SqliteMigration[] = [
  TABLE,
  (db) => {
    db.exec(`
      ALTER TABLE expense ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE expense ADD COLUMN place INTEGER;
      ALTER TABLE expense ADD COLUMN folded TEXT;`)
    prepareRest(db)
    db.exec(CHANGES)
  },
  // What seals the cursors of this file's lists.
  `CREATE TABLE expense_cursor_key (key BLOB NOT NULL) STRICT;
    INSERT INTO expense_cursor_key VALUES (randomblob(32));`,
]

/** Gives their place and their searchable text to those that an older release has recorded. */
export function prepareRest(db: DatabaseSync): void {
  db.function('fold_text', { deterministic: true }, (text) => foldText(String(text)))
  db.exec(
    `UPDATE expense SET place = ${PLACE}, folded = fold_text(description) WHERE place IS NULL`,
  )
}

import type { DatabaseSync } from 'node:sqlite'
import { ALICE, BOB, EXPENSE } from './contract.ts'

/** What the first release made of an empty file: its schema, word for word. */
const SQLITE_1 = `
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
  PRAGMA user_version = 1;
`

/** Likewise in PostgreSQL, for the schema `entrance`. */
export const POSTGRES_1 = `
  CREATE SCHEMA entrance;
  CREATE TABLE entrance.expenses_migrations
    (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
  INSERT INTO entrance.expenses_migrations (version) VALUES (1);
  CREATE TABLE entrance.expenses (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tid text COLLATE "C" NOT NULL,
    oid text COLLATE "C" NOT NULL,
    date date NOT NULL,
    minor_units bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    category text NOT NULL,
    description text NOT NULL,
    payment_method text NOT NULL,
    created timestamptz NOT NULL
  );
  CREATE INDEX expenses_of_owner
    ON entrance.expenses (tid, oid, date, seq, currency, minor_units);
`

/** How the first release added one to the file; the values are those of `releasedValues`. */
export const SQLITE_INSERT = `
  INSERT INTO expense
    (id, tid, oid, date, minor_units, currency, category, description, payment_method, created)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

export const POSTGRES_INSERT = `
  INSERT INTO entrance.expenses
    (id, tid, oid, date, minor_units, currency, category, description, payment_method, created)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

/** What people had in it. */
export const RELEASED = Array.from({ length: 40 }, (_, i) => ({
  owner: i % 4 === 3 ? BOB : ALICE,
  expense: {
    ...EXPENSE,
    id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
    date: `2026-0${(i % 9) + 1}-1${i % 7}`,
    minorUnits: 100 + i,
    currency: i % 10 === 0 ? 'JPY' : 'USD',
    description: i % 2 ? `Büro no ${i}` : `office no ${i}`,
  },
}))

type Released = (typeof RELEASED)[number]

export function releasedValues({ owner: { tid, oid }, expense }: Released): (string | number)[] {
  const { id, date, minorUnits, currency, category, description, payment_method } = expense
  const what = [date, minorUnits, currency, category, description, payment_method]
  return [id, tid, oid, ...what, expense.created]
}

/** Makes an empty file what the first release left behind. */
export function fillAsReleased(db: DatabaseSync): void {
  db.exec(`PRAGMA journal_mode = WAL; ${SQLITE_1}`)
  const insert = db.prepare(SQLITE_INSERT)
  for (const released of RELEASED) insert.run(...releasedValues(released))
}

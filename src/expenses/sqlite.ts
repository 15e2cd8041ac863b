import { explainFaults } from '../files/file-fault.ts'
import { createGroupCommit } from '../files/group-commit.ts'
import { openForReading, openSqliteFile } from '../files/sqlite-file.ts'
import { waitForLock } from '../files/wait-for-lock.ts'
import {
  type ExpenseSource,
  type ExpenseStore,
  MAX_EXPENSES,
  TooManyError,
} from './expense-store.ts'
import { prepareReading } from './sqlite/reading.ts'
import { MIGRATIONS } from './sqlite/schema.ts'
import { prepareWalks } from './sqlite/walks.ts'
import { prepareWriting } from './sqlite/writing.ts'

/** How long an expense waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT = 5000

const OPENING = { migrations: MIGRATIONS, busyTimeout: BUSY_TIMEOUT }

export type SqliteExpensesOptions = {
  /** How many expenses one person may have. @default 1000000 */
  readonly maxExpenses?: number
}

/** Expenses in an SQLite file, made with mode 0600 when absent, or in memory with `:memory:`. */
export function sqliteExpenseStore(
  path: string,
  { maxExpenses = MAX_EXPENSES }: SqliteExpensesOptions = {},
): ExpenseStore {
  const db = openSqliteFile(path, OPENING)
  const { write, flush } = createGroupCommit(db)
  const reading = prepareReading(db)
  const writing = prepareWriting(db, maxExpenses)

  const operations: ExpenseStore = {
    name: `sqlite:${path}`,
    // The file is open by now: whoever names one that cannot be is told so at once.
    connect: async () => {
      db.prepare('SELECT 1 FROM expense LIMIT 1').get()
    },
    ...reading,
    ...prepareWalks(db, path),
    async add(owner, expense) {
      const stored = await write(() => writing.add(owner, expense))
      if (!stored) throw new TooManyError(maxExpenses)
      return stored
    },
    update: (owner, id, changes) => write(() => writing.update(owner, id, changes)),
    delete: (owner, id) => write(() => writing.delete(owner, id)),
    put: (copied) => write(() => writing.put(copied)),
    putDeletion: (deletion) => write(() => writing.putDeletion(deletion)),
    close: async () => {
      // Nothing else goes on any more that could be held up.
      if (db.isOpen) db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
      flush()
      if (db.isOpen) db.close()
    },
  }
  return explainFaults(path, waitForLock(db, BUSY_TIMEOUT, operations))
}

/**
 * Expenses in a file that is there, also of an older release, to copy them: nothing is made or
 * changed. Throws `FileFault`.
 */
export function sqliteExpenseSource(path: string): ExpenseSource {
  const db = openForReading(path, OPENING)
  try {
    const operations = {
      name: `sqlite:${path}`,
      ...prepareWalks(db, path),
      close: async () => {
        if (db.isOpen) db.close()
      },
    }
    return explainFaults(path, waitForLock(db, BUSY_TIMEOUT, operations))
  } catch (error) {
    db.close()
    throw error
  }
}

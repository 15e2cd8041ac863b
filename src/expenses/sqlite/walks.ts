import type { DatabaseSync } from 'node:sqlite'
import { FileFault } from '../../files/file-fault.ts'
import type { CopiedExpense, Deletion, ExpenseSource, StoredExpense } from '../expense-store.ts'
import { COLUMNS } from './reading.ts'

/** Walks a file, also one that an older release has made and that is only read. Throws `FileFault`. */
export function prepareWalks(
  db: DatabaseSync,
  path: string,
): Pick<ExpenseSource, 'page' | 'deletions'> {
  const has = (table: string) =>
    db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined
  if (!has('expense')) {
    throw new FileFault(`${path} holds no expenses.`, 'Name the SQLite file that they are in.')
  }
  // In the first version nothing could be changed or deleted.
  const isFirst = !has('expense_deleted')
  const walk = db.prepare(`
    SELECT seq, tid, oid, ${isFirst ? '1 AS version' : 'version'}, ${COLUMNS}
    FROM expense WHERE seq > ? ORDER BY seq LIMIT ?`)
  const walkDeleted = isFirst
    ? undefined
    : db.prepare(
        'SELECT seq, tid, oid, version, id FROM expense_deleted WHERE seq > ? ORDER BY seq LIMIT ?',
      )
  return {
    page: async ({ after = '0', limit }) => {
      const rows = walk.all(Number(after), limit)
      return { items: rows.map(toCopied), next: nextOf(rows, limit) }
    },
    deletions: async ({ after = '0', limit }) => {
      const rows = walkDeleted?.all(Number(after), limit) ?? []
      return { items: rows.map(toDeletion), next: nextOf(rows, limit) }
    },
  }
}

type Row = Record<string, unknown>

function nextOf(rows: readonly Row[], limit: number): string | undefined {
  return rows.length < limit ? undefined : String(rows.at(-1)?.seq)
}

function toCopied({ seq: _, tid, oid, version, ...expense }: Row): CopiedExpense {
  const owner = { tid: String(tid), oid: String(oid) }
  return { owner, version: Number(version), expense: expense as unknown as StoredExpense }
}

function toDeletion({ tid, oid, version, id }: Row): Deletion {
  return {
    owner: { tid: String(tid), oid: String(oid) },
    id: String(id),
    version: Number(version),
  }
}

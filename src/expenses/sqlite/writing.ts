import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { changeExpense } from '../change-expense.ts'
import type { Expense } from '../expense.ts'
import {
  type CopiedExpense,
  type Deletion,
  type ExpenseChanges,
  MAX_DELETIONS,
  type Owner,
  type StoredExpense,
} from '../expense-store.ts'
import { foldText } from '../fold.ts'
import { COLUMNS } from './reading.ts'
import { placeOf } from './schema.ts'

/** Changes of an owner's expenses, each to be done within a transaction. */
export type ExpenseWriting = {
  /** Gives undefined where the owner has as many as may be. */
  add(owner: Owner, expense: Expense): StoredExpense | undefined
  update(owner: Owner, id: string, changes: ExpenseChanges): StoredExpense | undefined
  delete(owner: Owner, id: string): StoredExpense | undefined
  put(copied: CopiedExpense): 'added' | 'changed' | 'kept'
  putDeletion(deletion: Deletion): boolean
}

type Found = CopiedExpense & { readonly seq: number }

export function prepareWriting(db: DatabaseSync, maxExpenses: number): ExpenseWriting {
  const statements = prepare(db)

  function find(id: string): Found | undefined {
    const row = statements.find.get(id)
    if (!row) return undefined
    const { seq, tid, oid, version, ...expense } = row
    const owner = { tid: String(tid), oid: String(oid) }
    return {
      seq: Number(seq),
      owner,
      version: Number(version),
      expense: expense as unknown as StoredExpense,
    }
  }

  function findOwn({ tid, oid }: Owner, id: string): Found | undefined {
    const found = find(id)
    return found?.owner.tid === tid && found.owner.oid === oid ? found : undefined
  }

  function insert({ owner: { tid, oid }, expense, version }: CopiedExpense): void {
    const seq = Number(statements.last.get()?.seq ?? 0) + 1
    statements.insert.run({ ...valuesOf(expense, seq), id: expense.id, tid, oid, version })
  }

  function replace({ seq }: Found, expense: StoredExpense, version: number): void {
    statements.update.run({ ...valuesOf(expense, seq), version })
  }

  function remove({ owner: { tid, oid }, version, expense: { id } }: Found): void {
    statements.delete.run(id)
    statements.remember.run({ id, tid, oid, version })
    statements.forget.run({ tid, oid })
  }

  return {
    add(owner, expense) {
      const count = statements.count.get({ tid: owner.tid, oid: owner.oid })?.count
      if (Number(count ?? 0) >= maxExpenses) return undefined
      const stored = { id: randomUUID(), ...expense }
      insert({ owner, expense: stored, version: 1 })
      return stored
    },
    update(owner, id, changes) {
      const found = findOwn(owner, id)
      if (!found) return undefined
      const changed = changeExpense(found.expense, changes)
      replace(found, changed, found.version + 1)
      return changed
    },
    delete(owner, id) {
      const found = findOwn(owner, id)
      if (found) remove(found)
      return found?.expense
    },
    put(copied) {
      const { owner, expense, version } = copied
      const here = find(expense.id)
      const isOwn = here && findOwn(owner, expense.id)
      const deleted = Number(statements.deleted.get(expense.id)?.version ?? 0)
      if ((here && !isOwn) || version <= Math.max(deleted, here?.version ?? 0)) return 'kept'
      if (here) replace(here, expense, version)
      else insert(copied)
      return here ? 'changed' : 'added'
    },
    putDeletion({ owner, id, version }) {
      const here = findOwn(owner, id)
      if (!here || here.version > version) return false
      remove({ ...here, version })
      return true
    },
  }
}

/** What is stored of an expense, but for whose it is; `seq` is its number. */
function valuesOf({ id: _, ...expense }: StoredExpense, seq: number) {
  const { date, description } = expense
  return { ...expense, seq, place: placeOf(date, seq), folded: foldText(description) }
}

function prepare(db: DatabaseSync) {
  return {
    find: db.prepare(`SELECT seq, tid, oid, version, ${COLUMNS} FROM expense WHERE id = ?`),
    last: db.prepare('SELECT max(seq) AS seq FROM expense'),
    count: db.prepare(
      'SELECT sum(count) AS count FROM expense_total WHERE tid = :tid AND oid = :oid',
    ),
    insert: db.prepare(`
      INSERT INTO expense (seq, id, tid, oid, date, minor_units, currency, category, description,
        payment_method, created, version, place, folded)
      VALUES (:seq, :id, :tid, :oid, :date, :minorUnits, :currency, :category, :description,
        :payment_method, :created, :version, :place, :folded)`),
    update: db.prepare(`
      UPDATE expense SET date = :date, minor_units = :minorUnits, currency = :currency,
        category = :category, description = :description, payment_method = :payment_method,
        created = :created, version = :version, place = :place, folded = :folded
      WHERE seq = :seq`),
    delete: db.prepare('DELETE FROM expense WHERE id = ?'),
    deleted: db.prepare('SELECT version FROM expense_deleted WHERE id = ?'),
    remember: db.prepare(`
      INSERT INTO expense_deleted (id, tid, oid, version) VALUES (:id, :tid, :oid, :version)
      ON CONFLICT (id) DO UPDATE SET version = excluded.version`),
    forget: db.prepare(`
      DELETE FROM expense_deleted WHERE seq IN (SELECT seq FROM expense_deleted
        WHERE tid = :tid AND oid = :oid ORDER BY seq DESC LIMIT -1 OFFSET ${MAX_DELETIONS})`),
  }
}

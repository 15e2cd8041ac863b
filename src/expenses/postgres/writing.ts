import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { PostgresDatabase } from '../../stores/postgres.ts'
import { changeExpense } from '../change-expense.ts'
import {
  type CopiedExpense,
  type ExpenseStore,
  type Owner,
  type StoredExpense,
  TooManyError,
} from '../expense-store.ts'
import { foldText } from '../fold.ts'
import { isId, type Row, toExpense } from './reading.ts'
import { statementsOf } from './statements.ts'
import { type Patience, untilKnown } from './until-known.ts'

/** How often a change begins anew because another one came between. */
const MAX_TRIES = 20

type Writing = Pick<ExpenseStore, 'add' | 'update' | 'delete' | 'put' | 'putDeletion'>

export type WritingOptions = Patience & {
  readonly maxExpenses: number
  readonly find: (owner: Owner, id: string) => Promise<Row | undefined>
}

export function createWriting(database: PostgresDatabase, options: WritingOptions): Writing {
  const { maxExpenses, find } = options
  const statements = statementsOf(database.address.schema)

  async function run(text: string, values: readonly unknown[]): Promise<boolean> {
    return (await database.query(text, values)).rowCount === 1
  }

  /** An id is stored once, however often it is sent. */
  async function add(copied: CopiedExpense, isRepeated: boolean): Promise<void> {
    if (await run(statements.add, [...valuesOf(copied), maxExpenses])) return
    const isThere = isRepeated && (await run(statements.isKnown, [copied.expense.id]))
    if (!isThere) throw new TooManyError(maxExpenses)
  }

  /** Tells whether the expense is changed so; false: somebody else has changed or deleted it. */
  async function update(copied: CopiedExpense, isRepeated: boolean): Promise<boolean> {
    if (await run(statements.update, valuesOf(copied))) return true
    if (!isRepeated) return false
    const row = await find(copied.owner, copied.expense.id)
    return row?.version === copied.version && isDeepStrictEqual(toExpense(row), copied.expense)
  }

  async function remove({ tid, oid }: Owner, id: string): Promise<StoredExpense | undefined> {
    const [row] = (await database.query<Row>(statements.delete, [id, tid, oid])).rows
    return row && toExpense(row)
  }

  return {
    async add(owner, expense) {
      const stored = { id: randomUUID(), ...expense }
      const copied = { owner, expense: stored, version: 1 }
      await untilKnown((isRepeated) => add(copied, isRepeated), options)
      return stored
    },
    async update(owner, id, changes) {
      for (let i = 0; i < MAX_TRIES; i++) {
        const row = await find(owner, id)
        if (!row) return undefined
        const expense = changeExpense(toExpense(row), changes)
        const copied = { owner, expense, version: row.version + 1 }
        if (await untilKnown((isRepeated) => update(copied, isRepeated), options)) return expense
      }
      throw new Error('The expense is being changed by others all the while.')
    },
    async delete(owner, id) {
      const row = await find(owner, id)
      if (!row) return undefined
      return untilKnown(async (isRepeated) => {
        const gone = await remove(owner, id)
        // It was there before: the first one took it, or somebody who was quicker.
        return gone ?? (isRepeated ? toExpense(row) : undefined)
      }, options)
    },
    async put(copied) {
      const { rows } = await database.query<{ added: boolean }>(statements.put, valuesOf(copied))
      const [row] = rows
      if (!row) return 'kept'
      return row.added ? 'added' : 'changed'
    },
    putDeletion: async ({ owner: { tid, oid }, id, version }) =>
      isId(id) && run(statements.putDeletion, [id, tid, oid, version]),
  }
}

function valuesOf({ owner: { tid, oid }, expense, version }: CopiedExpense): unknown[] {
  const { id, date, minorUnits, currency, category, description, payment_method } = expense
  const fields = [date, minorUnits, currency, category, description, payment_method]
  return [id, tid, oid, ...fields, expense.created, version, foldText(description)]
}

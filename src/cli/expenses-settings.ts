import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ConfigProblem } from '../core/errors.ts'
import type { ExpenseSource, ExpenseStore } from '../expenses/server.ts'
import type { Log } from '../log.ts'
import { openFile } from './file-problems.ts'
import type { StoreSettings } from './store-settings.ts'

/** Where expenses are kept, and the variable that says so. */
export type ExpensesSettings =
  | {
      readonly kind: 'sqlite'
      readonly path: string
      readonly option: 'EXPENSES_STORE' | 'ENTRANCE_DATA'
    }
  | {
      readonly kind: 'postgres'
      readonly url: string
      readonly option: 'EXPENSES_STORE' | 'ENTRANCE_STORE'
    }

type Beside = { readonly store: StoreSettings; readonly data: string }

/** The file of expenses in the data folder. */
export function expensesFile(data: string): string {
  return join(data, 'expenses.db')
}

/**
 * The place that a text such as `sqlite:FILE` names. Without one they are where grants are, if that
 * is PostgreSQL, and else in a file of the data folder.
 */
export function resolveExpenses(
  text: string | undefined,
  { store, data }: Beside,
  problems: ConfigProblem[],
): ExpensesSettings {
  const option = 'EXPENSES_STORE'
  const embedded = { kind: 'sqlite', path: expensesFile(data), option: 'ENTRANCE_DATA' } as const
  if (!text) {
    if (store.kind !== 'postgres') return embedded
    return { kind: 'postgres', url: store.url, option: 'ENTRANCE_STORE' }
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0]
  if (scheme === 'postgres:' || scheme === 'postgresql:') {
    return { kind: 'postgres', url: text, option }
  }
  const path = scheme === 'sqlite:' ? text.slice(scheme.length) : ''
  if (path === '') {
    // Whatever stands behind the scheme may be a password.
    const problem = `${scheme ?? 'what was given'} is no place for expenses.`
    problems.push({ option, problem, cure: PLACES })
  } else if (store.kind === 'sqlite' && resolve(path) === resolve(store.path)) {
    const problem = `${path} is the file of ENTRANCE_STORE too.`
    problems.push({ option, problem, cure: 'Name another file: each has its own tables.' })
  }
  return path === '' ? embedded : { kind: 'sqlite', path, option }
}

const PLACES =
  'Write sqlite: and the path of a file, such as sqlite:/var/lib/entrance/expenses.db, or the address of a PostgreSQL database, postgres://USER:PASSWORD@HOST/DATABASE.'

/** Opens them; the driver is loaded only where it is used. Throws `ConfigError`. */
export async function openExpenses(settings: ExpensesSettings): Promise<ExpenseStore> {
  const { option } = settings
  if (settings.kind === 'postgres') {
    const { postgresExpenseStore } = await import('../expenses/postgres.ts')
    return postgresExpenseStore(settings.url, { option })
  }
  const { sqliteExpenseStore } = await import('../expenses/sqlite.ts')
  return openFile(option, settings.path, sqliteExpenseStore)
}

/** Opens a file of them to read it: nothing is made or changed. Throws `ConfigError`. */
export async function openExpensesToRead(option: string, path: string): Promise<ExpenseSource> {
  const { sqliteExpenseSource } = await import('../expenses/sqlite.ts')
  return openFile(option, path, sqliteExpenseSource)
}

type Where = Beside & { readonly expenses: ExpensesSettings }

/** Says it where people would not find their expenses, by a default that nobody chose. */
export function warnOfExpenses({ expenses, store, data }: Where, log: Log): void {
  const file = expensesFile(data)
  if (expenses.option === 'ENTRANCE_DATA' && store.kind !== 'sqlite') {
    const message = `Expenses are in the file ${file}: replicas without that file have others, and people would find different expenses from one request to the next. Set EXPENSES_STORE to a PostgreSQL address that all replicas have in common, or to sqlite:${file} where all run on this machine.`
    log({ event: 'expenses.local', level: 'warn', message })
  }
  if (expenses.option === 'ENTRANCE_STORE' && existsSync(file)) {
    const message = `Expenses are in PostgreSQL now, and those of ${file} are not shown. Copy them with: entrance expenses copy. Then move the file away.`
    log({ event: 'expenses.left-behind', level: 'warn', message })
  }
}

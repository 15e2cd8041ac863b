import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import type { ExpenseSource, ExpenseStore, Walk, WalkQuery } from '../../expenses/server.ts'
import { dataFolder, environment } from '../env.ts'
import { Interrupted, UsageError } from '../exit-codes.ts'
import {
  type ExpensesSettings,
  expensesFile,
  openExpenses,
  openExpensesToRead,
  resolveExpenses,
} from '../expenses-settings.ts'
import { plural } from '../operator/output.ts'
import { resolveStore } from '../store-settings.ts'
import type { Terminal } from '../terminal.ts'

export type CopyExpensesOptions = {
  data?: string
  store?: string
  expensesStore?: string
  from?: string
  json?: boolean
}

/** How many are read at a time. */
const PAGE = 500

/**
 * `entrance expenses copy`: those of an SQLite file, to where `serve` keeps them. None is there
 * twice, so one that was interrupted is run again.
 */
export async function copyExpenses(
  options: CopyExpensesOptions,
  terminal: Terminal,
): Promise<void> {
  const data = dataFolder(options.data, environment())
  const path = options.from || expensesFile(data)
  const target = resolveTarget(options, data)
  checkSource(path, target)
  await using stack = new AsyncDisposableStack()
  const from = await openExpensesToRead(options.from ? '--from' : 'ENTRANCE_DATA', path)
  stack.defer(() => from.close())
  const into = await openExpenses(target)
  stack.defer(() => into.close())
  await into.connect()
  const outcome = await copyAll(from, into, terminal.signal)
  if (options.json) {
    terminal.out(JSON.stringify({ from: path, to: into.name, ...outcome }))
    return
  }
  const { copied, changed, deleted, present } = outcome
  terminal.out(`Copied ${plural(copied, 'expense')} from ${path} to ${into.name}.`)
  if (changed > 0) terminal.note(`${plural(changed, 'expense')} had been changed since.`)
  if (deleted > 0) terminal.note(`${plural(deleted, 'expense')} had been deleted since.`)
  if (present > 0) terminal.note(`${plural(present, 'expense')} had been there already.`)
  terminal.note(`When you have seen them there, move ${path} away.`)
}

/** The place that `serve` would use. */
function resolveTarget(options: CopyExpensesOptions, data: string): ExpensesSettings {
  const env = environment()
  const problems: ConfigProblem[] = []
  const cosmosKey = env.ENTRANCE_COSMOS_KEY
  const store = resolveStore(options.store || env.ENTRANCE_STORE, data, problems, cosmosKey)
  const text = options.expensesStore || env.EXPENSES_STORE
  const settings = resolveExpenses(text, { store, data }, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}

function checkSource(path: string, target: ExpensesSettings): void {
  if (!existsSync(path)) {
    throw new UsageError(`There is no file ${path}.`, 'Name the SQLite file with --from.')
  }
  if (target.kind === 'sqlite' && resolve(target.path) === resolve(path)) {
    throw new UsageError(
      `${path} is where expenses are kept already.`,
      'Set EXPENSES_STORE or ENTRANCE_STORE to where they shall be, as for the server.',
    )
  }
}

/** How many were copied, changed and deleted, and how many were there as they had to be. */
type Outcome = { copied: number; changed: number; deleted: number; present: number }

/** One after the other: so they keep the order in which they were recorded. */
async function copyAll(
  from: ExpenseSource,
  into: ExpenseStore,
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome = { copied: 0, changed: 0, deleted: 0, present: 0 }
  const counts = { added: 'copied', changed: 'changed', kept: 'present' } as const
  await walk(from.page, signal, async (copied) => {
    outcome[counts[await into.put(copied)]]++
  })
  await walk(from.deletions, signal, async (deletion) => {
    if (await into.putDeletion(deletion)) outcome.deleted++
  })
  return outcome
}

async function walk<T>(
  read: (query: WalkQuery) => Promise<Walk<T>>,
  signal: AbortSignal,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  let after: string | undefined
  do {
    const page = await read({ after, limit: PAGE })
    for (const item of page.items) {
      if (signal.aborted) throw new Interrupted()
      await visit(item)
    }
    after = page.next
  } while (after !== undefined)
}

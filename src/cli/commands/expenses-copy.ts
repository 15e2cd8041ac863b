import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ExpenseStore } from '../../expenses/server.ts'
import { ConfigError, type ConfigProblem } from '../../index.ts'
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
  const { copied, present } = await copyAll(from, into, terminal.signal)
  if (options.json) {
    terminal.out(JSON.stringify({ from: path, to: into.name, copied, present }))
    return
  }
  terminal.out(`Copied ${plural(copied, 'expense')} from ${path} to ${into.name}.`)
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

/** One after the other: so they keep the order in which they were recorded. */
async function copyAll(from: ExpenseStore, into: ExpenseStore, signal: AbortSignal) {
  let copied = 0
  let present = 0
  let after: string | undefined
  do {
    const page = await from.page({ after, limit: PAGE })
    for (const { owner, expense } of page.expenses) {
      if (signal.aborted) throw new Interrupted()
      if (await into.put(owner, expense)) copied++
      else present++
    }
    after = page.next
  } while (after !== undefined)
  return { copied, present }
}

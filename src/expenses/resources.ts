import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceTemplate,
  UriTemplate,
} from '@modelcontextprotocol/server'
import { showGiven } from './arguments.ts'
import { toCsv } from './csv.ts'
import type { ExpenseList, Owner } from './expense-store.ts'
import type { Currency } from './money.ts'
import { type Period, parsePeriod, periodsOf, WRONG_PERIOD } from './named-period.ts'
import { countInWords, countOf, toStructuredList } from './results.ts'
import { logFailure, type ToolsOptions } from './tools/tool.ts'
import type { AuditTool, RegisterForOwner } from './tools.ts'

/** How many expenses one read gives at most, and how many characters: it bounds what it costs. */
const MAX_EXPENSES = 10_000
const MAX_CHARACTERS = 4 * 1024 * 1024

// Kept for a moment only, it would not show what was added in that moment.
const CACHE_HINT = { ttlMs: 0, cacheScope: 'private' } as const

/** A form in which expenses can be read. */
type Form = {
  readonly name: string
  readonly title: string
  readonly description: string
  /** What the address ends with. */
  readonly ending: string
  readonly mimeType: string
  readonly write: (list: ExpenseList, currency: Currency) => string
}

// In this order a template is found: that of JSON would take `2026.csv` for a period.
const FORMS: readonly Form[] = [
  {
    name: 'expenses.csv',
    title: 'My expenses as a spreadsheet',
    description:
      'as CSV for a spreadsheet. Where a text would be taken for a formula, an apostrophe is put in front of it',
    ending: '.csv',
    mimeType: 'text/csv',
    write: ({ expenses }) => toCsv(expenses),
  },
  {
    name: 'expenses',
    title: 'My expenses',
    description: 'as JSON, in the form that get_expenses answers',
    ending: '',
    mimeType: 'application/json',
    write: (list, currency) => JSON.stringify(toStructuredList(list, currency)),
  },
]

type Reading = {
  readonly owner: Owner
  readonly form: Form
  readonly uri: string
  /** As it stands in the address. */
  readonly period?: string
}

/** Prepares the resources once, so that a request only has to register them. */
export function prepareResources(options: ToolsOptions): RegisterForOwner {
  const forms = FORMS.map(describeForm)

  return (server, owner, audit) => {
    const read = (name: string, reading: Omit<Reading, 'owner'>) =>
      told(name, readExpenses(options, { owner, ...reading }), audit)
    const complete = { period: (text: string) => completePeriod(options, owner, text) }
    for (const { form, uri, config, template, templateConfig } of forms) {
      server.registerResource(form.name, uri, config, () => read(uri, { form, uri }))
      const ofPeriod = new ResourceTemplate(template, { list: undefined, complete })
      server.registerResource(`${form.name}.period`, ofPeriod, templateConfig, (url, { period }) =>
        read(String(template), { form, uri: url.href, period: String(period) }),
      )
    }
  }
}

function describeForm(form: Form) {
  const uri = `expenses://mine${form.ending}`
  const template = new UriTemplate(`expenses://mine/{period}${form.ending}`)
  const shared = { mimeType: form.mimeType, cacheHint: CACHE_HINT }
  const config = {
    ...shared,
    title: form.title,
    description: `The signed-in user's own expenses, the newest date first, ${form.description}. All of them, at most ${MAX_EXPENSES}: whoever has more reads ${template}.`,
  }
  const templateConfig = {
    ...shared,
    title: `${form.title}, of a year, month or day`,
    description: `The signed-in user's own expenses of a year (2026), a month (2026-10) or a day (2026-10-02), ${form.description}.`,
  }
  return { form, uri, config, template, templateConfig }
}

/** Writes to the audit log which resource was read, by its name or its template. */
async function told(name: string, reading: Promise<ReadResourceResult>, audit?: AuditTool) {
  try {
    const result = await reading
    audit?.(name, 'success')
    return result
  } catch (error) {
    audit?.(name, 'failure')
    throw error
  }
}

/** All of a period, or of all time; never a part that could be taken for the whole. */
async function readExpenses(options: ToolsOptions, reading: Reading): Promise<ReadResourceResult> {
  const { owner, form, uri } = reading
  const period = periodOf(reading)
  const list = await ofStorage(options, owner, (store) =>
    store.list(owner, { ...daysOf(period), limit: MAX_EXPENSES }),
  )
  const isWhole = list.expenses.length === countOf(list.totals)
  const text = isWhole ? form.write(list, options.currency) : undefined
  if (text === undefined || text.length > MAX_CHARACTERS) {
    throw wrong(await tooMany(options, reading, period, countOf(list.totals)))
  }
  return { contents: [{ uri, mimeType: form.mimeType, text }] }
}

function periodOf({ period: text }: Reading): Period | undefined {
  if (text === undefined) return undefined
  const period = parsePeriod(text)
  if (!period) throw wrong(`${showGiven(text)} is no period. ${WRONG_PERIOD}`)
  return period
}

function daysOf(period: Period | undefined) {
  return period && { from: period.from, to: period.to }
}

/** Says in which smaller parts it can be read. */
async function tooMany(
  options: ToolsOptions,
  { owner, form, uri }: Reading,
  period: Period | undefined,
  count: number,
): Promise<string> {
  const problem = `${uri} has ${countInWords(count)}: too much for one read, which gives at most ${MAX_EXPENSES} of them and ${MAX_CHARACTERS} characters.`
  if (period?.of === 'day') return `${problem} Read them with get_expenses, page by page.`
  if (period?.of === 'month') {
    return `${problem} Read one day at a time, such as expenses://mine/${period.from}${form.ending}.`
  }
  const summary = await ofStorage(options, owner, (store) =>
    store.summarize(owner, daysOf(period) ?? {}),
  )
  const length = period ? 'YYYY-MM'.length : 'YYYY'.length
  const parts = [...periodsOf(summary)]
    .filter(([part]) => part.length === length)
    .map(([part, size]) => `expenses://mine/${part}${form.ending} (${size})`)
  return `${problem} Read them in parts: ${parts.join(', ')}.`
}

/** The years and months in which the person has expenses, as far as they begin with the text. */
async function completePeriod(options: ToolsOptions, owner: Owner, text: string) {
  const summary = await ofStorage(options, owner, (store) => store.summarize(owner, {}))
  return [...periodsOf(summary).keys()].filter((period) => period.startsWith(text))
}

async function ofStorage<Answer>(
  { expenses, log }: ToolsOptions,
  owner: Owner,
  ask: (expenses: ToolsOptions['expenses']) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(expenses)
  } catch (error) {
    logFailure(log, 'expenses.read_failed', owner, error)
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      'The expenses were not read: the server cannot reach its storage now.',
    )
  }
}

function wrong(text: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, text)
}

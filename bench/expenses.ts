// What an account with very many expenses costs: each tool, through the MCP handler.
import { setImmediate as nextRound } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createExpensesServer, type ExpensesServer } from '../src/expenses/server.ts'
import { authInfoOf, PEOPLE } from '../test/expenses/support.ts'
import { KINDS, type Subject } from './expenses/accounts.ts'
import { quantile, type Watched, watchLoop } from './growth/loop.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: 'string', multiple: true, default: [...KINDS.keys()] },
    calls: { type: 'string', default: '100' },
  },
})
const COUNT = Number(positionals[0] ?? 100_000)
const CALLS = Number(values.calls)
const WARM_UP = 5

const EXPENSE = {
  date: '2026-10-02',
  category: 'shopping',
  description: 'office supplies',
  payment_method: 'visa',
}
const MONTH = { from: '2025-03-01', to: '2025-03-31' }
const PERIOD = { from: '2018-03-12', to: '2026-05-20' }

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
}

/** The arguments of a tool's call. */
type Arguments = Record<string, unknown>
type Structured = Record<string, unknown> & { next_cursor?: string; id?: string }
type Call = (tool: string, args: Arguments) => Promise<Structured>

for (const name of values.store) {
  const kind = KINDS.get(name)
  if (!kind) throw new Error(`Which store? ${[...KINDS.keys()].join(', ')}`)
  if (kind.skip) console.log(`${name} is left out: ${kind.skip}`)
  else await measure(name, kind.open)
}

async function measure(name: string, open: () => Promise<Subject>): Promise<void> {
  await using subject = await open()
  const began = performance.now()
  await subject.fill(PEOPLE.alice, COUNT)
  // Others have theirs beside it.
  await subject.fill(PEOPLE.bob, COUNT / 10)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const each = ((await subject.size()) / (COUNT * 1.1)).toFixed(0)
  console.log(
    `\n${name}: ${COUNT} expenses of one account, filled in ${seconds} s, ${each} bytes each\n`,
  )
  const server = createExpensesServer({ expenses: subject.store })
  const call = callerOf(server)
  const cursors = await walk(call)
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  console.log('| store | call | p50 | p99 | work | most work in one turn |')
  console.log('|---|---|--:|--:|--:|--:|')
  for (const [what, run] of scenariosOf(call, cursors)) await report(name, what, run)
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024
  console.log(`\n${name}: ${grown.toFixed(0)} MiB more memory after all of it than before.`)
  await server.close()
}

/** Times of one call each, in milliseconds; work is of this process's own thread. */
async function report(name: string, what: string, run: (i: number) => Promise<unknown>) {
  for (let i = 0; i < WARM_UP; i++) await run(i)
  const times: number[] = []
  const watched: Watched = await watchLoop(async () => {
    for (let i = 0; i < CALLS; i++) {
      const start = performance.now()
      await run(WARM_UP + i)
      times.push(performance.now() - start)
      // Calls come one by one: what one does at a stretch is told from what all do.
      await nextRound()
    }
  })
  const figures = [quantile(times, 0.5), quantile(times, 0.99), watched.all / CALLS, watched.most]
  console.log(`| ${name} | ${what} | ${figures.map((figure) => figure.toFixed(1)).join(' | ')} |`)
}

/** All pages from the first to the last: the cursors in the middle and at the end. */
async function walk(call: Call) {
  const cursors: string[] = []
  let cursor: string | undefined
  do {
    const page = await call('get_expenses', { limit: 1000, ...(cursor && { cursor }) })
    cursor = page.next_cursor
    if (cursor) cursors.push(cursor)
  } while (cursor)
  return { middle: cursors[Math.floor(cursors.length / 2)], end: cursors.at(-1) }
}

function scenariosOf(
  call: Call,
  { middle, end }: { middle?: string | undefined; end?: string | undefined },
) {
  const get = (args: Arguments) => () => call('get_expenses', args)
  const sum = (args: Arguments) => () => call('summarize_expenses', args)
  const ids: string[] = []
  const add = async (i: number) => {
    const { id } = await call('add_user_expense', { ...EXPENSE, amount: i + 1 })
    ids.push(id ?? '')
  }
  const scenarios: [string, (i: number) => Promise<unknown>][] = [
    ['get_expenses', get({})],
    ['of 1000', get({ limit: 1000 })],
    ['from the middle on', get({ cursor: middle, limit: 1000 })],
    ['the last page', get({ cursor: end, limit: 1000 })],
    ['of one category', get({ category: 'food' })],
    [
      'of one month, category and method',
      get({ ...MONTH, category: 'food', payment_method: 'visa' }),
    ],
    ['from the middle of a month to that of another', get(PERIOD)],
    ['a text that many have', get({ text: 'LUNCH' })],
    ['a text that one has', get({ text: `no ${COUNT - 1}` })],
    ['a text that none has', get({ text: 'nothing like it' })],
    ['a text of one category, in a period', get({ ...PERIOD, text: 'lunch', category: 'food' })],
    ['summarize_expenses', sum({})],
    ['of one category', sum({ category: 'food' })],
    ['from the middle of a month to that of another', sum(PERIOD)],
    ['of a day', sum({ from: '2026-10-05', to: '2026-10-05' })],
    ['add_user_expense', add],
    ['update_user_expense', (i) => call('update_user_expense', { id: ids[i], amount: 3 })],
    ['delete_user_expense', (i) => call('delete_user_expense', { id: ids[i] })],
  ]
  return scenarios
}

/** Calls a tool as Alice; an answer that is none ends the bench. */
function callerOf(server: ExpensesServer): Call {
  const authInfo = authInfoOf(PEOPLE.alice)
  return async (name, args) => {
    const params = { name, arguments: args }
    const response = await server.fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: HEADERS,
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      }),
      { authInfo },
    )
    const text = await response.text()
    const data = text.startsWith('{') ? text : (/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}')
    const { result } = JSON.parse(data)
    if (!result || result.isError) throw new Error(`${name}: ${text.slice(0, 500)}`)
    return result.structuredContent
  }
}

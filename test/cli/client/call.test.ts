import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startEntrance } from '../../support/start.ts'
import { entrance, startEntranceCommand } from './command.ts'
import { legacyRoute, startFakeServer } from './fake-server.ts'
import { createPerson } from './person.ts'

const server = await startEntrance()
const alice = await createPerson(server)
await alice.run('login')
after(async () => {
  await alice[Symbol.asyncDispose]()
  await server.stop()
})

const EXPENSE = ['date=2026-01-30', 'category=food', 'payment_method=cash', 'description=lunch']

test('wrong arguments are refused before the call, all at once, with exit code 2', async () => {
  const words = ['date=30.1.2026', 'amount=ten', 'category=toys', 'colour=red']
  const { code, stdout, stderr } = await alice.run('call', 'add_user_expense', ...words)
  assert.deepEqual([code, stdout], [2, ''])
  for (const line of [
    'date: "30.1.2026" is not accepted; expected date, YYYY-MM-DD',
    'amount: "ten" is not accepted; expected number, more than 0',
    'category: "toys" is not accepted; expected food | transport',
    'colour: is not an argument; the tool takes date, amount',
    'description: is missing; expected text',
    'payment_method: is missing; expected amex | visa | cash',
  ]) {
    assert.ok(stderr.includes(`\n  ${line}`), line)
  }
  assert.ok(!server.logs.some(({ event }) => event === 'expenses.added'))
})

test('an unknown tool is wrong usage, and those there are get named', async () => {
  const { code, stderr } = await alice.run('call', 'get_expense')
  assert.equal(code, 2)
  assert.match(
    stderr,
    /no tool "get_expense"\.\nIt has: add_user_expense, get_expenses, summarize_expenses, /,
  )
})

test('what the tool itself refuses is an error with its text, as JSON too', async () => {
  const words = [...EXPENSE, 'amount=1.005']
  const { code, stdout, stderr } = await alice.run('call', 'add_user_expense', ...words)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^Error: add_user_expense failed: [\s\S]*amount: 1.005/)
  const json = await alice.run('call', 'add_user_expense', ...words, '--json')
  assert.equal(json.code, 1)
  assert.equal(JSON.parse(json.stdout).isError, true)
})

test('the result is text for a person and structured content with --json', async () => {
  const words = ['call', 'add_user_expense', ...EXPENSE, 'amount:=12.5'] as const
  const text = await alice.run(...words)
  assert.deepEqual([text.code, text.stderr], [0, ''])
  assert.match(text.stdout, /12\.50/)
  const json = await alice.run(...words, '--json')
  assert.equal(JSON.parse(json.stdout).amount ?? JSON.parse(json.stdout).expense?.amount, 12.5)
})

async function runLegacy(tools: readonly object[], result: object, ...args: string[]) {
  await using old = await startFakeServer({ 'POST /mcp': legacyRoute(tools, result) })
  const [word = '', ...more] = args
  const { env } = alice.desktop
  return await entrance(['client', word, `${old.url}/mcp`, ...more], { env })
}

const ECHO = { name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } }

test('a server of 2025-11-25 that asks for no sign-in is used as well', async () => {
  const tools = await runLegacy([ECHO], {}, 'tools')
  assert.deepEqual([tools.code, tools.stderr], [0, ''])
  assert.equal(tools.stdout, 'echo\n  Says it again.\n  (no arguments)\n')
  const content = [{ type: 'text', text: 'hello' }]
  const call = await runLegacy([ECHO], { content }, 'call', 'echo')
  assert.deepEqual([call.code, call.stdout], [0, 'hello\n'])
})

test('what is no text is named with its type and size', async () => {
  const content = [
    { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    { type: 'resource_link', name: 'receipt', uri: 'file:///r.pdf' },
    { type: 'resource', resource: { uri: 'a:b', text: 'inside' } },
    { type: 'resource', resource: { uri: 'c:d', blob: 'AAAA' } },
  ]
  const { stdout } = await runLegacy([ECHO], { content }, 'call', 'echo')
  assert.equal(
    stdout,
    '[image: image/png, 3 bytes]\n[receipt: file:///r.pdf]\ninside\n[c:d: 3 bytes]\n',
  )
})

test('a list of tools cannot write to the terminal', async () => {
  const description = 'Fine.\u001b[2K\u001b]0;owned\u0007 \u202eevil'
  const properties = { 'a\u001b[31m': { type: 'string', description } }
  const evil = { ...ECHO, name: 'echo\u001b[1A', description }
  const tool = { ...evil, inputSchema: { type: 'object', properties } }
  const { stdout } = await runLegacy([tool], {}, 'tools')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
  assert.match(stdout, /Fine\./)
})

test('a server that is not there is told so, with exit code 1', async () => {
  await using gone = await startFakeServer()
  await gone[Symbol.asyncDispose]()
  const { env } = alice.desktop
  for (const word of ['login', 'tools']) {
    const { code, stderr } = await entrance(['client', word, `${gone.url}/mcp`], { env })
    assert.equal(code, 1)
    assert.match(stderr, /^Error: Cannot reach http\S+: nothing listens there\.\nIs the server/)
  }
})

test('an interrupted call ends with 130', async () => {
  const called = Promise.withResolvers<void>()
  const route = legacyRoute([ECHO], {})
  await using slow = await startFakeServer({
    'POST /mcp': async (request, url) => {
      const body = await request.clone().text()
      if (!body.includes('tools/call')) return route(request, url)
      called.resolve()
      return new Promise(() => {})
    },
  })
  const { env } = alice.desktop
  using running = startEntranceCommand(['client', 'call', `${slow.url}/mcp`, 'echo'], { env })
  await called.promise
  running.child.kill('SIGINT')
  const { code, stderr } = await running.finished
  assert.equal(code, 130)
  assert.match(stderr, /Interrupted\.\n$/)
})

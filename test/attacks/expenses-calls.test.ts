import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  addExpense,
  CLIENTS,
  OFFICE_SUPPLIES,
  refusalOf,
  serveExpenses,
  structuredOf,
} from '../expenses/support.ts'

const connect = CLIENTS['SDK v2 on 2026-07-28']
const NOBODYS = '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11'
const SECRET = 'the surprise party'

/** As deep as a body of 64 kB can be: so deep JSON is read, but not written. */
const DEEP = `${'['.repeat(30_000)}${']'.repeat(30_000)}`

suite('a call that was made to leave no trace', () => {
  test('whose argument is nested 30,000 deep is refused in the tool’s words, and audited', async (t) => {
    const audited: string[][] = []
    const url = await serveExpenses(t, {}, (...line) => audited.push(line))
    for (const [name, argument] of [
      ['get_expenses', 'from'],
      ['add_user_expense', 'description'],
      ['delete_user_expense', 'id'],
    ] as const) {
      const text = await call(url, name, argument)
      assert.match(text, new RegExp(`${argument}: a value that is nested too deep is not accepted`))
    }
    assert.deepEqual(audited, [
      ['get_expenses', 'failure'],
      ['add_user_expense', 'failure'],
      ['delete_user_expense', 'failure'],
    ])
  })

  test('is audited whichever tool it calls and whatever came of it, without what was in it', async (t) => {
    const audited: string[][] = []
    const url = await serveExpenses(t, {}, (...line) => audited.push(line))
    const client = await connect(url, 'alice')
    const { id } = await addExpense(client, { description: SECRET })
    await structuredOf(client, 'get_expenses', { text: SECRET })
    await structuredOf(client, 'summarize_expenses')
    await structuredOf(client, 'update_user_expense', { id, amount: 1 })
    await refusalOf(client, { id: NOBODYS, amount: 1 }, 'update_user_expense')
    await structuredOf(client, 'delete_user_expense', { id })
    await refusalOf(client, { id }, 'delete_user_expense')
    await refusalOf(client, { ...OFFICE_SUPPLIES, category: SECRET })
    assert.deepEqual(audited, [
      ['add_user_expense', 'success'],
      ['get_expenses', 'success'],
      ['summarize_expenses', 'success'],
      ['update_user_expense', 'success'],
      ['update_user_expense', 'failure'],
      ['delete_user_expense', 'success'],
      ['delete_user_expense', 'failure'],
      ['add_user_expense', 'failure'],
    ])
  })
})

test('a request that is refused writes nothing of itself to the log, neither its name nor its address', async (t) => {
  const log = t.mock.fn()
  const url = await serveExpenses(t, { log })
  const fits = { 'mcp-method': 'tools/call', 'mcp-name': 'get_expenses' }
  for (const [headers, method, params] of [
    [fits, 'tools/call', { name: SECRET, arguments: {} }],
    [{ ...fits, 'mcp-name': SECRET }, 'tools/call', { name: 'get_expenses', arguments: {} }],
    [{ ...fits, 'mcp-method': SECRET }, 'tools/call', { name: 'get_expenses', arguments: {} }],
    [
      { 'mcp-method': 'resources/read', 'mcp-name': 'expenses://mine' },
      'resources/read',
      { uri: `expenses://mine/${SECRET}` },
    ],
  ] as const) {
    const response = await send(url, headers, { jsonrpc: '2.0', id: 1, method, params })
    assert.equal(response.status, 400)
  }
  const events = log.mock.calls.map(({ arguments: [event] }) => event)
  assert.deepEqual(
    events.map(({ message }) => message),
    ['name', 'name', 'method', 'name'].map(
      (which) => `Rejected inbound request (${which}-header-mismatch).`,
    ),
  )
})

/** Calls a tool with `DEEP`, which no client would write. */
async function call(url: string, name: string, argument: string): Promise<string> {
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":{"${argument}":${DEEP}}}}`
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'x-person': 'alice',
    },
    body,
  })
  assert.equal(response.status, 200)
  return response.text()
}

/** Sends a request of 2026-07-28 whose headers may say something else than its body. */
function send(
  url: string,
  headers: Record<string, string>,
  message: { readonly params: object; readonly [member: string]: unknown },
): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'x-person': 'alice',
      ...headers,
    },
    body: JSON.stringify({ ...message, params: { ...message.params, _meta } }),
  })
}

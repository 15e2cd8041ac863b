import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExpensesServer, sqliteExpenseStore } from '../../src/expenses/server.ts'
import { PEOPLE, serveExpenses } from './support.ts'

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'x-person': 'alice',
}
const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}
const CAPABILITIES = {
  tools: { listChanged: false },
  prompts: { listChanged: false },
  resources: { listChanged: false },
  completions: {},
}
const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']

type Answer = { id: unknown; result: Record<string, unknown>; error: { code: number } }

test('a request of a revision of 2025 is answered in one JSON document', async (t) => {
  const url = await serveExpenses(t)
  const params = { name: 'get_expenses', arguments: {} }
  const response = await post(url, toMessage(7, 'tools/call', params))
  assert.equal(response.headers.get('content-type'), 'application/json')
  const { id, result } = (await response.json()) as Answer
  assert.equal(id, 7)
  assert.partialDeepStrictEqual(result, { structuredContent: { count: 0, expenses: [] } })
})

test('what is promised is the same by initialize and by server/discover', async (t) => {
  const url = await serveExpenses(t)
  const initialized = await post(url, toMessage(1, 'initialize', INITIALIZE))
  const { result } = (await initialized.json()) as Answer
  assert.deepEqual(result.capabilities, CAPABILITIES)
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' }
  const discovered = await post(url, toMessage(1, 'server/discover', { _meta }), headers)
  assert.deepEqual(((await discovered.json()) as Answer).result.capabilities, CAPABILITIES)
})

test('a batch (2025-03-26) finds all that its messages are about', async (t) => {
  const url = await serveExpenses(t)
  const batch = LISTS.map((method, i) => toMessage(i, method))
  const headers = { 'mcp-protocol-version': '2025-03-26' }
  const answers = (await (await post(url, batch, headers)).json()) as Answer[]
  const counts = answers.map(({ result }) => Object.values(result).flat().length)
  assert.deepEqual(counts, [5, 1, 3, 2])
})

test('each message alone finds what it is about, and nothing is told of a method that is none', async (t) => {
  const url = await serveExpenses(t)
  for (const method of LISTS) {
    const { result } = (await (await post(url, toMessage(1, method))).json()) as Answer
    assert.ok(Object.values(result).flat().length > 0, method)
  }
  for (const ref of [
    { type: 'ref/prompt', name: 'analyze_spending' },
    { type: 'ref/resource', uri: 'ui://expenses/spending.html' },
  ]) {
    const params = { ref, argument: { name: 'category', value: 'f' } }
    const response = await post(url, toMessage(1, 'completion/complete', params))
    assert.ok('completion' in ((await response.json()) as Answer).result, ref.type)
  }
  for (const method of ['tools', 'tools/none', '', '__proto__', 'constructor/list']) {
    const { error } = (await (await post(url, toMessage(1, method))).json()) as Answer
    assert.equal(error.code, -32601, method)
  }
})

test('a batch that cancels its own call does not hold its request open for ever', async (t) => {
  const audited: unknown[] = []
  const url = await serveExpenses(t, {}, (...called) => audited.push(called))
  const call = toMessage(1, 'tools/call', { name: 'get_expenses', arguments: {} })
  const cancel = {
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: 1 },
  }
  for (const batch of [
    [call, cancel],
    [cancel, call],
  ]) {
    const response = await post(url, batch, {}, AbortSignal.timeout(5_000))
    assert.partialDeepStrictEqual(await response.json(), { id: 1, result: {} })
    // A header of 2026-07-28 has the SDK answer it, in a stream.
    const headers = { 'mcp-method': 'tools/call' }
    const streamed = await post(url, batch, headers, AbortSignal.timeout(5_000))
    assert.match(await streamed.text(), /"result"/)
  }
  assert.deepEqual(audited, Array(4).fill(['get_expenses', 'success']))
})

test('a body that breaks off is told from one that is no JSON', async (t) => {
  const own = sqliteExpenseStore(':memory:')
  t.after(() => own.close())
  const server = createExpensesServer({ expenses: own })
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
  const init = { method: 'POST', body, headers: HEADERS, duplex: 'half' }
  const request = new Request('http://localhost/mcp', init as RequestInit)
  const authInfo = { token: 't', clientId: 'c', scopes: [], extra: { user: PEOPLE.alice } }
  const response = await server.fetch(request, { authInfo })
  const { error } = (await response.json()) as { error: { message: string } }
  assert.equal(response.status, 400)
  assert.equal(error.message, 'The request body could not be read to its end.')
})

test('a notification and an answer are taken without an answer', async (t) => {
  const url = await serveExpenses(t)
  const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
  for (const message of [notification, { jsonrpc: '2.0', id: 1, result: {} }]) {
    assert.equal((await post(url, message)).status, 202)
  }
})

test('a body that is no message is refused in the form of JSON-RPC', async (t) => {
  const url = await serveExpenses(t)
  const refused = async (body: string | ReadableStream, headers = {}) => {
    const init = { method: 'POST', body, headers: { ...HEADERS, ...headers }, duplex: 'half' }
    const response = await fetch(url, init as RequestInit)
    const { error, id } = (await response.json()) as Answer
    return [response.status, error.code, id]
  }
  for (const body of ['', '{', 'null and void']) {
    assert.deepEqual(await refused(body), [400, -32700, null], body)
  }
  for (const body of ['null', '1', '"tools/list"', '{}']) {
    const [status] = await refused(body)
    assert.equal(status, 400, body)
  }
  // In pieces, so that no header tells its size.
  const pieces = ReadableStream.from([Buffer.alloc(40_000, ' '), Buffer.alloc(40_000, ' ')])
  assert.deepEqual(await refused(pieces), [413, -32000, null])
  assert.deepEqual(await refused('{}', { 'content-type': 'text/plain' }), [415, -32000, null])
})

function toMessage(id: number, method: string, params: object = {}) {
  return { jsonrpc: '2.0', id, method, params }
}

function post(
  url: string,
  message: object,
  headers = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  const body = JSON.stringify(message)
  return fetch(url, { method: 'POST', body, headers: { ...HEADERS, ...headers }, signal })
}

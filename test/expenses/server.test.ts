import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createExpensesServer,
  sqliteExpenseStore,
  TooManyError,
  UncertainError,
} from '../../src/expenses/server.ts'
import {
  addExpense,
  authInfoOf,
  CLIENTS,
  failingStore,
  getExpenses,
  OFFICE_SUPPLIES,
  PEOPLE,
  serveExpenses,
  type ToolDefinition,
} from './support.ts'

const MODERN = 'SDK v2 on 2026-07-28'

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: an expense that was added is listed as it was answered`, async (t) => {
    const now = () => new Date('2026-10-05T09:30:00Z')
    const client = await connect(await serveExpenses(t, { now }), 'alice')
    await client.listTools() // From here on the client checks answers against the output schema.
    const result = await client.callTool({ name: 'add_user_expense', arguments: OFFICE_SUPPLIES })
    const stored = result.structuredContent
    const id = stored?.id
    const created = '2026-10-05T09:30:00.000Z'
    assert.deepEqual(stored, { ...OFFICE_SUPPLIES, id, currency: 'USD', created })
    assert.equal(
      result.content[0]?.text,
      `Saved 75.00 USD for office supplies on Friday, 2026-10-02 (category shopping, paid with visa). Its id is ${id}.`,
    )
    const listed = await client.callTool({ name: 'get_expenses', arguments: {} })
    assert.deepEqual(listed.structuredContent, {
      expenses: [stored],
      count: 1,
      total: 75,
      currency: 'USD',
    })
    assert.equal(
      listed.content[0]?.text,
      `1 expense, 75.00 USD in total.\n2026-10-02 | 75.00 USD | shopping | visa | office supplies | ${id}`,
    )
  })

  test(`${name}: nobody sees the expenses of another account or of a namesake in another tenant`, async (t) => {
    const url = await serveExpenses(t)
    const [alice, bob, namesake] = await Promise.all([
      connect(url, 'alice'),
      connect(url, 'bob'),
      connect(url, 'namesake'),
    ])
    const ids = { alice: (await addExpense(alice)).id, bob: (await addExpense(bob)).id }
    assert.deepEqual(
      (await getExpenses(alice)).expenses.map((e) => e.id),
      [ids.alice],
    )
    assert.deepEqual(
      (await getExpenses(bob)).expenses.map((e) => e.id),
      [ids.bob],
    )
    assert.deepEqual(await getExpenses(namesake), {
      expenses: [],
      count: 0,
      total: 0,
      currency: 'USD',
    })
  })

  test(`${name}: 200 expenses added at once are all listed`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const added = await Promise.all(
      Array.from({ length: 200 }, (_, i) => addExpense(client, { amount: (i + 1) / 100 })),
    )
    const { expenses, count, total } = await getExpenses(client)
    assert.equal(new Set(added.map(({ id }) => id)).size, 200)
    assert.deepEqual(expenses.map(({ id }) => id).sort(), added.map(({ id }) => id).sort())
    assert.deepEqual({ count, total }, { count: 200, total: 201 })
  })

  test(`${name}: the tools are advertised exactly`, async (t) => {
    const client = await connect(await serveExpenses(t), 'alice')
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map((tool) => tool.name),
      [
        'add_user_expense',
        'get_expenses',
        'summarize_expenses',
        'update_user_expense',
        'delete_user_expense',
      ],
    )
    const [add, get] = tools as [ToolDefinition, ToolDefinition]
    assert.deepEqual(withoutDescriptions(add.inputSchema), {
      type: 'object',
      properties: {
        date: { type: 'string', format: 'date', examples: ['2026-10-02'] },
        amount: { type: 'number', exclusiveMinimum: 0, maximum: 1e9, examples: [75] },
        category: {
          type: 'string',
          enum: ['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other'],
        },
        description: {
          type: 'string',
          minLength: 1,
          maxLength: 500,
          examples: ['office supplies'],
        },
        payment_method: { type: 'string', enum: ['amex', 'visa', 'cash'] },
      },
      required: ['date', 'amount', 'category', 'description', 'payment_method'],
      additionalProperties: false,
    })
    assert.deepEqual(withoutDescriptions(get.inputSchema), LIST_ARGUMENTS)
    for (const tool of tools) assert.ok(tool.title && tool.description, tool.name)
    for (const { inputSchema } of tools) {
      for (const { description } of Object.values(inputSchema.properties)) assert.ok(description)
      assert.equal(inputSchema.additionalProperties, false)
    }
    const hints = { destructiveHint: false, openWorldHint: false }
    assert.deepEqual(add.annotations, { ...hints, readOnlyHint: false, idempotentHint: false })
    assert.deepEqual(get.annotations, { ...hints, readOnlyHint: true, idempotentHint: true })
    assert.deepEqual(Object.keys(add.outputSchema?.properties ?? {}), EXPENSE_FIELDS)
    assert.deepEqual(get.outputSchema?.required, ['expenses', 'count', 'total', 'currency'])
  })

  test(`${name}: the instructions say how a sentence becomes a call`, async (t) => {
    const client = await connect(await serveExpenses(t, { currency: 'EUR' }), 'alice')
    const text = client.getInstructions() ?? ''
    for (const part of ['last Friday', 'current date', 'in EUR', '"category": "shopping"']) {
      assert.ok(text.includes(part), part)
    }
  })
}

test('on 2026-07-28 what is listed is private to its reader, and no change is promised', async (t) => {
  const url = await serveExpenses(t)
  const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']
  for (const method of [...lists, 'server/discover']) {
    const response = await post(url, method, {})
    const { result } = (await response.json()) as { result: Listed }
    assert.equal(result.cacheScope, 'private', method)
    assert.equal(result.ttlMs, 300_000, method)
    if (result.capabilities) {
      const unchanging = { listChanged: false }
      assert.deepEqual(result.capabilities, {
        tools: unchanging,
        prompts: unchanging,
        resources: unchanging,
        completions: {},
      })
    }
  }
})

test('on 2026-07-28 what is read of somebody’s expenses is private and kept by nobody', async (t) => {
  const url = await serveExpenses(t)
  for (const path of ['mine', 'mine.csv', 'mine/2026', 'mine/2026-10.csv']) {
    const uri = `expenses://${path}`
    const response = await post(url, 'resources/read', { uri }, { 'mcp-name': uri })
    const { result } = (await response.json()) as { result: Listed }
    assert.deepEqual([result.cacheScope, result.ttlMs], ['private', 0], uri)
  }
})

test('no schema names a dialect that validators of draft 7 refuse', async (t) => {
  const { tools } = await (await CLIENTS[MODERN](await serveExpenses(t), 'alice')).listTools()
  assert.ok(!JSON.stringify(tools).includes('$schema'))
})

test('another currency has its own digits, in the schema’s words and in what is kept', async (t) => {
  const yen = await CLIENTS[MODERN](await serveExpenses(t, { currency: 'JPY' }), 'alice')
  assert.equal((await addExpense(yen, { amount: 1500 })).amount, 1500)
  await assert.rejects(addExpense(yen, { amount: 1500.5 }), /with no decimals, in JPY/)
  const dinar = await CLIENTS[MODERN](await serveExpenses(t, { currency: 'KWD' }), 'alice')
  assert.equal((await addExpense(dinar, { amount: 1.005 })).amount, 1.005)
  await assert.rejects(addExpense(dinar, { amount: 1.0005 }), /with at most 3 decimals, in KWD/)
})

test('expenses in a former currency keep it and are not added to the total', async (t) => {
  const expenses = sqliteExpenseStore(':memory:')
  const before = await serveExpenses(t, { expenses, currency: 'JPY' })
  await addExpense(await CLIENTS[MODERN](before, 'alice'), { amount: 1500 })
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses }), 'alice')
  await client.listTools()
  await addExpense(client, { amount: 0.1 })
  await addExpense(client, { amount: 0.2 })
  const { total, currency, other_totals } = await getExpenses(client)
  assert.deepEqual(
    { total, currency, other_totals },
    { total: 0.3, currency: 'USD', other_totals: [{ total: 1500, currency: 'JPY' }] },
  )
})

test('an unknown currency is refused at the start', () => {
  const expenses = sqliteExpenseStore(':memory:')
  assert.throws(() => createExpensesServer({ expenses, currency: 'UDS' }), /"UDS" is no currency/)
})

test('a request without a person is not served', async (t) => {
  const log = t.mock.fn()
  const server = createExpensesServer({ expenses: sqliteExpenseStore(':memory:'), log })
  for (const user of [undefined, {}, { oid: '', tid: '' }, { ...PEOPLE.alice, tid: undefined }]) {
    const authInfo = { ...authInfoOf(PEOPLE.alice), extra: { user } } as never
    const response = await server.fetch(request('http://x/mcp', 'tools/list', {}), { authInfo })
    assert.equal(response.status, 500)
  }
  assert.match(log.mock.calls[0]?.arguments[0].message, /put it behind the gate/)
})

test('the log says whose expense was saved and nothing of what is in it', async (t) => {
  const log = t.mock.fn()
  const client = await CLIENTS[MODERN](await serveExpenses(t, { log }), 'alice')
  const { id } = await addExpense(client)
  const { oid, tid } = PEOPLE.alice
  assert.deepEqual(
    log.mock.calls.map(({ arguments: [event] }) => event),
    [{ event: 'expenses.added', message: 'An expense was saved.', id, tid, oid }],
  )
})

test('storage that fails is a tool error without its words, which go to the log', async (t) => {
  const log = t.mock.fn()
  const fails = () => Promise.reject(new Error('SQLITE_FULL: /var/disk'))
  const expenses = failingStore(fails)
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses, log }), 'alice')
  await assert.rejects(addExpense(client), {
    message: 'The expense was not saved: the server cannot write to its storage now.',
  })
  await assert.rejects(getExpenses(client), {
    message: 'The expenses were not read: the server cannot reach its storage now.',
  })
  const events = log.mock.calls.map(({ arguments: [event] }) => event)
  assert.deepEqual(
    events.map(({ event, oid }) => [event, oid]),
    [
      ['expenses.add_failed', PEOPLE.alice.oid],
      ['expenses.list_failed', PEOPLE.alice.oid],
    ],
  )
  assert.match(events[0].message, /SQLITE_FULL/)
})

test('an expense of which it is not known whether it was saved is not called lost', async (t) => {
  const fails = () => Promise.reject(new UncertainError('no answer'))
  const client = await CLIENTS[MODERN](
    await serveExpenses(t, { expenses: failingStore(fails) }),
    'alice',
  )
  await assert.rejects(
    addExpense(client),
    /not known whether.*get_expenses before you add it again/,
  )
})

test('whoever has as many expenses as may be is told so, and what to do', async (t) => {
  const expenses = failingStore(() => Promise.reject(new TooManyError(1_000_000)))
  const log = t.mock.fn()
  const client = await CLIENTS[MODERN](await serveExpenses(t, { expenses, log }), 'alice')
  await assert.rejects(addExpense(client), {
    message:
      'The expense was not saved: the user has 1000000 expenses, as many as one person may have. Old ones can be deleted with delete_user_expense.',
  })
  assert.equal(log.mock.callCount(), 0)
})

test('a body beyond 64 kB is refused before it is read as JSON', async (t) => {
  const url = await serveExpenses(t)
  const response = await post(url, 'tools/list', { padding: 'x'.repeat(64 * 1024) })
  assert.equal(response.status, 413)
})

test('GET and DELETE are not allowed: there is no session to listen to or to end', async (t) => {
  const url = await serveExpenses(t)
  for (const method of ['GET', 'DELETE']) {
    const headers = { 'x-person': 'alice', accept: 'text/event-stream' }
    assert.equal((await fetch(url, { method, headers })).status, 405, method)
  }
})

test('a closed server serves nobody', async () => {
  const server = createExpensesServer({ expenses: sqliteExpenseStore(':memory:') })
  const ask = () =>
    server.fetch(request('http://x/mcp', 'tools/list', {}), { authInfo: authInfoOf(PEOPLE.alice) })
  assert.equal((await ask()).status, 200)
  await server.close()
  await assert.rejects(ask, /closed/)
})

/** `get_expenses` can still be called without any: none is required. */
const LIST_ARGUMENTS = {
  type: 'object',
  properties: {
    from: { type: 'string', format: 'date', examples: ['2026-10-02'] },
    to: { type: 'string', format: 'date', examples: ['2026-10-02'] },
    category: {
      type: 'string',
      enum: ['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other'],
    },
    payment_method: { type: 'string', enum: ['amex', 'visa', 'cash'] },
    text: { type: 'string', minLength: 1, maxLength: 500, examples: ['office supplies'] },
    limit: { type: 'integer', minimum: 1, maximum: 2000, default: 2000 },
    cursor: { type: 'string', minLength: 1, maxLength: 1000 },
  },
  additionalProperties: false,
}

type Listed = { cacheScope: string; ttlMs: number; capabilities?: unknown }

const EXPENSE_FIELDS = [
  'id',
  'date',
  'amount',
  'currency',
  'category',
  'description',
  'payment_method',
  'created',
]

function withoutDescriptions(schema: ToolDefinition['inputSchema']) {
  const properties = Object.entries(schema.properties).map(
    ([name, { description: _, ...rest }]) => [name, rest],
  )
  return { ...schema, properties: Object.fromEntries(properties) }
}

function post(url: string, method: string, params: object, headers = {}): Promise<Response> {
  return fetch(request(url, method, params, headers))
}

function request(url: string, method: string, params: object, headers = {}): Request {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      'x-person': 'alice',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  })
}

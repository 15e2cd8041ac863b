import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { withConnection } from '../../../src/cli/client/connect.ts'
import { openCredentialStore } from '../../../src/cli/client/credential-store.ts'
import { createFakeTerminal } from './fake-terminal.ts'
import { openScene, type Scene } from './support.ts'
import { createThingsServer } from './things-server.ts'

const things = createThingsServer()
const scene = await openScene({ handler: things.handler })
const expenses = await openScene()
after(() => Promise.all([scene, expenses].map((one) => one[Symbol.asyncDispose]())))

/** What the model was sent with one question. */
async function sentTo({ model, sit }: Scene) {
  model.always({ text: 'Well.' })
  const { ended } = sit({ once: 'What can you do?' })
  assert.equal(await ended, undefined)
  const request = model.requests.at(-1)
  assert.ok(request)
  return request
}

suite('the tools reach the model as the server publishes them', () => {
  test('name, description and schema of each, and nothing besides', async () => {
    const { body } = await sentTo(expenses)
    const { person, server } = expenses
    const store = openCredentialStore(person.desktop.env)
    const { terminal } = createFakeTerminal(person.desktop.env, false)
    const { tools } = await withConnection(
      new URL(`${server.url}/mcp`),
      terminal,
      store,
      (client) => client.listTools(),
    )
    const published = tools.map(({ name, description, inputSchema }) => {
      const { $schema: _, ...parameters } = inputSchema
      return { type: 'function', function: { name, description, parameters } }
    })
    assert.deepEqual(
      body.tools?.filter((tool) => tool.function.name !== 'read_resource'),
      published,
    )
    assert.doesNotMatch(JSON.stringify(body.tools), /\$schema|"strict"/)
  })

  test('what add_user_expense takes, whole', async () => {
    const { tools } = await sentTo(expenses)
    const { description, parameters, ...rest } = tools.get('add_user_expense') as {
      name: string
      description: string
      parameters: Record<string, unknown> & { properties: Record<string, Record<string, unknown>> }
    }
    assert.deepEqual(rest, { name: 'add_user_expense' })
    assert.match(description, /^Records one expense of the signed-in user/)
    const { properties, ...schema } = parameters
    assert.deepEqual(schema, {
      type: 'object',
      required: ['date', 'amount', 'category', 'description', 'payment_method'],
      additionalProperties: false,
    })
    for (const [name, property] of Object.entries(properties)) {
      assert.ok(String(property.description).length > 20, name)
    }
    const bare = Object.entries(properties).map(([name, { description: _, ...of }]) => [name, of])
    assert.deepEqual(Object.fromEntries(bare), {
      date: { type: 'string', format: 'date', examples: ['2026-10-02'] },
      amount: { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000_000, examples: [75] },
      category: {
        type: 'string',
        enum: ['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other'],
      },
      description: { type: 'string', minLength: 1, maxLength: 500, examples: ['office supplies'] },
      payment_method: { type: 'string', enum: ['amex', 'visa', 'cash'] },
    })
  })

  test('a name that models cannot write is written otherwise, and means the same tool', async () => {
    const { tools } = await sentTo(scene)
    assert.ok(tools.has('change_thing'))
    for (const name of tools.keys()) assert.match(name, /^[\w-]{1,64}$/)
  })
})

test('the model is told the server’s instructions, and whose they are', async () => {
  assert.match((await sentTo(scene)).system, /The server, Things, says of itself:\nKeeps things\./)
  assert.match((await sentTo(expenses)).system, /"Last Friday" is the latest Friday before today/)
})

suite('resources', () => {
  test('are read by a tool that lists them, but for what the server has for people only', async () => {
    const { tools } = await sentTo(scene)
    const { description } = tools.get('read_resource') as { description: string }
    assert.equal(
      description,
      'Reads one of the resources of Things:\nthings://all: All things.\nthings://{id}: One thing.',
    )
    const uris = ['things://all', 'things://lamp', 'nothing://here']
    scene.model.always(({ results }) =>
      results.length === 0
        ? { calls: uris.map((uri) => ({ name: 'read_resource', args: { uri } })) }
        : { text: results.join('\n') },
    )
    const { ended, out } = scene.sit({ once: 'Read them.' })
    assert.equal(await ended, undefined)
    assert.match(
      out(),
      /^lamp, ladder\nabout things:\/\/lamp\nThe server refused the call: .*nothing:\/\/here.*\n$/,
    )
  })
})

suite('a call that cannot be run is told to the model, which can mend it', () => {
  /** What the model is told after such a call. */
  async function toldAfter(call: { name: string; args?: unknown; json?: string }) {
    scene.model.always(({ results }) =>
      results.length === 0 ? { calls: [call] } : { text: `Told: ${results.join()}` },
    )
    const { ended, out } = scene.sit({ once: 'Do it.' })
    assert.equal(await ended, undefined)
    return out()
  }

  test('a tool that is not there', async () => {
    assert.match(
      await toldAfter({ name: 'conjure', args: {} }),
      /^Told: There is no tool "conjure"\. There are: list_things, add_thing, delete_thing/,
    )
  })

  test('arguments that are no JSON, or no object', async () => {
    for (const json of ['{"id": ', '[1]', '"text"', 'null']) {
      const told = await toldAfter({ name: 'add_thing', json })
      assert.match(told, /^Told: Not run: the arguments are not a JSON object\./, json)
    }
  })

  test('arguments that the server refuses', async () => {
    assert.match(await toldAfter({ name: 'add_thing', args: { id: 5 } }), /^Told: .*\bid\b/s)
  })

  test('and mended, the second call is run', async () => {
    const wrong = {
      date: 'last Friday',
      amount: 75,
      category: 'office',
      description: 'pens',
      payment_method: 'visa',
    }
    expenses.model.always(({ results }) => {
      if (results.length === 0) return { calls: [{ name: 'add_user_expense', args: wrong }] }
      if (results.length > 1) return { text: 'Saved.' }
      assert.match(
        String(results[0]),
        /"last Friday" is not accepted\. Give a day[\s\S]*"office" is not accepted/,
      )
      const args = { ...wrong, date: '2026-10-02', category: 'shopping' }
      return { calls: [{ name: 'add_user_expense', args }] }
    })
    const { ended, out } = expenses.sit({ once: 'Log pens.' })
    assert.equal(await ended, undefined)
    assert.equal(out(), 'Saved.\n')
    const { expenses: kept } = await expenses.callTool('get_expenses')
    assert.deepEqual(
      (kept as { description: string }[]).map((one) => one.description),
      ['pens'],
    )
  })
})

test('a huge result reaches the model in part, and the model is told so', async () => {
  scene.model.always(({ results }) =>
    results.length === 0 ? { calls: [{ name: 'huge', args: {} }] } : { text: 'Much.' },
  )
  const { ended } = scene.sit({ once: 'Get it.' })
  assert.equal(await ended, undefined)
  const [result = ''] = scene.model.requests.at(-1)?.results ?? []
  assert.ok(result.length < 24_200, String(result.length))
  assert.match(result, /\n\[376001 more characters are left out here: ask for less/)
})

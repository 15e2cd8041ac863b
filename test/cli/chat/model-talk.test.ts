import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { generateText, jsonSchema, type ToolSet, tool } from 'ai'
import { explainFinish } from '../../../src/cli/chat/model-errors.ts'
import { refusal, type ScriptedModel, startScriptedModel } from '../../support/scripted-model.ts'
import { talk } from './talk.ts'

let model: ScriptedModel
let OPENAI: Record<string, string>
beforeEach(async () => {
  model = await startScriptedModel()
  OPENAI = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'm' }
})
afterEach(() => model.close())

const add: ToolSet[string] = tool({
  description: 'Adds.',
  inputSchema: jsonSchema<{ text: string }>({
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  }),
})

const last = ({ requests }: ScriptedModel) => requests.at(-1) ?? assert.fail('nothing was asked')

/** Text that is cut in its characters, escapes and surrogates by the scripted server. */
const ODD = 'Žluťoučký 🧾 “quoted” \\ \n\t ‮ עברית 日本語 {"a":1} data: [DONE]'

suite('an answer', () => {
  test('comes whole, however its bytes and its deltas are cut', async () => {
    model.script({ text: ODD, reasoning: 'thinking…' })
    const said = await talk(OPENAI, { say: ODD })
    assert.equal(said.error, undefined)
    assert.equal(said.text, ODD)
    assert.equal(said.finish, 'stop')
    assert.equal(said.tokens, 150)
    assert.equal(last(model).said, ODD)
  })

  test('reaches the person piece by piece, not at its end', async () => {
    const { promise: heard, resolve } = Promise.withResolvers<void>()
    model.script({ text: 'Hello', silentAfter: 3 })
    const interrupt = new AbortController()
    const talking = talk(OPENAI, { signal: interrupt.signal, heard: () => resolve() })
    await heard
    interrupt.abort()
    assert.equal((await talking).error?.name, 'Interrupted')
  })

  test('has calls side by side, their arguments whole', async () => {
    const args = [{ text: ODD }, { text: '' }, { text: '🧾'.repeat(20) }]
    model.script({ text: 'Two.', calls: args.map((one) => ({ name: 'add', args: one })) })
    const { calls, finish, error } = await talk(OPENAI, { tools: { add } })
    assert.equal(error, undefined)
    assert.deepEqual(
      calls.map(({ input }) => input),
      args,
    )
    assert.equal(finish, 'tool-calls')
    const [offered] = last(model).body.tools ?? []
    assert.deepEqual(offered?.function.parameters, {
      type: 'object',
      properties: { text: { type: 'string' } },
      required: ['text'],
      additionalProperties: false,
    })
  })

  test('may end without [DONE], and without usage', async () => {
    model.script({ text: 'Fine.', done: false })
    assert.equal((await talk(OPENAI)).text, 'Fine.')
  })

  test('is asked for without reasoning where tools are taken only so, and then always', async () => {
    const words =
      "Function tools with reasoning_effort are not supported for gpt-6-luna in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'."
    const body = { error: { message: words, param: 'reasoning_effort', code: null } }
    model.always(({ body: { reasoning_effort } }) =>
      reasoning_effort === 'none' ? { text: 'Done.' } : { status: 400, body },
    )
    const { text, error, notes, model: resolved } = await talk(OPENAI, { tools: { add } })
    assert.equal(error, undefined)
    assert.equal(text, 'Done.')
    assert.deepEqual(notes, [])
    await generateText({ model: resolved.model, prompt: 'Again', maxRetries: 0 })
    const efforts = model.requests.map(({ body }) => body.reasoning_effort)
    assert.deepEqual(efforts, [undefined, 'none', 'none'])
  })
})

suite('a model that is busy', () => {
  test('is asked again after what it wants, and the person is told', async () => {
    const headers = { 'retry-after-ms': '5' }
    model.script(refusal(429, 'rate_limit_exceeded', 'Slow down.', headers), { text: 'Now.' })
    const { text, notes } = await talk(OPENAI)
    assert.equal(text, 'Now.')
    assert.equal(notes.length, 1)
    assert.match(notes[0] ?? '', /^m \(OpenAI-compatible, 127.*another attempt in 1 s\.$/)
  })

  test('is asked three times at most', async () => {
    const headers = { 'retry-after-ms': '1' }
    model.always(refusal(503, null, 'Overloaded.', headers))
    const { error, notes } = await talk(OPENAI)
    assert.match(String(error?.message), /has trouble of its own \(503\)\. It says: Overloaded\./)
    assert.equal(model.requests.length, 3)
    assert.equal(notes.length, 2)
  })

  test('that wants a longer pause than half a minute is left to the person', async () => {
    model.always(refusal(429, 'rate_limit_exceeded', 'Slow.', { 'retry-after': '3600' }))
    const { error } = await talk(OPENAI)
    assert.match(String(error?.message), /has had enough requests for now/)
    assert.match(String(error?.cure), /in 3600 s/)
    assert.equal(model.requests.length, 1)
  })

  test('whose date to come back is past is asked at once', async () => {
    const date = new Date(Date.now() - 1000).toUTCString()
    model.script(refusal(429, null, 'Slow.', { 'retry-after': date }), { text: 'Now.' })
    assert.equal((await talk(OPENAI)).text, 'Now.')
  })

  test('and says that another attempt is in vain is not asked again', async () => {
    model.always(refusal(500, null, 'No.', { 'x-should-retry': 'false' }))
    await talk(OPENAI)
    assert.equal(model.requests.length, 1)
  })

  test('stops being waited for at Ctrl-C', async () => {
    const interrupt = new AbortController()
    model.always(refusal(503, null, 'Overloaded.', { 'retry-after': '20' }))
    const asked = Promise.withResolvers<void>()
    model.script(() => {
      asked.resolve()
      return refusal(503, null, 'Overloaded.', { 'retry-after': '20' })
    })
    const talking = talk(OPENAI, { signal: interrupt.signal })
    await asked.promise
    setImmediate(() => interrupt.abort())
    assert.equal((await talking).error?.name, 'Interrupted')
  })
})

suite('an answer that does not come to its end', () => {
  for (const cutAfter of [1, 4]) {
    test(`is said to be cut off, and is not asked for again: after ${cutAfter} events`, async () => {
      model.script({ text: 'A long answer.', cutAfter })
      const { error } = await talk(OPENAI)
      assert.match(String(error?.message), /was cut off in the middle/)
      assert.match(String(error?.cure), /see first what it has already done/)
      assert.equal(model.requests.length, 1)
    })
  }

  test('is told from a whole one where a proxy ends it in good order', async () => {
    model.script({ text: 'A long answer.', finish: null, done: false })
    const { error } = await talk(OPENAI)
    assert.match(String(error?.message), /was cut off in the middle/)
  })

  test('is given up when it says nothing for too long', async () => {
    model.script({ text: 'A long answer.', silentAfter: 3 })
    const { error, text } = await talk({ ...OPENAI, ENTRANCE_MODEL_TIMEOUT: '1' })
    assert.match(String(error?.message), /has said nothing for 1 s/)
    assert.match(String(error?.cure), /ENTRANCE_MODEL_TIMEOUT/)
    assert.notEqual(text, '')
    await last(model).gone
    assert.equal(model.requests.length, 1)
  })

  test('is given up when it never begins', async () => {
    model.script({ text: 'Never.', before: new Promise(() => {}) })
    const { error } = await talk({ ...OPENAI, ENTRANCE_MODEL_TIMEOUT: '1' })
    assert.match(String(error?.message), /has said nothing for 1 s/)
    await last(model).gone
  })

  test('ends at the model too when the person presses Ctrl-C', async () => {
    const interrupt = new AbortController()
    model.script({ text: 'A long answer.', silentAfter: 3 })
    const heard = () => interrupt.abort()
    const { error } = await talk(OPENAI, { signal: interrupt.signal, heard })
    assert.equal(error?.name, 'Interrupted')
    await last(model).gone
  })
})

suite('nonsense in place of an answer', () => {
  test('such as a line that is no JSON is told', async () => {
    model.script({ text: 'Hello', lines: ['data: {"choices": [{"delta'] })
    const { error } = await talk(OPENAI)
    assert.match(String(error?.message), /answers something that cannot be read/)
  })

  test('such as a page is told, and nothing of the page is shown', async () => {
    const page = '<!doctype html><title>Sign in to the hotel</title>'
    for (const [status, told] of [
      [200, /answers with a page for a browser where a stream was expected/],
      [404, /There is no model behind http/],
      [502, /has trouble of its own \(502\)\.$/],
    ] as const) {
      model.always({ status, body: page, headers: { 'retry-after': '0' } })
      const { error } = await talk(OPENAI)
      assert.match(String(error?.message), told)
      assert.doesNotMatch(`${error?.message}${error?.cure}`, /hotel|doctype/)
    }
  })

  test('such as a redirect is not followed: the key would go along', async () => {
    const other = await startScriptedModel()
    try {
      const headers = { location: `${other.url}/chat/completions` }
      model.script({ status: 307, headers, body: {} })
      const { error } = await talk(OPENAI)
      assert.match(String(error?.message), /with a redirect \(307\), which is not followed/)
      assert.deepEqual(other.asked, [])
    } finally {
      await other.close()
    }
  })

  test('such as JSON where a stream was asked for is told; an error in it is read', async () => {
    model.script({ status: 200, body: { choices: [] } })
    assert.match(
      String((await talk(OPENAI)).error?.message),
      /with application\/json where a stream was expected/,
    )
    model.script({ status: 200, body: { error: { message: 'No such model.' } } })
    assert.match(String((await talk(OPENAI)).error?.message), /It says: No such model\./)
  })

  test('such as an answer without end is given up', async () => {
    const filler = `data: ${JSON.stringify({ choices: [], filler: 'x'.repeat(1 << 20) })}`
    const endless: typeof fetch = async () => {
      const body = new ReadableStream({
        pull: (out) => out.enqueue(new TextEncoder().encode(`${filler}\n\n`)),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    const { error } = await talk(OPENAI, { fetch: endless })
    assert.match(String(error?.message), /with more than anybody could read/)
  })

  test('such as an error in the middle of a stream is told', async () => {
    const line = `data: ${JSON.stringify({ error: { message: 'The server had an error.' } })}`
    model.script({ text: 'Hello', lines: [line] })
    const { error } = await talk(OPENAI)
    assert.match(
      String(error?.message),
      /broke off with an error\. It says: The server had an error/,
    )
  })
})

suite('a call that cannot be made', () => {
  for (const [what, call] of [
    ['arguments that are no JSON', { name: 'add', json: '{"text": "half' }],
    ['a tool that is not there', { name: 'subtract', args: {} }],
  ] as const) {
    test(`is not the end of the talk: ${what}`, async () => {
      model.script({ calls: [call] })
      const { error, finish } = await talk(OPENAI, { tools: { add } })
      assert.equal(error, undefined)
      assert.equal(finish, 'tool-calls')
    })
  }
})

suite('an answer that its model ends early', () => {
  for (const [finish, told] of [
    ['length', /has reached the longest answer/],
    ['content_filter', /content filter of m .* has cut the answer off/],
  ] as const) {
    test(`is told by why: ${finish}`, async () => {
      model.script({ text: 'Half', finish })
      const { finish: reason, text, model: resolved, error } = await talk(OPENAI)
      assert.equal(error, undefined)
      assert.equal(text, 'Half')
      assert.match(String(explainFinish(String(reason), resolved)), told)
    })
  }

  test('is told from one that is whole', async () => {
    model.script({ text: 'Whole.' })
    const { finish, model: resolved } = await talk(OPENAI)
    assert.equal(explainFinish(String(finish), resolved), undefined)
  })
})

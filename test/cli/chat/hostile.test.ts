import assert from 'node:assert/strict'
import { after, beforeEach, suite, test } from 'node:test'
import { printable } from '../../../src/cli/terminal.ts'
import { createHostileServer } from './hostile-server.ts'
import { openScene } from './support.ts'

const hostile = createHostileServer()
const scene = await openScene({ handler: hostile.handler })
after(() => scene[Symbol.asyncDispose]())
const { model } = scene

beforeEach(() => {
  hostile.done.length = 0
  hostile.size = 0
  model.always(({ results }) => ({ text: `Came of it: ${results.join(' / ')}.` }))
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what readline writes.
const READLINE = /\u001b\[\d*[GJKC]|\r/g

/** Calls these once, then says what came of them. */
function calling(...calls: readonly { name: string; args?: unknown; json?: string }[]): void {
  model.always(({ results }) =>
    results.length === 0 ? { calls } : { text: `Came of it: ${results.join(' / ')}.` },
  )
}

suite('a hostile server', () => {
  test('draws nothing by the names of prompts that Tab completes', async () => {
    const { type, sees, ended, screen } = scene.sit()
    await sees(/> /)
    type('/dra\t')
    await sees(/\/dra/)
    type('\u0015/dro\t')
    await sees(/\/drown/)
    type('\u0015/exit\n')
    await ended
    const outside = screen().replaceAll(READLINE, '')
    assert.equal(printable(outside), outside)
  })

  test('does not have the model read, and the person pay, a prompt of any length', async () => {
    const asked = model.requests.length
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('/drown\n')
    await sees(/\/drown has 80\d{4} characters; 50000 are the most/)
    assert.equal(model.requests.length, asked)
    type('/exit\n')
    await ended
  })

  test('does not have the model read, and the person pay, descriptions of any length', async () => {
    hostile.size = 1_000_000
    const asked = model.requests.length
    const error = await scene.sit({ once: 'Hello.' }).ended
    assert.match(
      error?.message ?? '',
      /describes its tools in 1\d{6} characters; 400000 are the most/,
    )
    assert.equal(model.requests.length, asked)
  })

  test('does not speak for the chat by its name', async () => {
    assert.equal(await scene.sit({ once: 'Hello.' }).ended, undefined)
    const { system = '' } = model.requests.at(-1) ?? {}
    assert.doesNotMatch(system, /^Obey me/m)
    assert.ok(system.length < 4000, String(system.length))
  })

  test('whose tools’ names become one is asked about by the name that it knows itself', async () => {
    calling({ name: 'x_y_2', args: { id: 't1' } })
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('go\n')
    await sees(/Call x_y_2, the server’s "x_y"\. Do it\? \[y\/N\] /)
    type('y\n')
    await sees(/Came of it/)
    assert.deepEqual(hostile.done, ['x_y'])
    type('/exit\n')
    await ended
  })

  test('has no schema of its own looked into, which takes a pattern as long as it likes', async () => {
    calling({ name: 'slow', args: {} })
    const { ended, out } = scene.sit({ once: 'Go.' })
    assert.equal(await ended, undefined)
    assert.match(out(), /aaa!/)
  })

  test('whose result is nested without end has done what it was asked, and that is said', async () => {
    calling({ name: 'nested', args: {} })
    const { ended, out } = scene.sit({ once: 'Go.', json: true })
    assert.equal(await ended, undefined)
    const { toolCalls, text } = JSON.parse(out())
    assert.deepEqual(hostile.done, ['nested'])
    assert.deepEqual(
      toolCalls.map((one: { outcome: string }) => one.outcome),
      ['done'],
    )
    assert.match(text, /did nested/)
  })
})

suite('a hostile model', () => {
  test('does not go on for thousands of calls', async () => {
    const calls = Array.from({ length: 20_000 }, () => ({ name: 'nested', args: {} }))
    model.always({ calls })
    const error = await scene.sit({ once: 'Go.' }).ended
    assert.match(error?.message ?? '', /wrote more than 200000 characters at once/)
    assert.deepEqual(hostile.done, [])
  })

  for (const [what, call, answered] of [
    [
      'writes arguments that are no text',
      { name: 'long', args: { id: { toString: 1 } } },
      /Do it\? \[y\/N\] /,
    ],
    ['calls what every object has', { name: 'constructor', args: {} }, /Came of it: /],
    ['calls the prototype', { name: '__proto__', args: {} }, /Came of it: /],
  ] as const) {
    test(`that ${what} has nothing done, and is told`, async () => {
      calling(call)
      const { type, sees, ended, screen } = scene.sit()
      await sees(/> /)
      type('go\n')
      await sees(answered)
      type('\n')
      await sees(/> /)
      assert.deepEqual(hostile.done, [])
      assert.doesNotMatch(screen(), /Maximum call stack|primitive/)
      type('/exit\n')
      await ended
    })
  }
})

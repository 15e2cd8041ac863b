import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askToRun } from '../../../src/cli/chat/ask-to-run.ts'
import { createKnownThings } from '../../../src/cli/chat/known-things.ts'
import type { ToolCall } from '../../../src/cli/chat/run-calls.ts'
import { toChatTools } from '../../../src/cli/chat/tools.ts'
import { createFakeTerminal } from './fake-terminal.ts'

/** A server's tools, as it says nothing of them but what is given. */
function toolsOf(annotations: Readonly<Record<string, boolean>> | undefined) {
  const inputSchema = { type: 'object' as const }
  const tools = [{ name: 'change_thing', inputSchema, ...(annotations && { annotations }) }]
  const none = { prompts: [], resources: [], templates: [] }
  return toChatTools({ name: 's', instructions: undefined, tools, ...none, canComplete: false })
}

function callWith(args: Readonly<Record<string, unknown>>): ToolCall {
  const [tool] = toolsOf(undefined).values()
  assert.ok(tool)
  return { id: 'c', name: tool.name, args, tool }
}

suite('the question before a call', () => {
  test('is not answered by what was typed before it was there', async () => {
    const { terminal, type, sees } = createFakeTerminal({}, true)
    type('y\ny\n')
    const answer = askToRun(callWith({ id: 't1' }), createKnownThings(), terminal)
    await sees(/Call change_thing\. Do it\? \[y\/N\] /)
    type('\n')
    assert.equal(await answer, false)
  })

  test('names the call beneath whatever its arguments draw, and says how much is above', async () => {
    const { terminal, type, sees } = createFakeTerminal({}, true)
    const args = { id: 't1', note: 'Call list_things. Do it? [y/N] '.repeat(100) }
    const answer = askToRun(callWith(args), createKnownThings(), terminal)
    await sees(/\n.*Call change_thing, with all that the \d\d lines above say\. Do it\? \[y\/N\] /)
    type('y\n')
    assert.equal(await answer, true)
  })

  test('is asked of every tool that does not say that it reads or adds only', () => {
    const isAsked = (annotations?: Record<string, boolean>) =>
      [...toolsOf(annotations).values()].map(({ isDestructive }) => isDestructive)
    assert.deepEqual(isAsked(), [true])
    assert.deepEqual(isAsked({ readOnlyHint: false }), [true])
    assert.deepEqual(isAsked({ idempotentHint: true }), [true])
    assert.deepEqual(isAsked({ readOnlyHint: true }), [false])
    assert.deepEqual(isAsked({ destructiveHint: false }), [false])
  })
})

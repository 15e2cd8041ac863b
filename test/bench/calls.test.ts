import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { conditionsOf } from '../../bench/calls/conditions.ts'
import type { Contenders } from '../../bench/calls/contenders.ts'
import { GENERATOR, noteAll, WARM } from '../../bench/calls/measures.ts'
import { ratiosBeside } from '../../bench/calls/ratios.ts'
import { changeTokens } from '../../bench/calls/rounds.ts'
import { createSamples } from '../../bench/calls/samples.ts'
import { startBare } from '../../bench/subjects/bare.ts'
import { startEmulatorProcess } from '../../bench/subjects/emulator.ts'
import { startEntrance } from '../../bench/subjects/entrance.ts'
import { startFixed } from '../../bench/subjects/fixed.ts'
import type { Subject } from '../../bench/subjects/subject.ts'
import { checkCall, toolCall } from '../../bench/subjects/tool-call.ts'
import { startUnchecked } from '../../bench/subjects/unchecked.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

test('Entrance of the bench lets in the tokens that were made for it, and nobody without one', async () => {
  await using emulator = await startEmulatorProcess()
  await using entrance = await startEntrance({ folder }, emulator)
  const [first = '', second = ''] = entrance.tokens(2)
  assert.notEqual(first, second)
  const call = (token?: string) => toolCall(entrance.call.url, 'get_expenses', {}, token)
  // The very person of the ten expenses.
  await checkCall(call(first))
  await checkCall(call(second))
  await assert.rejects(checkCall(call()), /401/)
  await assert.rejects(checkCall(call(first.slice(0, -4))), /401/)
  const { access_token, client_id } = (await entrance.signIn?.('Bob')) ?? {}
  assert.ok(client_id)
  // Bob has none.
  await assert.rejects(checkCall(call(access_token)), /lacks Lunch/)
})

test('the same server without the gate lists the same ten expenses to whoever asks', async () => {
  await using emulator = await startEmulatorProcess()
  await using entrance = await startEntrance({ folder }, emulator)
  await using unchecked = await startUnchecked({ folder })
  await using bare = await startBare()
  assert.equal(await checkCall(unchecked.call), await checkCall(entrance.call))
  assert.equal(unchecked.call.headers.authorization, undefined)
  await checkCall(bare.call)
})

test('the fixed body is as long as it is asked for', async () => {
  await using fixed = await startFixed(3616)
  const { url, headers, body } = fixed.call
  const response = await fetch(url, { method: 'POST', headers, body })
  assert.equal((await response.arrayBuffer()).byteLength, 3616)
})

test('Entrance is held beside the others of its own round, by rate and by processor time', () => {
  const samples = createSamples()
  const note = (subject: string, rate: number, serverCpu: number) =>
    noteAll(samples, WARM, subject, { ...OUTCOME, rate, serverCpu })
  for (const [rate, cpu] of [
    [950, 1000],
    [1800, 500],
  ] as const) {
    note('Entrance', rate, cpu)
    note('Unchecked', rate === 950 ? 1000 : 2000, cpu * 0.9)
    note('FastMCP (Python)', 190, 5000)
  }
  const [rate, cpu] = ratiosBeside({ name: 'Unchecked' }, CONTENDERS, samples)
  assert.deepEqual(rate, {
    id: 'calls/warm/rate/beside-unchecked',
    what: 'tool calls with one token, at saturation, guarded beside Unchecked',
    unit: '%',
    samples: [95, 90],
  })
  assert.deepEqual(cpu?.samples, [90, 90])
  const [peer] = ratiosBeside({ name: 'FastMCP (Python)' }, CONTENDERS, samples)
  assert.equal(peer?.id, 'calls/warm/rate/beside-fastmcp-python')
  assert.equal(peer?.unit, '×')
  assert.deepEqual(peer?.samples, [5, 1800 / 190])
})

test('beside the figures stands how far the load generator is from being the limit', () => {
  const samples = createSamples()
  for (const [subject, rate, share] of [
    ['Entrance', 1000, 8],
    ['Fixed', 20_000, 41],
  ] as const) {
    noteAll(samples, WARM, subject, { ...OUTCOME, rate })
    samples.note(GENERATOR, subject, share)
  }
  const said = conditionsOf({ isQuick: true }, CONTENDERS, samples)
  const expected =
    'The load generator used 8 % of its own processor while Entrance was measured, and got 20.0 × as many answers from Fixed with 41 %.'
  assert.ok(said.includes(expected), said.join('\n'))
})

test('a new token each means that none is sent twice', async () => {
  const samples = createSamples()
  noteAll(samples, WARM, 'Unchecked', { ...OUTCOME, rate: 1 })
  // So few are made for a server that is taken to be slow; this one is not.
  await using fixed = await startFixed(100)
  const fresh = { ...fixed, name: 'Entrance', tokens: (count: number) => Array(count).fill('x') }
  const contenders = { ...CONTENDERS, tokens: { fresh, many: [] } }
  const pace = { warmUp: 0, saturated: 0.2, half: 0 }
  await assert.rejects(changeTokens(contenders, samples, pace, 0), /More new tokens were used/)
})

const OUTCOME = {
  ...{ rate: 1, count: 1, failures: 0, p50: 1, p99: 2, p999: 3 },
  ...{ generatorCpu: 0.1, late: 0, serverCpu: 1 },
}

const CONTENDERS: Contenders = {
  entrance: { ...subject('Entrance'), tokens: () => [] },
  unchecked: subject('Unchecked'),
  bare: subject('Bare'),
  fixed: subject('Fixed'),
  peers: [subject('FastMCP (Python)')],
  absent: [],
  tokens: undefined,
  [Symbol.asyncDispose]: async () => {},
}

function subject(name: string): Subject {
  const call = { url: '', headers: {}, body: '' }
  return { name, pid: 0, url: '', call, conditions: [], [Symbol.asyncDispose]: async () => {} }
}

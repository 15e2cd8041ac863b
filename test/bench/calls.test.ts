import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { conditionsOf } from '../../bench/calls/conditions.ts'
import type { Contenders } from '../../bench/calls/contenders.ts'
import { GENERATOR, NEW, noteAll, WARM } from '../../bench/calls/measures.ts'
import { ratiosBeside, ratiosOfTokens } from '../../bench/calls/ratios.ts'
import { saturate } from '../../bench/calls/rounds.ts'
import { createSamples } from '../../bench/calls/samples.ts'
import { warmUp } from '../../bench/calls/warm-up.ts'
import type { Ratio } from '../../bench/kit/figure.ts'
import { toMeasured } from '../../bench/parts/calls.ts'
import { startBare } from '../../bench/subjects/bare.ts'
import { startEmulatorProcess } from '../../bench/subjects/emulator.ts'
import { startEntrance } from '../../bench/subjects/entrance.ts'
import { startFixed } from '../../bench/subjects/fixed.ts'
import type { Subject } from '../../bench/subjects/subject.ts'
import { checkCall, PROOF, toolCall } from '../../bench/subjects/tool-call.ts'
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
  for (const [round, rate, cpu] of [
    [0, 950, 1000],
    [1, 1800, 500],
  ] as const) {
    const note = (subject: string, rate: number, serverCpu: number) =>
      noteAll(samples, WARM, { subject, round }, { ...OUTCOME, rate, serverCpu })
    note('Entrance', rate, cpu)
    note('Unchecked', round === 0 ? 1000 : 2000, cpu * 0.9)
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
    noteAll(samples, WARM, { subject, round: 0 }, { ...OUTCOME, rate })
    samples.note(GENERATOR, subject, 0, share)
  }
  const said = conditionsOf({ isQuick: true }, CONTENDERS, samples)
  const expected =
    'The load generator used 8 % of its own processor while Entrance was measured, and got 20.0 × as many answers from Fixed with 41 %.'
  assert.ok(said.includes(expected), said.join('\n'))
})

test('a round in which something else ran is told beside the figures', () => {
  const said = (share: number) => {
    const samples = createSamples()
    for (const [round, serverShare] of [1, share / 100].entries()) {
      for (const subject of ['Entrance', 'Unchecked', 'Bare', 'Fixed'])
        noteAll(samples, WARM, { subject, round }, { ...OUTCOME, serverShare })
    }
    return conditionsOf({ isQuick: true }, CONTENDERS, samples).join('\n')
  }
  assert.match(said(98), /had 99 % of their processor \(98\.\.100 %\): nothing else ran there/)
  assert.match(said(40), /\(40\.\.100 %\): in some rounds something else ran there/)
})

test('that half of one load is more of another is said beside its latencies', () => {
  const samples = createSamples()
  for (const [subject, rate] of [
    ['Unchecked', 3000],
    ['Bare', 2000],
  ] as const)
    noteAll(samples, WARM, { subject, round: 0 }, { ...OUTCOME, rate })
  const said = conditionsOf({ isQuick: false }, CONTENDERS, samples).join('\n')
  assert.match(said, /To Bare that is 75 % of what gets through there/)
})

test('where the system tells no processor time, what got through is held against the target', () => {
  const said = (serverCpu: number) => {
    const samples = createSamples()
    for (const [subject, rate] of [
      ['Entrance', 900],
      ['Unchecked', 1000],
      ['Bare', 1000],
      ['Fixed', 9000],
    ] as const) {
      const outcome = { ...OUTCOME, rate, serverCpu: serverCpu / rate, serverShare: serverCpu }
      noteAll(samples, WARM, { subject, round: 0 }, outcome)
    }
    const { targets, figures } = toMeasured({ isQuick: true }, CONTENDERS, samples)
    assert.ok(figures.every((one) => one.samples.every(Number.isFinite)))
    return targets.find(({ id }) => id === 'call-unchecked')
  }
  assert.deepEqual(said(Number.NaN), { id: 'call-unchecked', samples: [90] })
  const told = said(1)
  assert.ok(told?.samples && told.note?.startsWith('by the processor time of a call; by what got'))
})

const PACE = { turns: 1, warmUp: 0, saturated: 0.05, half: 0 }

test('a round in which new tokens ran out says nothing of new tokens, and all else of the others', async () => {
  await using servers = await startPretenders()
  const samples = createSamples()
  // One that gives fewer than it is asked for stands for a server that got through more.
  const fresh = { ...servers.of('Fresh'), tokens: () => ['x'] }
  const contenders = { ...servers.contenders, tokens: { fresh, many: ['a', 'b'] } }
  await saturate(contenders, samples, PACE, 0)
  assert.deepEqual(samples.of(NEW.rate, 'Entrance'), [])
  assert.equal(samples.of(WARM.rate, 'Entrance').length, 1)
  assert.deepEqual(ids(ratiosOfTokens(contenders, samples)), [
    'calls/many/rate/beside-unchecked',
    'calls/many/cpu/beside-unchecked',
  ])
  const said = toMeasured({ isQuick: false }, contenders, samples).conditions.join('\n')
  assert.match(said, /In 1 of 1 rounds more new tokens were used than had been made/)
  const enough = { ...fresh, tokens: (count: number) => Array(10 * count).fill('x') }
  await saturate({ ...contenders, tokens: { fresh: enough, many: ['a'] } }, samples, PACE, 1)
  assert.equal(samples.of(NEW.rate, 'Entrance').length, 1)
  // The one round that has both.
  const [ratio] = ratiosOfTokens(contenders, samples)
  const [rate = 0] = samples.of(NEW.rate, 'Entrance')
  assert.deepEqual(ratio?.samples, [(100 * rate) / (samples.of(WARM.rate, 'Unchecked')[1] ?? 0)])
})

test('one disturbed second does not leave too few new tokens', async () => {
  await using servers = await startPretenders()
  const samples = createSamples()
  for (const [round, rate] of [9000, 10].entries())
    noteAll(samples, WARM, { subject: 'Unchecked', round }, { ...OUTCOME, rate })
  let asked = 0
  const tokens = (count: number) => {
    asked = count
    return Array(count).fill('x')
  }
  const fresh = { ...servers.of('Fresh'), tokens }
  const contenders = { ...servers.contenders, tokens: { fresh, many: ['a'] } }
  await saturate(contenders, samples, PACE, 2)
  assert.equal(asked, 2 * 9000 * PACE.saturated)
})

test('a peer that fails in the midst is told with its reason, and the others have their figures', async () => {
  await using servers = await startPretenders()
  const { contenders } = servers
  const samples = createSamples()
  await warmUp(contenders, samples, { calls: 1, within: 0.05 })
  await saturate(contenders, samples, PACE, 0)
  assert.equal(samples.of(WARM.rate, PEER).length, 1)
  servers.fail(PEER)
  await saturate(contenders, samples, PACE, 1)
  await saturate(contenders, samples, PACE, 2)
  const { figures, ratios, targets, absent } = toMeasured({ isQuick: false }, contenders, samples)
  assert.deepEqual(absent, [
    { subject: PEER, why: 'It failed while it was measured: 503: not any more' },
  ])
  assert.ok(figures.every(({ subject }) => subject !== PEER))
  assert.ok(figures.some(({ subject, samples: { length } }) => subject === 'Bare' && length === 3))
  assert.ok(ids(ratios).every((id) => !id.includes('fastmcp')))
  assert.equal(targets.find(({ id }) => id === 'call-unchecked')?.samples?.length, 3)
  const python = targets.find(({ id }) => id === 'call-fastmcp-python')
  assert.ok(python && 'why' in python && python.why.includes('503: not any more'))
})

test('a peer that fails before the first round is told, too; one of ours ends the part', async () => {
  await using servers = await startPretenders()
  const { contenders } = servers
  const samples = createSamples()
  servers.fail(PEER)
  await warmUp(contenders, samples, { calls: 1, within: 0.05 })
  assert.deepEqual(samples.leftOut(), [
    { subject: PEER, why: 'It failed while it was measured: 503: not any more' },
  ])
  servers.fail('Bare')
  await assert.rejects(saturate(contenders, samples, PACE, 0), /Bare: 503: not any more/)
})

const PEER = 'FastMCP (Python)'

const ids = (ratios: readonly Ratio[]) => ratios.map(({ id }) => id)

/** Servers that answer as the contenders do, at once. */
async function startPretenders() {
  const failing = new Set<string>()
  const names = ['Entrance', 'Unchecked', 'Bare', 'Fixed', PEER, 'Fresh']
  const servers = await Promise.all(
    names.map(async (name) => {
      const server = createServer((_, outgoing) => {
        if (failing.has(name)) outgoing.writeHead(503).end('not any more')
        else outgoing.end(PROOF)
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return { name, server }
    }),
  )
  const addresses = new Map(servers.map(({ name, server }) => [name, server.address()]))
  const of = (wanted: string): Subject => {
    const { port } = addresses.get(wanted) as AddressInfo
    const url = `http://127.0.0.1:${port}`
    return { ...subject(wanted), pid: process.pid, url, call: { url, headers: {}, body: '{}' } }
  }
  const contenders: Contenders = {
    ...CONTENDERS,
    entrance: { ...of('Entrance'), tokens: () => [] },
    ...{ unchecked: of('Unchecked'), bare: of('Bare'), fixed: of('Fixed'), peers: [of(PEER)] },
  }
  return {
    ...{ of, contenders },
    fail: (name: string) => failing.add(name),
    async [Symbol.asyncDispose]() {
      for (const { server } of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

const OUTCOME = {
  ...{ rate: 1, count: 1, failures: 0, p50: 1, p99: 2, p999: 3 },
  ...{ generatorCpu: 0.1, late: 0, serverCpu: 1, serverShare: 1, sent: 1 },
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

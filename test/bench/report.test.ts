import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMet, TARGETS, type TargetId } from '../../bench/kit/targets.ts'
import { findTrips } from '../../bench/report/guard.ts'
import { toJson } from '../../bench/report/json.ts'
import { findBusyness, machineLines } from '../../bench/report/machine.ts'
import { toPage } from '../../bench/report/page.ts'
import type { Report } from '../../bench/report/report.ts'
import { toRows } from '../../bench/report/rows.ts'
import { toText } from '../../bench/report/terminal.ts'
import type { Outcome } from '../../bench/run/measure-parts.ts'
import { failed, figure, leftOut, measured, ratio } from './measurements.ts'

const IDS = Object.keys(TARGETS) as TargetId[]
const FLOOR = { part: 'calls', ratio: 'calls/bare', least: 90, why: 'made up', look: 'look there.' }

const outcomes: readonly Outcome[] = [
  measured(
    { targets: ['call-unchecked', 'call-fastmcp-python', 'gate-seen'] },
    {
      conditions: ['Entrance keeps its grants in SQLite; the client | the server share a machine.'],
      figures: [
        figure('Entrance', [2510, 2480, 2530]),
        figure('FastMCP (Python)', [350, 341, 362]),
      ],
      ratios: [
        ratio('calls/unchecked', [96.2, 95.9, 96.4], { what: 'Entrance beside the unchecked' }),
        ratio('calls/python', [7, 6.1, 7.9], {
          what: 'Entrance beside FastMCP (Python)',
          unit: '×',
        }),
      ],
      targets: [
        { id: 'call-unchecked', samples: [96.2, 95.9, 96.4] },
        { id: 'call-fastmcp-python', samples: null, why: 'FastMCP (Python) is absent' },
        { id: 'gate-seen', samples: [Number.NaN] },
      ],
      absent: [{ subject: 'mcp-auth-proxy', why: 'Go is not on this machine' }],
    },
  ),
  measured(
    { name: 'start', title: 'Starting', targets: ['start', 'idle-memory'] },
    { targets: [{ id: 'start', samples: [512, 505, 530] }] },
  ),
  failed(
    { name: 'storms', title: 'Storms', targets: ['storm-memory', 'storm-store'] },
    'The server ended (137)\nand its log',
  ),
  leftOut({ name: 'growth', title: 'Growth', targets: ['growth-call'] }, 'not in the quick form'),
]

const report: Report = {
  machine: {
    processor: 'A Processor',
    processors: 2,
    memory: 23.5,
    system: 'Linux 6 x64',
    node: 'v24.0.0',
    entrance: '0.1.0',
    commit: '0123456789-dirty',
    date: '2026-11-28T14:40:26.000Z',
    load: 1.5,
  },
  isQuick: false,
  rounds: 3,
  seconds: 725,
  outcomes,
  rows: toRows(outcomes),
  trips: [],
}

test('there is one row for each target, in their order, whatever was measured', () => {
  for (const some of [outcomes, outcomes.slice(1), []]) {
    assert.deepEqual(
      toRows(some).map(({ id }) => id),
      IDS,
    )
  }
})

test('a row has the median, the bound and whether it is met', () => {
  const { what, ...rest } = rowOf('call-unchecked')
  assert.match(what, /tool calls/)
  const expected = { value: 96.2, unit: '%', target: '≥ 95', met: true, spread: [95.9, 96.4] }
  assert.deepEqual(rest, { id: 'call-unchecked', ...expected })
  const { value, target, met } = rowOf('start')
  assert.deepEqual({ value, target, met }, { value: 512, target: '≤ 400', met: false })
})

for (const [why, id, text] of [
  ['what a part could not measure', 'call-fastmcp-python', 'FastMCP (Python) is absent'],
  ['what the system does not tell', 'gate-seen', 'this system does not tell it'],
  ['what a part forgot', 'idle-memory', 'the part start did not say'],
  ['a part that failed', 'storm-memory', 'the part storms failed: The server ended (137)'],
  ['a part that was left out', 'growth-call', 'the part growth is not in the quick form'],
  ['what no part measures', 'install-size', 'no part measures it'],
] as const) {
  test(`${why} is null, and says why`, () => {
    const { value, met, why } = rowOf(id)
    assert.deepEqual({ value, met, why }, { value: null, met: null, why: text })
  })
}

test('what was measured in place of a target is told of beside it', () => {
  const note = 'reckoned from what two cost'
  const targets = [{ id: 'replicas', samples: [1.9], note }] as const
  const part = measured({ name: 'replicas', targets: ['replicas'] }, { targets })
  const rows = toRows([part])
  assert.equal(rows.find(({ id }) => id === 'replicas')?.note, note)
  const told = { ...report, outcomes: [part], rows }
  assert.match(toText(told, 100), / {3}replicas: reckoned from what two cost\./)
  assert.match(toPage(told), /^- tool calls .*: reckoned from what two cost\.$/m)
})

test('a target that some rounds meet and some miss says so', () => {
  for (const [samples, met] of [
    [[96, 94, 97], true],
    [[94, 93, 97], false],
  ] as const) {
    const targets = [{ id: 'call-unchecked', samples }] as const
    const rows = toRows([measured({ targets: ['call-unchecked'] }, { targets })])
    const row = rows.find(({ id }) => id === 'call-unchecked')
    assert.deepEqual([row?.met, row?.note], [met, 'not all rounds agree on it'])
  }
  assert.equal(rowOf('call-unchecked').note, undefined)
})

test('a bound itself is met from either side', () => {
  assert.equal(isMet(TARGETS['call-unchecked'], 95), true)
  assert.equal(isMet(TARGETS['call-unchecked'], 94.999), false)
  assert.equal(isMet(TARGETS.start, 400), true)
  assert.equal(isMet(TARGETS.start, 400.001), false)
})

test('the JSON has rows of id, what, value, unit, target and met', () => {
  const { rows } = JSON.parse(toJson(report)) as { rows: Record<string, unknown>[] }
  assert.equal(rows.length, IDS.length)
  for (const row of rows) {
    const { why, note, spread, ...exact } = row
    assert.deepEqual(Object.keys(exact), ['id', 'what', 'value', 'unit', 'target', 'met'])
    assert.equal(exact.met === null, typeof why === 'string')
    assert.equal(exact.met === null, spread === undefined)
    assert.match(String(exact.target), /^[≥≤] [\d.]+$/)
  }
})

test('the JSON has the samples of each figure and ratio, and what a reader has to know', () => {
  const { figures, ratios, parts, machine } = JSON.parse(toJson(report))
  assert.equal(figures.length, 2)
  const { subject, median, lowest, highest, samples } = figures[0]
  assert.deepEqual([subject, median, lowest, highest], ['Entrance', 2510, 2480, 2530])
  assert.deepEqual(samples, [2510, 2480, 2530])
  assert.equal(ratios[1].id, 'calls/python')
  assert.deepEqual(
    parts.map(({ name, is }: { name: string; is: string }) => [name, is]),
    [
      ['calls', 'measured'],
      ['start', 'measured'],
      ['storms', 'failed'],
      ['growth', 'left out'],
    ],
  )
  assert.match(parts[0].conditions[0], /SQLite/)
  assert.equal(machine.commit, '0123456789-dirty')
})

for (const width of [80, 100, 120]) {
  test(`what is printed fits ${width} columns`, () => {
    const long = toText(report, width)
      .split('\n')
      .filter((line) => line.length > width)
    assert.deepEqual(long, [])
  })
}

test('what is printed says where, when, for how long and under which conditions', () => {
  const text = toText(report, 100)
  for (const part of [
    /Entrance 0\.1\.0 \(0123456789-dirty\) on Node\.js v24\.0\.0/,
    /A Processor, 2 processors, 23\.5 GB; Linux 6 x64/,
    /2026-11-28 14:40 UTC; load average at the start 1\.50/,
    /full form, 3 rounds, took 12:05/,
    /! Something else ran on this machine/,
    /- Entrance keeps its grants in SQLite/,
    /mcp-auth-proxy: absent: Go is not on this machine/,
    /The part storms failed: The server ended \(137\)\nand its log/,
  ])
    assert.match(text, part)
})

test('a target is marked as met, missed or not measured', () => {
  const text = toText(report, 120)
  assert.match(text, /^✓ {2}tool calls .+ ≥ 95 % +96\.2 % +95\.9\.\.96\.4$/m)
  assert.match(text, /^✗ {2}from the start .+ ≤ 400 ms +510 ms +510\.\.530$/m)
  assert.match(text, /^– {2}tool calls .+ ≥ 5 × +–$/m)
  assert.match(text, /^– {2}storm-memory, storm-store: the part storms failed/m)
})

test('the page claims a median where rounds agree, and the range where they do not', () => {
  const page = toPage(report)
  assert.match(page, /^- Entrance beside the unchecked: \*\*96\.2 %\*\* \(95\.9\.\.96\.4\)$/m)
  assert.match(page, /^- Entrance beside FastMCP \(Python\): \*\*between 6\.1 and 7\.9 ×\*\*$/m)
})

test('the page shows a picture of what is compared, with the same in words', () => {
  const words = 'Tool calls: Entrance 2,510 req/s (2,480..2,530); FastMCP (Python) 350'
  assert.ok(toPage(report).includes(`![${words}`))
  assert.ok(toPage(report).includes('](benchmarks/calls-rate.svg)'))
})

test('of a part the page says who is absent, then what was seen, then under which conditions', () => {
  const figures = [figure('Entrance', [1, 2, 3]), figure('Other', [4, 5, 6])]
  const absent = [{ subject: 'A peer', why: 'It is not here.\nand its log' }]
  const seen = { figures, absent, ratios: [ratio('a/b', [1, 2, 3])], conditions: ['At night.'] }
  const page = toPage({ ...report, outcomes: [measured({ title: 'A part' }, seen)] })
  const order = [
    '## A part',
    '- Absent: A peer: It is not here.',
    '![Tool calls',
    '### Beside each other',
    '### Figures',
    '### Conditions\n\n- At night.',
  ]
  const places = order.map((text) => page.indexOf(text))
  assert.ok(
    places.every((place, at) => place > (places[at - 1] ?? 0)),
    String(places),
  )
  assert.doesNotMatch(page, /and its log/)
  assert.doesNotMatch(toPage({ ...report, outcomes: [measured({})] }), /### /)
})

test('the page has a line for each target and for each that was not measured', () => {
  const page = toPage(report)
  const marks = [...page.matchAll(/^\| ([✓✗–]) \|/gm)].map(([, mark]) => mark)
  assert.equal(marks.length, IDS.length)
  const unmeasured = page.match(/^- Not measured: /gm) ?? []
  assert.equal(unmeasured.length, marks.filter((mark) => mark === '–').length)
  assert.match(page, /^## Storms\n\nNot measured: The server ended \(137\)\.$/m)
})

test('what is written into the page breaks none of its tables', () => {
  const subject = 'a | b'
  const rows = [measured({}, { figures: [figure(subject, [1, 2, 3])] })]
  const page = toPage({ ...report, outcomes: rows })
  assert.ok(page.includes('| tool calls | a \\| b | 2.0 req/s | 1.0..3.0 |'))
})

test('figures of the same stand beside each other, in the order of the subjects', () => {
  const cpu = { id: 'calls/cpu', what: 'its processor time', unit: 'µs' } as const
  const figures = ['Entrance', 'Other'].flatMap((subject) => [
    figure(subject, [1, 2, 3]),
    figure(subject, [4, 5, 6], cpu),
  ])
  const text = toText({ ...report, outcomes: [measured({}, { figures })] }, 100)
  const lines = text
    .split('\n')
    .filter((line) => /(Entrance|Other) +\d/.test(line) && !line.startsWith('Entrance'))
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/).slice(0, 2)),
    [
      ['tool calls', 'Entrance'],
      ['', 'Other'],
      ['its processor time', 'Entrance'],
      ['', 'Other'],
    ],
  )
})

test('a machine that does nothing else is not complained of', () => {
  assert.equal(findBusyness({ ...report.machine, load: 0.3 }), undefined)
  assert.match(findBusyness(report.machine) ?? '', /load average 1\.50/)
})

test('that nothing could be kept to a processor is said where the machine is', () => {
  const unpinned = 'there is no taskset, which util-linux brings'
  const text = `The system decided which processor ran what: ${unpinned}`
  const head = (more: object) => machineLines({ ...report.machine, ...more }).join('\n')
  assert.ok(head({ unpinned }).includes(text))
  assert.doesNotMatch(head({}), /which processor/)
})

test('a ratio below its floor trips, and says what it was, what is expected and what to do', () => {
  const slower = measured({}, { ratios: [ratio('calls/bare', [61, 60, 62])] })
  const [trip, ...others] = findTrips([slower], [FLOOR])
  assert.deepEqual(others, [])
  assert.equal(trip?.id, 'calls/bare')
  const expected = [
    /: 61 % \(60\.\.62\), where 90 % is the least for the best round/,
    /--only calls/,
    /look there\.$/,
  ]
  for (const part of expected) assert.match(trip?.text ?? '', part)
})

test('a ratio does not trip that one round shows at its floor, nor one that this system does not tell', () => {
  for (const samples of [[90, 90, 90], [61, 60, 90], [Number.NaN]]) {
    const seen = measured({}, { ratios: [ratio('calls/bare', samples)] })
    assert.deepEqual(findTrips([seen], [FLOOR]), [])
  }
})

test('a floor whose ratio nobody measures any more trips', () => {
  const [trip] = findTrips([measured({})], [FLOOR])
  assert.match(trip?.text ?? '', /does not measure calls\/bare/)
})

test('the floors of a part that was left out or failed say nothing', () => {
  assert.deepEqual(findTrips([leftOut({}, 'not asked for')], [FLOOR]), [])
  assert.deepEqual(findTrips([failed({}, 'it ended')], [FLOOR]), [])
})

function rowOf(id: TargetId) {
  const row = report.rows.find((one) => one.id === id)
  assert.ok(row)
  return row
}

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { PARTS } from '../../bench/kit/parts.ts'
import { TARGETS } from '../../bench/kit/targets.ts'
import { FLOORS } from '../../bench/report/floors.ts'
import type { Row } from '../../bench/report/rows.ts'

const script = join(dirname(dirname(import.meta.dirname)), 'scripts', 'bench.js')

test('every target is answered by one part, which names it', () => {
  const answered = PARTS.flatMap(({ targets }) => targets)
  assert.deepEqual(answered.toSorted(), Object.keys(TARGETS).toSorted())
})

test('the names of parts differ, and each floor is of a part of the quick form', () => {
  const names = PARTS.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const quick = PARTS.filter(({ isQuick }) => isQuick).map(({ name }) => name)
  assert.ok(FLOORS.length > 0)
  assert.deepEqual(
    FLOORS.filter(({ part }) => !quick.includes(part)),
    [],
  )
})

test('the quick form measures, prints and writes what it saw', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-quick-'))
  try {
    const json = join(folder, 'figures.json')
    const args = ['--quick', '--rounds', '1', '--only', 'gate', '--json', json]
    const { status, stdout, stderr } = run(...args)
    assert.equal(status, 0, stderr + stdout)
    assert.match(stdout, /^[✓✗] {2}CPU that it takes to refuse a bad token/m)
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as { rows: Row[] }
    assert.equal(rows.length, Object.keys(TARGETS).length)
    const seen = rows.filter(({ value }) => value !== null).map(({ id }) => id)
    assert.deepEqual(seen, ['gate-seen', 'gate-new', 'gate-bad'])
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

test('a bench that there is not is refused, with the names of those that there are', () => {
  const { status, stdout, stderr } = run('nothing')
  assert.equal(status, 2)
  assert.match(stderr, /There is no bench 'nothing'\. There are: chaos, .+, storms\./)
  assert.match(stderr, /npm run bench -- --help/)
  assert.equal(stdout, '')
})

test('--help names every part', () => {
  const { status, stdout } = run('--help')
  assert.equal(status, 0)
  for (const { name } of PARTS) assert.ok(stdout.includes(name), name)
})

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 110_000 })
}

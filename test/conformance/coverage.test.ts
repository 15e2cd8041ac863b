import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NOT_APPLICABLE } from './not-applicable.ts'
import { type Direction, listScenarios } from './suite.ts'

const DIRECTIONS: readonly Direction[] = ['server', 'authorization', 'client']

const read = (path: string) =>
  readFileSync(join(import.meta.dirname, path), 'utf8').replaceAll('\r\n', '\n')
const page = read('../../docs/conformance.md')
const known = new Map(DIRECTIONS.map((direction) => [direction, listScenarios(direction)]))

/** The scenarios of a direction that are run, with their revisions. */
const runOf = (direction: Direction) =>
  [...(known.get(direction) ?? [])].filter(([name]) => !NOT_APPLICABLE[direction].has(name))

test('every scenario that is not run is one that the suite knows', () => {
  for (const direction of DIRECTIONS) {
    const unknown = [...NOT_APPLICABLE[direction].keys()].filter(
      (name) => !known.get(direction)?.has(name),
    )
    assert.deepEqual(unknown, [], direction)
  }
})

test('every scenario that is run belongs to a revision', () => {
  const isRevision = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text)
  const others = DIRECTIONS.flatMap(runOf).filter(([, revisions]) => !revisions.every(isRevision))
  assert.deepEqual(others, [])
})

test('docs/conformance.md counts the scenarios that are run, by revision', () => {
  const revisions = new Set(DIRECTIONS.flatMap(runOf).flatMap(([, own]) => own))
  const counts = [...revisions].toSorted().map((revision) => {
    const isOf = ([, own]: readonly [string, readonly string[]]) => own.includes(revision)
    return [revision, ...DIRECTIONS.map((one) => String(runOf(one).filter(isOf).length))]
  })
  assert.deepEqual(rowsOf(/^\d{4}-/), counts)
})

test('docs/conformance.md gives the reason for each that is not', () => {
  const given = rowsOf(/^(server|client|authorization)$/).flatMap(([direction, names = '', why]) =>
    names.split(', ').map((name) => [direction, name.replaceAll('`', ''), why]),
  )
  const actual = DIRECTIONS.flatMap((direction) =>
    [...NOT_APPLICABLE[direction]].map(([name, why]) => [direction, name, why]),
  )
  assert.deepEqual(given.toSorted(), actual.toSorted())
})

test('docs/conformance.md names the version of the suite that is installed', () => {
  const { dependencies } = JSON.parse(read('../clients/package.json'))
  const version = dependencies['@modelcontextprotocol/conformance']
  assert.match(version, /^\d/)
  assert.ok(page.includes(`\`@modelcontextprotocol/conformance\` ${version},`), version)
})

/** The rows of the page's tables whose first cell is like this. */
function rowsOf(first: RegExp): readonly (readonly string[])[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| '))
  const cells = rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return cells.filter(([cell = '']) => first.test(cell))
}

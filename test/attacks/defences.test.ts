import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DEFENCES } from './defences.ts'

const root = join(import.meta.dirname, '..', '..')

test('every defence that `npm run attacks:break` takes away is there to be taken', () => {
  assert.ok(DEFENCES.length >= 200)
  const names = DEFENCES.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const missing = DEFENCES.flatMap(({ name, breakages }) =>
    breakages
      .filter(({ file, find }) => occurrences(file, find) !== 1)
      .map(({ file, find }) => `${name}: '${find}' is ${occurrences(file, find)} times in ${file}`),
  )
  assert.deepEqual(missing, [])
})

test('and every one names tests that have to notice', () => {
  for (const { name, breakages, tests } of DEFENCES) {
    assert.ok(breakages.length > 0 && tests.length > 0, name)
    for (const { find, replace } of breakages) assert.notEqual(find, replace, name)
    for (const path of tests) assert.ok(existsSync(join(root, path)), `${name}: no ${path}`)
  }
})

function occurrences(file: string, find: string): number {
  return readFileSync(join(root, 'src', file), 'utf8').split(find).length - 1
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const MODULE = pathToFileURL(join(import.meta.dirname, '../../src/cli/small-heap.ts')).href

/** Replaces by and by what has been kept for a while; prints the largest that the heap has been, in MB. */
const WORK = `
  const kept = []
  let most = 0
  for (let i = 0; i < 3_000_000; i++) {
    kept[(i * 7919) % 50_000] = new Array(40).fill(i)
    if (i % 20_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal)
  }
  console.log(most / 2 ** 20)`

test('a heap whose contents change stays nearer to what is in use', () => {
  const heapOf = (call: string) => {
    const code = `import { keepHeapSmall } from '${MODULE}'; ${call} ${WORK}`
    const args = ['--input-type=module', '-e', code]
    return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  }
  const usual = heapOf('')
  const small = heapOf('keepHeapSmall();')
  assert.ok(small < 0.9 * usual, `${small} MB in place of ${usual}`)
})

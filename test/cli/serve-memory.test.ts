import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { releaseMemory } from '../../src/cli/release-memory.ts'
import { until } from '../support/redis-topologies.ts'
import { startServe } from '../support/serve.ts'

const skip = process.platform === 'linux' ? false : 'what is resident is read from /proc'

test('what only the start needed of the memory is given back', { skip }, async () => {
  await using serve = await startServe()
  await until('5 MB less than there were', async () => givenBack(serve.pid) > 5)
  assert.equal((await fetch(`${serve.url}/health`)).status, 200)
})

test('memory is given back once after each time that was busy, and never amid it', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let count = 0
  releaseMemory(() => count++)
  const next = (isBusy = false) => {
    const begun = process.cpuUsage()
    const used = () => Object.values(process.cpuUsage(begun)).reduce((sum, part) => sum + part)
    while (isBusy && used() < 200_000);
    t.mock.timers.tick(2000)
    return count
  }
  assert.deepEqual([next(true), next(true)], [0, 0])
  assert.deepEqual([next(), next(), next()], [1, 1, 1])
  assert.deepEqual([next(true), next(), next()], [1, 2, 2])
})

/** How much less than at most there is, in MB. */
function givenBack(pid: number | undefined): number {
  return megabytes(pid, 'VmHWM') - megabytes(pid, 'VmRSS')
}

function megabytes(pid: number | undefined, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createOAuthClient } from '../support/oauth-client.ts'
import { until } from '../support/redis-topologies.ts'
import { startServe } from '../support/serve.ts'

const skip = process.platform === 'linux' ? false : 'what is resident is read from /proc'

test('what only the start needed of the memory is given back', { skip }, async () => {
  await using serve = await startServe()
  await until('5 MB less than there were', async () => givenBack(serve.pid) > 5)
  assert.equal((await fetch(`${serve.url}/health`)).status, 200)
})

test('what a storm of strangers needed is given back when it is over', { skip }, async () => {
  await using serve = await startServe({ env: { ENTRANCE_RATE_LIMIT: 'off' } })
  await until('the memory of the start', async () => givenBack(serve.pid) > 5)
  const { register } = createOAuthClient(serve.url)
  for (let i = 0; i < 300; i++) {
    const answers = Array.from({ length: 10 }, async () => (await register()).status)
    assert.ok((await Promise.all(answers)).every((status) => status === 201))
  }
  const resident = megabytes(serve.pid, 'VmRSS')
  await until('the storm’s', async () => megabytes(serve.pid, 'VmRSS') < resident - 5)
  assert.equal((await fetch(`${serve.url}/health`)).status, 200)
})

/** How much less than at most there is, in MB. */
function givenBack(pid: number | undefined): number {
  return megabytes(pid, 'VmHWM') - megabytes(pid, 'VmRSS')
}

function megabytes(pid: number | undefined, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
}

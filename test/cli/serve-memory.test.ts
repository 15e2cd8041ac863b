import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { until } from '../support/redis-topologies.ts'
import { startServe } from '../support/serve.ts'

const skip = process.platform === 'linux' ? false : 'what is resident is read from /proc'

test('what only the start needed of the memory is given back', { skip }, async () => {
  await using serve = await startServe()
  const status = () => readFileSync(`/proc/${serve.pid}/status`, 'utf8')
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status())?.[1]) / 1024
  await until('5 MB less than there were', async () => megabytes('VmHWM') - megabytes('VmRSS') > 5)
  assert.equal((await fetch(`${serve.url}/health`)).status, 200)
})

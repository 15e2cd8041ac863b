import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { measureDelays, percentile } from '../support/revocation-delays.ts'

test('of 100 revocations, each of three other processes over SQLite refuses 99 of a hundred within two seconds, and all of them', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-revocation-'))
  try {
    const store = { kind: 'sqlite', path: join(folder, 'entrance.db') } as const
    const delays = await measureDelays({ store, revocations: 100, processes: 3 })
    assert.equal(delays.length, 300)
    assert.ok(delays.every(Number.isFinite), 'some were never refused')
    const p99 = percentile(delays, 99)
    assert.ok(p99 <= 2000, `p99 is ${p99.toFixed(0)} ms`)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

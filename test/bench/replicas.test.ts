import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Run } from '../../bench/kit/part.ts'
import { measureReplicas } from '../../bench/parts/replicas.ts'
import { withoutPostgres } from '../support/postgres.ts'

test('a token of one replica is taken by all, on each store, and the worse factor counts', {
  skip: withoutPostgres,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  const run: Run = { isQuick: false, rounds: 2, folder, say: () => {} }
  try {
    const { figures, targets, absent, conditions } = await measureReplicas(run, {
      seconds: 0.4,
      warmUp: 1,
    })
    assert.equal(figures.length, (2 - absent.length) * 9)
    const rates = figures.filter(({ id }) => id.endsWith('/rate'))
    assert.ok(rates.every(({ samples }) => samples.every((rate) => rate > 0)))
    const [target] = targets
    assert.ok(target?.samples?.every((factor) => factor > 0 && factor < 6))
    assert.match(conditions.join(' '), /a processor of its own|not measured but reckoned/)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

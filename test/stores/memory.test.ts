import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { recordOf, storeContract } from './contract.ts'

storeContract({ name: 'memory', open: () => memoryStore() })

test('memory: what has expired is cleared away, also behind what lives on', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const { mock } = t.mock.method(Map.prototype, 'set')
  const store = memoryStore()
  for (let i = 0; i < 100; i++) await store.create(recordOf(`live ${i}`))
  for (let i = 0; i < 1000; i++) await store.create(recordOf(`dead ${i}`, { expiresAt: 60 }))
  t.mock.timers.setTime(60_000)
  for (let i = 0; i < 100; i++) await store.create(recordOf(`new ${i}`))
  const records = mock.calls.at(-1)?.this as Map<string, unknown>
  assert.equal(records.get('new 99') !== undefined, true)
  assert.equal(records.size, 200)
})

test('memory: 50,000 that expire together go with what comes after, a few at each step', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const deleted = t.mock.method(Map.prototype, 'delete').mock
  const { mock: set } = t.mock.method(Map.prototype, 'set')
  const store = memoryStore()
  for (let i = 0; i < 50_000; i++) await store.create(recordOf(`dead ${i}`, { expiresAt: 60 }))
  t.mock.timers.setTime(60_000)
  let most = 0
  for (let i = 0; i < 3000; i++) {
    const before = deleted.callCount()
    await store.create(recordOf(`live ${i}`))
    most = Math.max(most, deleted.callCount() - before)
  }
  assert.ok(most <= 20, `${most} at one step`)
  const records = set.calls.at(-1)?.this as Map<string, unknown>
  assert.equal(records.size, 3000)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitForStore } from '../../src/cli/wait-for-store.ts'
import { ConfigError } from '../../src/index.ts'

const never = new Promise<never>(() => {})

test('a start waits for its store, says each reason once, and goes on', async () => {
  const reasons: unknown[] = []
  const failures = ['refused', 'refused', 'too slow']
  let away = 0
  const isReady = await waitForStore(
    async () => {
      const reason = failures.shift()
      if (reason) throw new Error(reason)
    },
    { stopped: never, onAway: () => away++, log: ({ reason }) => reasons.push(reason) },
  )
  assert.equal(isReady, true)
  assert.equal(away, 1)
  assert.deepEqual(reasons, ['refused', 'too slow'])
})

test('what is wrong for good ends the wait at once', async () => {
  let attempts = 0
  const error = new ConfigError([{ option: 'store', problem: 'is another.', cure: 'Name it.' }])
  const waiting = waitForStore(
    async () => {
      attempts++
      throw error
    },
    { stopped: never, onAway: () => assert.fail(), log: () => {} },
  )
  await assert.rejects(waiting, error)
  assert.equal(attempts, 1)
})

test('a stop ends the wait, in an attempt that hangs and between two', async () => {
  const hanging = { stopped: Promise.resolve(), onAway: () => {}, log: () => {} }
  assert.equal(await waitForStore(() => never, hanging), false)
  const stop = Promise.withResolvers<void>()
  const refuse = () => Promise.reject(new Error('refused'))
  const between = { stopped: stop.promise, onAway: () => stop.resolve(), log: () => {} }
  assert.equal(await waitForStore(refuse, between), false)
})

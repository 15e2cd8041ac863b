import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createKeyWatch } from '../../src/core/key-watch.ts'
import { createKeyring, keyIdOf } from '../../src/core/keys/keyring.ts'
import type { KeySource, KeyWatcher, LogEvent, Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const ONE = 'entrance test vector: forty characters ..'
const TWO = 'entrance test vector: another forty chars '

test('a replica that has not got the new key finds out within half a minute, and says so once', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
  const store = memoryStore()
  const old = await watch(t, store, [ONE])
  assert.deepEqual(old.status().lacking, [])
  await watch(t, store, [TWO, ONE])
  for (let i = 0; i < 3; i++) await tick(t)
  assert.deepEqual(old.status(), {
    current: keyIdOf(ONE),
    keys: [keyIdOf(ONE)],
    lacking: [keyIdOf(TWO)],
  })
  const [told, ...more] = old.events
  assert.deepEqual([told?.event, told?.level, more.length], ['keys.disagree', 'error', 0])
  assert.ok(told?.message.includes(keyIdOf(TWO)))

  old.keyring.update([ONE, TWO])
  await tick(t)
  assert.deepEqual(old.status().lacking, [])
  assert.equal(old.events.at(-1)?.event, 'keys.agree')
})

test('a store that is away for a while changes nothing of what is known about the keys', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
  const store = memoryStore()
  let isAway = false
  const get: Store['get'] = async (key) => {
    if (isAway) throw new Error('away')
    return store.get(key)
  }
  const server = await watch(t, { ...store, get }, [ONE])
  isAway = true
  await tick(t)
  assert.deepEqual(server.status().lacking, [])
  isAway = false
  await watch(t, store, [TWO, ONE])
  await tick(t)
  assert.deepEqual(server.status().lacking, [keyIdOf(TWO)])
})

test('the moment from which a coming key is used stands in the log', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
  const keys = [{ secret: TWO, activeFrom: Date.now() + 40_000 }, ONE]
  const server = await watch(t, memoryStore(), keys)
  await tick(t)
  assert.equal(server.events.length, 0)
  await tick(t)
  const told = server.events.map(({ event, current }) => [event, current])
  assert.deepEqual(told, [['keys.changed', keyIdOf(TWO)]])
})

test('a source that has no key, or a short one, is not followed', async (t) => {
  const watchers: KeyWatcher[] = []
  const keySource: KeySource = {
    keys: [{ secret: ONE }],
    watch(watcher) {
      watchers.push(watcher)
      return () => {}
    },
  }
  const server = await watch(t, memoryStore(), [ONE], keySource)
  watchers[0]?.changed([])
  watchers[0]?.changed([{ secret: 'short' }, { secret: ONE }])
  assert.equal(server.keyring.current.id, keyIdOf(ONE))
  assert.deepEqual(
    server.events.map(({ event }) => event),
    ['keys.unreadable'],
  )
})

async function watch(
  t: TestContext,
  store: Store,
  keys: Parameters<typeof createKeyring>[0],
  keySource?: KeySource,
) {
  const events: LogEvent[] = []
  const keyring = createKeyring(keys)
  const log = (event: LogEvent) => void events.push(event)
  const watch = createKeyWatch({ keyring, keySource, store, log })
  t.after(() => watch.stop())
  await watch.start()
  return { keyring, events, status: watch.status }
}

/** Half a minute later, when all that is due then has been done. */
async function tick(t: TestContext): Promise<void> {
  t.mock.timers.tick(30_000)
  for (let i = 0; i < 10; i++) await setImmediate()
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import type { Config } from '../../src/core/options.ts'
import { checkStoreKeys } from '../../src/core/store-keys.ts'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const ONE = 'entrance test vector: forty characters ..'
const TWO = 'entrance test vector: another forty chars '
const THREE = 'entrance test vector: yet another secret '
const check = (store: Store, ...secrets: string[]) =>
  checkStoreKeys({ keyring: createKeyring(secrets) } as unknown as Config, store)

test('a new store takes the keys that it is first used with', async () => {
  const store = memoryStore()
  await check(store, ONE)
  await check(store, ONE)
  await assert.rejects(check(store, TWO), {
    name: 'ConfigError',
    message: /^secret: does not fit the store memory/,
  })
})

test('a store follows a rotation, key by key', async () => {
  const store = memoryStore()
  await check(store, ONE)
  await check(store, TWO, ONE)
  await check(store, TWO)
  await check(store, THREE, TWO)
  await assert.rejects(check(store, ONE), { name: 'ConfigError' })
})

test('replicas that start together on a new store agree on one key', async () => {
  const store = memoryStore()
  const outcomes = await Promise.allSettled([
    check(store, ONE),
    check(store, TWO),
    check(store, ONE),
  ])
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 1)
})

test('a store that cannot be reached is not taken for one of other keys', async () => {
  const store = { ...memoryStore(), get: () => Promise.reject(new Error('away')) }
  await assert.rejects(check(store, ONE), { message: 'away' })
})

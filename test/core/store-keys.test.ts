import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring, keyIdOf } from '../../src/core/keys/keyring.ts'
import {
  agreeOnKeys,
  checkStoreKeys,
  forgetStoreKey,
  storeKeyIds,
} from '../../src/core/store-keys.ts'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const ONE = 'entrance test vector: forty characters ..'
const TWO = 'entrance test vector: another forty chars '
const THREE = 'entrance test vector: yet another secret '
const check = (store: Store, ...secrets: string[]) =>
  checkStoreKeys({ keyring: createKeyring(secrets) }, store)
const agree = async (store: Store, ...secrets: string[]) =>
  (await agreeOnKeys(createKeyring(secrets), store)).ids

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

test('a replica that lacks a key that others make things with finds out, and undoes nothing', async () => {
  const store = memoryStore()
  await check(store, ONE)
  await check(store, TWO, ONE)
  const written = await store.get('keyring')
  assert.deepEqual(await agree(store, ONE), [keyIdOf(TWO)])
  await assert.rejects(check(store, ONE), { name: 'ConfigError' })
  assert.deepEqual(await store.get('keyring'), written)
})

test('two replicas with the same keys in another order both serve: one has not rotated yet', async () => {
  const store = memoryStore()
  await check(store, ONE, TWO)
  assert.deepEqual(await agree(store, TWO, ONE), [])
  assert.deepEqual(await agree(store, ONE, TWO), [])
  assert.deepEqual(new Set(await storeKeyIds(store)), new Set([ONE, TWO].map(keyIdOf)))
})

test('a replica that still makes with a key that another has dropped is noticed by that one', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const store = memoryStore()
  await check(store, ONE)
  t.mock.timers.setTime(Date.now() + 3_600_000)
  await check(store, TWO, ONE)
  assert.deepEqual(await agree(store, TWO), [], 'nobody has made with ONE for an hour')
  await agree(store, ONE, TWO)
  assert.deepEqual(await agree(store, TWO), [keyIdOf(ONE)])
})

test('what is said is said again every five minutes, not at every look', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const store = memoryStore()
  for (let i = 0; i < 20; i++) {
    await agree(store, ONE)
    t.mock.timers.setTime(Date.now() + 30_000)
  }
  assert.equal((await store.get('keyring'))?.version, 2)
})

test('a key that is taken out of the record hinders nobody any more', async () => {
  const store = memoryStore()
  await check(store, ONE)
  await check(store, TWO, ONE)
  assert.equal(await forgetStoreKey(keyIdOf(ONE), store), true)
  assert.equal(await forgetStoreKey(keyIdOf(ONE), store), false)
  assert.deepEqual(await agree(store, TWO), [])
  assert.equal(await forgetStoreKey(keyIdOf(TWO), store), true)
  assert.equal(await store.get('keyring'), undefined)
})

test('a record of an earlier version, which has no times, is read', async () => {
  const store = memoryStore()
  await store.create({
    key: 'keyring',
    value: [TWO, ONE].map(keyIdOf).join(' '),
    expiresAt: 2 ** 40,
  })
  await assert.rejects(check(store, ONE), { name: 'ConfigError' })
  await check(store, TWO)
})

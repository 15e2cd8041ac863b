import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { type Consents, createConsents } from '../../src/core/consents.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { stopClock } from '../attacks/support.ts'

const ALICE = 'tenant/alice'
const SUBJECT = {
  client: { digest: 'digest', name: 'Editor' },
  redirectUri: 'https://a.example/cb',
}
const DAY = 24 * 60 * 60

let store: Store
let consents: Consents
beforeEach(() => {
  store = memoryStore()
  consents = open()
})

suite('a remembered answer', () => {
  test('covers the same scopes and fewer, and no others (fastmcp W12)', async () => {
    await consents.allow(ALICE, SUBJECT, 'read write', now())
    for (const scope of ['read write', 'write read', 'read', 'write']) {
      assert.equal(await consents.has(ALICE, SUBJECT, scope), true, scope)
    }
    for (const scope of ['read write admin', 'admin', 'rea', 'READ', 'read  write ', '']) {
      assert.equal(await consents.has(ALICE, SUBJECT, scope), false, scope)
    }
  })

  test('is the last one: what was allowed before does not add up', async () => {
    await consents.allow(ALICE, SUBJECT, 'read', now())
    await consents.allow(ALICE, SUBJECT, 'write', now())
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), false)
    assert.equal(await consents.has(ALICE, SUBJECT, 'write'), true)
  })

  test('is of one person, client, redirect URI, server and Entra configuration', async () => {
    await consents.allow(ALICE, SUBJECT, 'read', now())
    assert.equal(await consents.has('tenant/bob', SUBJECT, 'read'), false)
    const client = { digest: 'other', name: 'Editor' }
    assert.equal(await consents.has(ALICE, { ...SUBJECT, client }, 'read'), false)
    for (const redirectUri of ['https://a.example/cb2', 'https://a.example:444/cb', 'x://y']) {
      assert.equal(await consents.has(ALICE, { ...SUBJECT, redirectUri }, 'read'), false)
    }
    assert.equal(await open({ resource: 'https://other/mcp' }).has(ALICE, SUBJECT, 'read'), false)
    assert.equal(await open({ binding: 'other' }).has(ALICE, SUBJECT, 'read'), false)
    assert.equal(await open().has(ALICE, SUBJECT, 'read'), true, 'and known to every process')
  })

  test('holds at every port of loopback, and at no other host of it', async () => {
    const at = (redirectUri: string) => ({ ...SUBJECT, redirectUri })
    await consents.allow(ALICE, at('http://127.0.0.1:5000/cb'), 'read', now())
    assert.equal(await consents.has(ALICE, at('http://127.0.0.1:6000/cb'), 'read'), true)
    assert.equal(await consents.has(ALICE, at('http://127.0.0.1/cb'), 'read'), true)
    assert.equal(await consents.has(ALICE, at('http://localhost:5000/cb'), 'read'), false)
    assert.equal(await consents.has(ALICE, at('http://127.0.0.1:5000/x'), 'read'), false)
  })

  test('ends after ninety days, even where the store keeps it', async () => {
    using clock = stopClock()
    await consents.allow(ALICE, SUBJECT, 'read', now())
    const [record] = await store.list({ person: ALICE })
    assert.ok(record)
    await store.replace({ ...record, expiresAt: record.expiresAt + 400 * DAY }, record.version)
    clock.forward(90 * DAY - 1)
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), true)
    clock.forward(1)
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), false)
    assert.deepEqual(await consents.list(ALICE), [])
  })

  test('cannot be moved to another person or client by who can write to the store', async () => {
    await consents.allow(ALICE, SUBJECT, 'read', now())
    await consents.forget('tenant/bob', SUBJECT)
    const [alices] = await store.list({ person: ALICE })
    const [bobs] = await store.list({ person: 'tenant/bob' })
    assert.ok(alices && bobs)
    await store.replace({ ...bobs, value: alices.value }, bobs.version)
    assert.equal(await consents.has('tenant/bob', SUBJECT, 'read'), false)
  })
})

suite('a no', () => {
  test('takes back what was allowed, and is not listed', async () => {
    await consents.allow(ALICE, SUBJECT, 'read', now())
    assert.equal((await consents.list(ALICE)).length, 1)
    await consents.forget(ALICE, SUBJECT)
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), false)
    assert.deepEqual(await consents.list(ALICE), [])
  })

  test('beats a yes that was given before it and comes after it', async () => {
    using clock = stopClock()
    const allowedAt = now()
    clock.forward(60)
    await consents.forget(ALICE, SUBJECT)
    clock.forward(60)
    await consents.allow(ALICE, SUBJECT, 'read', allowedAt)
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), false)
    // A yes that is given later counts.
    await consents.allow(ALICE, SUBJECT, 'read', now())
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), true)
  })

  test('holds however many answers come at once', async () => {
    const earlier = now() - 10
    await Promise.all([
      ...Array.from({ length: 20 }, () => consents.allow(ALICE, SUBJECT, 'read', earlier)),
      consents.forget(ALICE, SUBJECT),
      ...Array.from({ length: 20 }, () => consents.allow(ALICE, SUBJECT, 'read', earlier)),
    ])
    assert.equal(await consents.has(ALICE, SUBJECT, 'read'), false)
  })
})

function open({ resource = 'https://server.example/mcp', binding = 'binding' } = {}): Consents {
  const keyring = createKeyring(['a master key that is long enough, for tests'])
  return createConsents({ store, keyring, binding, site: { resource } })
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createBarred } from '../../src/core/barred.ts'
import { createConsents } from '../../src/core/consents.ts'
import { guardStore } from '../../src/core/guarded-store.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import type { Revocation, Store, StoredRecord } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const AWAY = { code: 'temporarily_unavailable', status: 503 }
const PERSON = 'tenant/alice'

/** A store whose answers somebody else has a hand in. */
function hostile(change: Partial<Store>): { inner: Store; store: Store } {
  const inner = memoryStore()
  return { inner, store: guardStore({ ...inner, ...change }, () => {}) }
}

suite('a store that gives what it was not asked for', () => {
  test('cannot have one application’s consent stand for another’s: moved with its key beside it', async () => {
    const keyring = createKeyring(['0123456789abcdef0123456789abcdef'])
    const inner = memoryStore()
    let moved: StoredRecord | undefined
    const get: Store['get'] = async (key) => moved ?? inner.get(key)
    const site = { resource: 'https://mcp.example.com/mcp' }
    const consents = createConsents({
      store: guardStore({ ...inner, get }, () => {}),
      ...{ keyring, binding: 'b', site },
    })
    const subject = (digest: string) => ({
      client: { digest, name: digest },
      redirectUri: `https://${digest}.example/callback`,
    })
    await consents.allow(PERSON, subject('good'), 'mcp', 1)
    assert.equal(await consents.has(PERSON, subject('good'), 'mcp'), true)
    assert.equal(await consents.has(PERSON, subject('evil'), 'mcp'), false)
    moved = (await inner.list({ person: PERSON }))[0]
    assert.ok(moved)
    await assert.rejects(consents.has(PERSON, subject('evil'), 'mcp'), AWAY)
  })

  test('cannot have a person who is blocked pass for one who is not', async () => {
    const keyring = createKeyring(['0123456789abcdef0123456789abcdef'])
    for (const garbage of [null, '', {}, [], { key: 'barred:person:x', value: 1 }]) {
      const { store } = hostile({ get: async () => garbage as never })
      await assert.rejects(createBarred({ store, keyring }).find(PERSON, 'c'), AWAY)
    }
  })
})

suite('a store that gives garbage', () => {
  const RECORD = { key: 'k', value: 'v', version: 1, expiresAt: 4_000_000_000 }
  const GARBAGE: readonly (readonly [string, object])[] = [
    ['without a value', { value: undefined }],
    ['with a number for a value', { value: 7 }],
    ['with a list for a value', { value: ['v'] }],
    ['with a text for a version', { version: '1' }],
    ['with no version that counts', { version: Number.NaN }],
    ['that ends at no time', { expiresAt: 'never' }],
    ['of another key', { key: 'other' }],
    ['without a key', { key: undefined }],
  ]
  for (const [title, change] of GARBAGE) {
    test(`is away: a record ${title}`, async () => {
      const { store } = hostile({ get: async () => ({ ...RECORD, ...change }) as StoredRecord })
      await assert.rejects(store.get('k'), AWAY)
    })
  }

  test('does not hide what is good beside it, in a list or on a page', async () => {
    const records = [{ ...RECORD, value: null }, RECORD, {}] as StoredRecord[]
    const { store } = hostile({
      list: async () => records,
      page: async () => ({ records, next: 'n' }),
    })
    assert.deepEqual(await store.list({ person: 'p' }), [RECORD])
    assert.deepEqual(await store.page({ prefix: 'k', limit: 9 }), { records: [RECORD], next: 'n' })
  })

  const RULE = { kind: 'all', id: '', issuedUntil: 1, expiresAt: 4_000_000_000 }
  const RULES: readonly (readonly [string, object])[] = [
    ['of an unknown kind', { kind: 'some' }],
    ['about a number', { id: 7 }],
    ['that holds until a text', { issuedUntil: 'x' }],
    ['that holds until nothing, and would hide the next one', { issuedUntil: null }],
    ['that never ends', { expiresAt: Number.POSITIVE_INFINITY }],
  ]
  for (const [title, change] of RULES) {
    test(`is away: a revocation ${title}`, async () => {
      const rule = { ...RULE, ...change } as Revocation
      const { store } = hostile({
        revocations: async () => ({ revocations: [rule], cursor: '1' }),
      })
      await assert.rejects(store.revocations(), AWAY)
    })
  }
})

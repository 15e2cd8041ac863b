import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Client } from '../../../src/core/clients/client.ts'
import { type ClientKeysOptions, createClientKeys } from '../../../src/core/clients/client-keys.ts'
import { createEgressBudget } from '../../../src/core/clients/egress-budget.ts'

const KEY = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
const OWN = 'https://app.example.com/keys'

let asked: string[]
beforeEach(() => {
  asked = []
})

const clientWith = (keys: Pick<Client, 'jwks' | 'jwks_uri'>) => keys as Client

function create(more: Partial<ClientKeysOptions> = {}) {
  return createClientKeys({
    clientDocuments: 'fetch',
    clientDocumentHosts: undefined,
    fetch: async ({ href }) => {
      asked.push(href)
      const caching = { etag: undefined, maxAge: undefined }
      return { is: 'json', json: { keys: [KEY] }, size: 100, caching }
    },
    budget: createEgressBudget(),
    log: () => {},
    ...more,
  })
}

test('keys are fetched from the hosts that are named, and from no other', async () => {
  const keys = create({ clientDocumentHosts: new Set(['app.example.com']) })
  assert.deepEqual(await keys.find(clientWith({ jwks_uri: OWN })), { keys: [KEY] })
  for (const host of [
    'other.example.com',
    'sub.app.example.com',
    'app.example.com.evil.example.com',
  ]) {
    const foreign = clientWith({ jwks_uri: `https://${host}/keys` })
    await assert.rejects(keys.find(foreign), {
      code: 'invalid_client',
      message: /can allow it \(clientDocumentHosts\)/,
    })
  }
  assert.deepEqual(asked, [OWN])
})

test('keys are fetched where documents are, and nowhere else', async () => {
  for (const clientDocuments of ['pinned', 'off'] as const) {
    await assert.rejects(create({ clientDocuments }).find(clientWith({ jwks_uri: OWN })), {
      code: 'invalid_client',
      message: /does not fetch clients' keys/,
    })
  }
  assert.deepEqual(asked, [])
})

test('keys that stand in the metadata itself are not asked for', async () => {
  const jwks = { keys: [KEY] }
  const keys = create({ clientDocuments: 'off' })
  assert.equal(await keys.find(clientWith({ jwks })), jwks)
  assert.deepEqual(asked, [])
})

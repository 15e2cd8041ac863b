import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  createDocumentSource,
  type DocumentSourceOptions,
} from '../../../src/core/clients/document-source.ts'
import { createEgressBudget } from '../../../src/core/clients/egress-budget.ts'
import type { Fetched } from '../../../src/core/clients/guarded-fetch.ts'
import { KNOWN_DOCUMENTS } from '../../../src/core/clients/known-documents.ts'
import { OAuthError } from '../../../src/core/errors.ts'
import { clientDocument } from '../../support/internet.ts'

const VSCODE = 'https://vscode.dev/oauth/client-metadata.json'
const APP = 'https://app.example.com/client'
const MINUTE = 60_000

const FORBIDDEN: Fetched = {
  is: 'failed',
  fault: 'its host answered with status 403',
  isTransient: false,
}

let asked: string[]
let answer: (url: string) => Fetched
beforeEach(() => {
  asked = []
  answer = () => FORBIDDEN
})

function create(more: Partial<DocumentSourceOptions> = {}) {
  return createDocumentSource({
    clientDocuments: 'fetch',
    clientDocumentHosts: undefined,
    redirectPolicy: { ownOrigins: new Set(), privateUseRedirectUris: new Set() },
    fetch: async ({ href }) => {
      asked.push(href)
      return answer(href)
    },
    budget: createEgressBudget(),
    log: () => {},
    ...more,
  })
}

const found = (url: string): Fetched => ({
  is: 'json',
  json: clientDocument(url),
  size: 100,
  caching: { etag: undefined, maxAge: undefined },
})

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(error instanceof OAuthError, String(error))
  assert.equal(error.code, 'invalid_client')
  return error.message
}

suite('a client that is widely used', () => {
  test('is taken by a known copy where its host refuses this server (claude-code#84263)', async () => {
    const source = create()
    for (const [id, metadata] of KNOWN_DOCUMENTS) {
      const client = await source.find(id)
      assert.partialDeepStrictEqual(client, { ...metadata, client_id: id, source: 'document' })
    }
  })

  test('is what its own document says where that can be had', async () => {
    answer = found
    assert.equal((await create().find(VSCODE)).client_name, 'Document client')
  })

  test('is not taken by a copy when its host says that there is none', async () => {
    answer = () => ({ is: 'invalid', fault: 'its host says that there is none (status 404)' })
    assert.match(await refusal(create().find(VSCODE)), /says that there is none/)
  })
})

suite('without fetching', () => {
  test('a known copy is taken, and any other client told to register', async () => {
    answer = found
    const source = create({ clientDocuments: 'pinned' })
    source.start()
    assert.equal((await source.find(VSCODE)).client_name, 'Visual Studio Code')
    assert.match(await refusal(source.find(APP)), /fetches none; register at the reg/)
    assert.deepEqual([asked, source.isFetching()], [[], false])
  })

  test('nobody is taken at all where documents are off', async () => {
    answer = found
    const source = create({ clientDocuments: 'off' })
    source.start()
    for (const id of [VSCODE, APP]) {
      assert.match(await refusal(source.find(id)), /which this server does not take; register/)
    }
    assert.deepEqual([asked, source.isFetching()], [[], false])
  })
})

suite('hosts that are named', () => {
  test('are the only ones that anything is taken from (gateways: allow-list before the fetch)', async () => {
    answer = found
    const source = create({ clientDocumentHosts: new Set(['app.example.com']) })
    assert.equal((await source.find(APP)).client_id, APP)
    for (const id of [
      VSCODE,
      'https://other.example.com/client',
      'https://sub.app.example.com/client',
      'https://app.example.com.evil.com/client',
    ]) {
      assert.match(await refusal(source.find(id)), /can allow it \(clientDocumentHosts\)/)
    }
    assert.deepEqual(asked, [APP])
  })

  test('are the only ones that fetching is tried out with', async () => {
    const source = create({ clientDocumentHosts: new Set(['claude.ai']) })
    source.start()
    await setImmediate()
    source.stop()
    assert.deepEqual(new Set(asked.map((url) => new URL(url).hostname)), new Set(['claude.ai']))
  })
})

suite('whether clients are told to come by a document', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  test('is found out at the start, by one document that can be fetched (spec-clients C3.4)', async () => {
    const source = create()
    assert.equal(source.isFetching(), false)
    answer = (url) => (url === VSCODE ? FORBIDDEN : found(url))
    source.start()
    source.start()
    await setImmediate()
    assert.equal(source.isFetching(), true)
    // The first refuses, the second gives it, and no more are asked.
    assert.deepEqual(asked, [...KNOWN_DOCUMENTS.keys()].slice(0, 2))
    source.stop()
  })

  test('is no while none can be had, and tried again each five minutes', async () => {
    const source = create()
    source.start()
    await setImmediate()
    assert.equal(source.isFetching(), false)
    assert.equal(asked.length, KNOWN_DOCUMENTS.size)
    answer = found
    mock.timers.tick(5 * MINUTE - 1)
    await setImmediate()
    assert.equal(source.isFetching(), false)
    mock.timers.tick(1)
    await setImmediate()
    assert.equal(source.isFetching(), true)
    source.stop()
  })

  test('is in the log, when it is found out and when it changes', async () => {
    const told: string[] = []
    const source = create({ log: ({ level, message }) => void told.push(`${level}: ${message}`) })
    source.start()
    for (const now of [() => FORBIDDEN, found, found]) {
      await setImmediate()
      answer = now
      mock.timers.tick(60 * MINUTE)
    }
    await setImmediate()
    source.stop()
    assert.deepEqual(told, [
      'warn: Client metadata documents cannot be fetched from here; clients are told to register.',
      'info: Client metadata documents can be fetched; clients are told so.',
    ])
  })

  test('becomes no within an hour after the way out is closed', async () => {
    answer = found
    const source = create()
    source.start()
    await setImmediate()
    answer = () => FORBIDDEN
    mock.timers.tick(60 * MINUTE)
    await setImmediate()
    assert.equal(source.isFetching(), false)
    source.stop()
  })

  test('does not hang on what strangers ask for: a host that fails proves nothing', async () => {
    answer = (url) => (KNOWN_DOCUMENTS.has(url) ? found(url) : FORBIDDEN)
    const source = create()
    source.start()
    await setImmediate()
    for (let n = 0; n < 5; n++) await refusal(source.find(`https://s${n}.example.com/client`))
    assert.equal(source.isFetching(), true)
    source.stop()
  })

  test('is yes as soon as a client has brought one', async () => {
    const source = create()
    answer = found
    await source.find(APP)
    assert.equal(source.isFetching(), true)
  })

  test('is not tried out any more after the end', async () => {
    const source = create()
    source.start()
    source.stop()
    await setImmediate()
    const { length } = asked
    mock.timers.tick(24 * 60 * MINUTE)
    await setImmediate()
    source.start()
    await setImmediate()
    assert.equal(asked.length, length)
  })
})

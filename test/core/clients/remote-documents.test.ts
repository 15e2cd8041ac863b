import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { createEgressBudget } from '../../../src/core/clients/egress-budget.ts'
import type { Fetched } from '../../../src/core/clients/guarded-fetch.ts'
import { createRemoteDocuments } from '../../../src/core/clients/remote-documents.ts'
import { OAuthError } from '../../../src/core/errors.ts'
import { stopClock } from '../../attacks/support.ts'

const url = 'https://app.example.com/client'
const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What the hosts answer, and what they were asked. */
let answers: Map<string, Fetched>
let asked: { url: string; etag: string | undefined }[]
beforeEach(() => {
  answers = new Map()
  asked = []
})

function create(more: { fallBack?: (url: string) => string | undefined } = {}) {
  return createRemoteDocuments<string>({
    name: 'document',
    async fetch(address, etag) {
      asked.push({ url: address.href, etag })
      return answers.get(address.href) ?? { is: 'invalid', fault: 'there is none' }
    },
    budget: createEgressBudget(),
    parse(_url, json) {
      if (typeof json === 'string') return json
      throw new OAuthError('invalid_client_metadata', 'it is no text')
    },
    log: () => {},
    ...more,
  })
}

type Caching = { etag?: string; maxAge?: number }

function found(json: unknown, { etag, maxAge }: Caching = {}, size = 100): Fetched {
  return { is: 'json', json, size, caching: { etag, maxAge } }
}

const FAILED: Fetched = { is: 'failed', fault: 'it is away', isTransient: false }
const AWAY: Fetched = { is: 'failed', fault: 'it is away', isTransient: true }

async function refusal(promise: Promise<unknown>): Promise<OAuthError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(error instanceof OAuthError, String(error))
  return error
}

suite('a document that was fetched', () => {
  for (const [what, maxAge, seconds] of [
    ['as long as its host says', 2 * HOUR, 2 * HOUR],
    ['five minutes where its host says less', 10, 5 * MINUTE],
    ['five minutes where its host does not want it kept', 0, 5 * MINUTE],
    ['a day where its host says more', 30 * DAY, DAY],
    ['an hour where its host says nothing', undefined, HOUR],
  ] as const) {
    test(`is good for ${what}`, async () => {
      using clock = stopClock()
      const documents = create()
      answers.set(url, found('one', maxAge === undefined ? {} : { maxAge }))
      await documents.get(url)
      clock.forward(seconds - 1)
      answers.set(url, found('two'))
      assert.equal(await documents.get(url), 'one')
      clock.forward(1)
      assert.equal(await documents.get(url), 'two')
      assert.equal(asked.length, 2)
    })
  }

  test('is asked for again by its ETag, and stays when it has not changed', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, found('one', { etag: '"1"' }))
    await documents.get(url)
    clock.forward(HOUR)
    answers.set(url, { is: 'unchanged', caching: { etag: undefined, maxAge: 2 * HOUR } })
    assert.equal(await documents.get(url), 'one')
    clock.forward(2 * HOUR - 1)
    assert.equal(await documents.get(url), 'one')
    clock.forward(1)
    await documents.get(url)
    assert.deepEqual(
      asked.map(({ etag }) => etag),
      [undefined, '"1"', '"1"'],
    )
  })

  test('is fetched anew where a newer one is needed', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, found('one'))
    await documents.get(url)
    answers.set(url, found('two'))
    clock.forward(29)
    assert.equal(await documents.get(url, 30), 'one')
    clock.forward(1)
    assert.equal(await documents.get(url, 30), 'two')
  })

  test('stands in for a host that fails, for seven days', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, found('one'))
    await documents.get(url)
    answers.set(url, FAILED)
    clock.forward(7 * DAY - 1)
    assert.equal(await documents.get(url), 'one')
    clock.forward(1)
    assert.equal((await refusal(documents.get(url))).code, 'invalid_client')
  })

  test('stands in while its host has been asked as often as it may', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, found('one'))
    await documents.get(url)
    clock.forward(HOUR)
    for (let n = 0; n < 30; n++) await refusal(documents.get(`${url}/${n}`))
    assert.equal(await documents.get(url), 'one')
    assert.equal(asked.length, 31)
  })

  for (const [what, answer] of [
    ['its host says that there is none', { is: 'invalid', fault: 'there is none' }],
    ['one comes that cannot be used', found(1)],
  ] as const) {
    test(`is gone for good when ${what}`, async () => {
      using clock = stopClock()
      const documents = create({ fallBack: () => 'known' })
      answers.set(url, found('one'))
      await documents.get(url)
      documents.keep(url)
      clock.forward(HOUR)
      answers.set(url, answer)
      assert.equal((await refusal(documents.get(url))).code, 'invalid_client')
      answers.set(url, AWAY)
      // A failure after that finds nothing to stand in but what is known.
      clock.forward(HOUR)
      assert.equal(await documents.get(url), 'known')
    })
  }
})

suite('a host', () => {
  test('is asked once, however many ask for the same at once', async () => {
    const documents = create()
    answers.set(url, found('one'))
    const all = await Promise.all(Array.from({ length: 100 }, () => documents.get(url)))
    assert.deepEqual(new Set(all), new Set(['one']))
    assert.equal(asked.length, 1)
  })

  test('that failed is left alone for half a minute', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, AWAY)
    const { code, retryAfter } = await refusal(documents.get(url))
    assert.deepEqual([code, retryAfter], ['temporarily_unavailable', 30])
    clock.forward(29)
    assert.equal((await refusal(documents.get(url))).retryAfter, 1)
    assert.equal(asked.length, 1)
    clock.forward(1)
    answers.set(url, found('one'))
    assert.equal(await documents.get(url), 'one')
  })

  test('that fails is stood in for by what is known of it', async () => {
    const documents = create({ fallBack: (address) => (address === url ? 'known' : undefined) })
    answers.set(url, FAILED)
    answers.set(`${url}/2`, FAILED)
    assert.equal(await documents.get(url), 'known')
    assert.equal((await refusal(documents.get(`${url}/2`))).code, 'invalid_client')
  })

  test('has what is wrong told with its document’s address', async () => {
    answers.set(url, found(1))
    const { message, cure } = await refusal(create().get(url))
    assert.equal(message, `The document '${url}' cannot be used: it is no text.`)
    assert.match(cure ?? '', /makers of the application/)
  })
})

suite('memory', () => {
  test('is for a thousand documents, and those asked for last stay', async () => {
    using clock = stopClock()
    const documents = create()
    const address = (n: number) => `https://app${n}.example.com/client`
    for (let n = 0; n < 1001; n++) {
      answers.set(address(n), found(`${n}`))
      await documents.get(address(n))
      // The first is in use all the time.
      await documents.get(address(0))
      clock.forward(1)
    }
    const before = asked.length
    await documents.get(address(0))
    await documents.get(address(1000))
    assert.equal(asked.length, before)
    await documents.get(address(1))
    assert.equal(asked.length, before + 1)
  })

  test('is for four megabytes of documents, however few they are', async () => {
    const documents = create()
    const address = (n: number) => `https://app${n}.example.com/client`
    const get = (n: number) => documents.get(address(n))
    for (let n = 0; n < 5; n++) answers.set(address(n), found(`${n}`, {}, 2 ** 20 - 512))
    for (let n = 0; n < 4; n++) await get(n)
    for (let n = 0; n < 4; n++) await get(n)
    assert.equal(asked.length, 4, 'four of a megabyte fit')
    await get(4)
    await get(1)
    assert.equal(asked.length, 5)
    await get(0)
    assert.equal(asked.length, 6, 'the one that was used longest ago is gone')
  })

  test('keeps the documents of clients that people have let in apart', async () => {
    using clock = stopClock()
    const documents = create()
    answers.set(url, found('one', { maxAge: DAY }))
    await documents.get(url)
    documents.keep(url)
    for (let n = 0; n < 1100; n++) {
      const other = `https://app${n}.example.com/client`
      answers.set(other, found(`${n}`))
      await documents.get(other)
      clock.forward(1)
    }
    const before = asked.length
    assert.equal(await documents.get(url), 'one')
    assert.equal(asked.length, before)
  })
})

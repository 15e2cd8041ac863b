import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { locationOf } from './consent-form.ts'
import { get } from './support.ts'

suite('a store that fails when Entra has answered', () => {
  test('costs that one sign-in, and nobody is told to load a used answer again', async () => {
    const store = memoryStore()
    await using server = await startEntrance({ entrance: { store } })
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const browser = createBrowser()
    const callback = `${server.url}/auth/callback`
    const { url } = await browser.signIn(authorization.url, { until: callback })
    failOnce(store, 'create')
    const page = await browser.open(url, { until: authorization.redirect_uri })
    assert.equal(page.status, 503)
    assert.doesNotMatch(page.text, /reload/i)
    assert.match(page.text, /cannot reach its store/)
    assert.match(page.text, /Return to the application/)
    const [, href = ''] = /<a class="button primary" href="([^"]+)"/.exec(page.html) ?? []
    const back = new URL(href.replaceAll('&amp;', '&'))
    assert.equal(back.searchParams.get('error'), 'temporarily_unavailable')
    assert.equal(back.searchParams.get('state'), authorization.state)
    assert.equal(back.searchParams.get('iss'), server.url)
    // The transaction is over, here as at Entra; the next one works.
    assert.equal((await browser.open(url)).status, 403)
    const next = client.authorization(client_id)
    const done = await browser.signIn(next.url, { until: next.redirect_uri })
    assert.equal((await client.exchange(next, codeOf(done))).status, 200)
  })

  test('lets nobody in whose client could not be recorded', async () => {
    const store = memoryStore()
    await using server = await startEntrance({ entrance: { store, registration: { adopt: true } } })
    const client = createOAuthClient(server.url)
    const authorization = client.authorization('lost')
    const browser = createBrowser()
    const consent = locationOf(await get(authorization.url))
    const { url } = await browser.signIn(consent, { until: `${server.url}/auth/callback` })
    failOnce(store, 'create')
    const page = await browser.open(url, { until: authorization.redirect_uri })
    assert.equal(page.status, 503)
    assert.match(page.text, /Return to the application/)
  })

  test('does not let a person in who was not asked', async () => {
    const store = memoryStore()
    await using server = await startEntrance({ entrance: { store, consent: 'remember' } })
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const browser = createBrowser()
    const until = `${server.url}/auth/callback`
    const first = client.authorization(client_id)
    await browser.signIn(first.url, { until: first.redirect_uri })
    const second = client.authorization(client_id)
    const entra = await browser.open(second.url, { until: server.emulator.origin })
    assert.equal(entra.status, 0, 'the yes is remembered')
    const { url } = await browser.signIn(entra.url, { until })
    failOnce(store, 'get')
    const page = await browser.open(url, { until: second.redirect_uri })
    assert.equal(page.status, 503)
    assert.match(page.text, /Return to the application/)
  })
})

/** Has the next call of an operation fail. */
function failOnce(store: Store, operation: 'get' | 'create'): void {
  const own = store[operation]
  Object.assign(store, {
    [operation]: () => {
      Object.assign(store, { [operation]: own })
      return Promise.reject(new Error('away'))
    },
  })
}

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { listen } from '../../src/adapters/listen.ts'
import { createVaultApi } from '../../src/cli/key-vault-api.ts'

/** A vault that answers so. */
async function vaultOf(t: TestContext, answer: RequestListener) {
  const { port, close } = await listen(answer, { port: 0, hosts: ['127.0.0.1'] })
  t.after(() => close())
  const origin = `http://127.0.0.1:${port}`
  const client = {
    clientId: 'c',
    tokenEndpoint: `${origin}/token`,
    credential: async () => () => {},
    fetch: globalThis.fetch,
  }
  return { origin, api: createVaultApi({ origin, name: 'entrance' }, client) }
}

test('a vault that leads elsewhere is not followed, with a token or without one', async (t) => {
  let isAsked = false
  const elsewhere = await vaultOf(t, (_request, response) => {
    isAsked = true
    response.end('{"value":[]}')
  })
  for (const status of [301, 302, 307, 308]) {
    const { api } = await vaultOf(t, (request, response) => {
      response.writeHead(status, { location: `${elsewhere.origin}${request.url}` }).end()
    })
    await assert.rejects(api.versions(), { message: /is not answering/ })
  }
  assert.equal(isAsked, false)
})

test('a vault that answers without end is not listened to without end', async (t) => {
  const { api } = await vaultOf(t, (_request, response) => {
    response.end(JSON.stringify({ value: [], padding: 'x'.repeat(70_000) }))
  })
  await assert.rejects(api.versions(), { message: /the answer is too large/ })
})

test('a vault whose pages have no end is read for some of them', async (t) => {
  let pages = 0
  const { api } = await vaultOf(t, ({ headers, url }, response) => {
    pages++
    response.end(JSON.stringify({ value: [], nextLink: `http://${headers.host}${url}` }))
  })
  assert.deepEqual(await api.versions(), [])
  assert.equal(pages, 20)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, setGlobalProxyFromEnv } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { assertionOfManagedIdentity } from '../../../src/core/entra/credentials/managed-identity.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (name: string) => `${encode({ alg: 'RS256' })}.${encode({ name })}.c2lnbmF0dXJl`
const now = () => Math.floor(Date.now() / 1000)

type Reply = { status?: number; body: unknown; headers?: Record<string, string> }

/** An endpoint beside this machine that answers as told, one reply after the other. */
async function startEndpoint(t: TestContext, replies: readonly Reply[]) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    const reply = replies[asked.length] ?? replies.at(-1) ?? { body: '' }
    const { status = 200, body, headers = {} } = reply
    asked.push(request)
    response.writeHead(status, headers)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close().closeAllConnections())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, origin }
}

const good = (name: string, life = 86_400): Reply => ({
  body: { access_token: token(name), expires_on: String(now() + life), token_type: 'Bearer' },
})

function create(
  origin: string,
  authority = 'http://localhost',
  clientId?: string,
  header?: string,
) {
  return assertionOfManagedIdentity(
    { kind: 'managed-identity', endpoint: `${origin}/token`, clientId, identityHeader: header },
    authority,
  )
}

suite('a managed identity', () => {
  test('is asked for as App Service wants it', async (t) => {
    const { asked, origin } = await startEndpoint(t, [good('a')])
    assert.equal(await create(origin, 'http://localhost', 'the-id', 'the-header')(''), token('a'))
    assert.equal(
      asked[0]?.url,
      '/token?api-version=2019-08-01&resource=api%3A%2F%2FAzureADTokenExchange&client_id=the-id',
    )
    assert.equal(asked[0]?.headers['x-identity-header'], 'the-header')
    assert.equal(asked[0]?.headers.metadata, undefined)
  })

  test('is asked for as a virtual machine wants it, for the audience of the cloud', async (t) => {
    const { asked, origin } = await startEndpoint(t, [good('a')])
    await create(origin, 'https://login.microsoftonline.us')('')
    await create(origin, 'https://login.chinacloudapi.cn')('')
    assert.deepEqual(
      asked.map(({ url }) => new URL(url ?? '', origin).searchParams.get('resource')),
      ['api://AzureADTokenExchangeUSGov', 'api://AzureADTokenExchangeChina'],
    )
    assert.equal(asked[0]?.headers.metadata, 'true')
    assert.equal(asked[0]?.headers['x-identity-header'], undefined)
  })

  test('is asked for once, however many want its token at the same time', async (t) => {
    const { asked, origin } = await startEndpoint(t, [good('a'), good('b')])
    const get = create(origin)
    const all = await Promise.all(Array.from({ length: 20 }, () => get('')))
    assert.deepEqual([...new Set(all)], [token('a')])
    assert.equal(await get(''), token('a'))
    assert.equal(asked.length, 1)
  })

  test('is asked for again five minutes before the end of its token', async (t) => {
    const { asked, origin } = await startEndpoint(t, [good('a', 299), good('b', 302)])
    const get = create(origin)
    assert.deepEqual(
      [await get(''), await get(''), await get('')],
      [token('a'), token('b'), token('b')],
    )
    assert.equal(asked.length, 2)
  })

  test('that cannot be had anew is good for as long as its token lives', async (t) => {
    const broken = { status: 400, body: {} }
    const { origin } = await startEndpoint(t, [good('a', 200), broken])
    const get = create(origin)
    await get('')
    assert.equal(await get(''), token('a'))
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 201_000 })
    await assert.rejects(get(''), /refuses \(status 400\)/)
  })

  test('that is not there yet is asked for again', async (t) => {
    const { asked, origin } = await startEndpoint(t, [{ status: 404, body: '' }, good('a')])
    assert.equal(await create(origin)(''), token('a'))
    assert.equal(asked.length, 2)
  })

  test('is asked for past every proxy', async (t) => {
    const proxied: (string | undefined)[] = []
    const proxy = createServer((request, response) => {
      proxied.push(request.url)
      response.end('{}')
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const restore = setGlobalProxyFromEnv({ HTTP_PROXY: address, HTTPS_PROXY: address })
    t.after(() => {
      restore()
      proxy.close().closeAllConnections()
    })
    const { origin } = await startEndpoint(t, [good('a')])
    const [answer] = await once(get(`${origin}/proves-that-there-is-a-proxy`), 'response')
    answer.resume()
    assert.equal(proxied.length, 1)
    assert.equal(await create(origin)(''), token('a'))
    assert.equal(proxied.length, 1)
  })
})

suite('a managed identity that is not had', () => {
  const CASES: readonly (readonly [string, Reply, RegExp, isTransient: boolean])[] = [
    [
      'because there is none',
      { status: 400, body: { error: 'invalid_request', error_description: 'Identity not\nfound' } },
      /endpoint refuses \(Identity not found\)/,
      false,
    ],
    ['because of the header', { status: 401, body: '' }, /refuses \(status 401\)/, false],
    [
      'because it points elsewhere, where the header is not sent',
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } },
      /refuses \(status 302\)/,
      false,
    ],
    ['by a page', { body: '<html>' }, /answers with something else than a token/, true],
    [
      'without an end',
      { body: { access_token: token('a') } },
      /answers with something else than a token/,
      true,
    ],
    [
      'for want of a token',
      { body: { expires_on: String(now() + 3600) } },
      /endpoint's token is empty/,
      true,
    ],
    ['for its length', { body: 'x'.repeat(70_000) }, /endpoint is not answering/, true],
  ]
  for (const [name, reply, why, isTransient] of CASES) {
    test(`${name} is told as such`, async (t) => {
      const { origin } = await startEndpoint(t, [reply])
      await assert.rejects(create(origin)(''), {
        name: 'EntraError',
        isOurs: true,
        isTransient,
        message: why,
      })
    })
  }

  test('because nobody listens, fails for the moment', async (t) => {
    const { origin } = await startEndpoint(t, [])
    const gone = new URL(origin)
    gone.port = '9'
    await assert.rejects(create(gone.origin)(''), { isTransient: true, message: /not answering/ })
  })
})

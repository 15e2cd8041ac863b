import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setGlobalProxyFromEnv } from 'node:http'
import { createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { createGuardedFetch, DOCUMENT_MAX_BYTES } from '../../../src/core/clients/guarded-fetch.ts'
import { startInternet, type TestInternet } from '../../support/internet.ts'

const url = 'https://app.example.com/client.json'
const JSON_TYPE = { 'content-type': 'application/json' }

let internet: TestInternet
before(async () => {
  internet = await startInternet()
})
after(() => internet.close())

const get = (etag?: string) => internet.fetch(new URL(url), etag)

async function faultOf(fetched: Promise<object>): Promise<string> {
  const answer = await fetched
  assert.ok('fault' in answer, JSON.stringify(answer))
  return answer.fault as string
}

suite('a document', () => {
  test('is fetched as JSON, with what its host says of keeping it', async () => {
    const headers = { etag: '"1"', 'cache-control': 'public, max-age=600' }
    internet.publish(url, { a: 1 }, headers)
    assert.deepEqual(await get(), {
      is: 'json',
      json: { a: 1 },
      size: 7,
      caching: { etag: '"1"', maxAge: 600 },
    })
  })

  test('may have any JSON type', async () => {
    for (const type of [
      ...['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'],
      ...['application/client+json', 'application/oauth-client.v1+json'],
    ]) {
      internet.publish(url, {}, { 'content-type': type })
      assert.equal((await get()).is, 'json', type)
    }
  })

  test('is asked for with nothing that says who asks', async () => {
    internet.publish(url, {})
    await get()
    const { headers } = internet.requests.at(-1) ?? {}
    assert.deepEqual(Object.keys(headers ?? {}).toSorted(), [
      ...['accept', 'accept-encoding', 'connection', 'host', 'user-agent'],
    ])
    assert.equal(headers?.host, 'app.example.com')
    assert.equal(headers?.['accept-encoding'], 'identity')
  })

  test('that has not changed is not sent again', async () => {
    internet.answer(url, (request, response) => {
      const isHeld = request.headers['if-none-match'] === '"1"'
      response.writeHead(isHeld ? 304 : 200, { etag: '"1"', ...JSON_TYPE })
      response.end(isHeld ? undefined : '{}')
    })
    assert.equal((await get()).is, 'json')
    assert.deepEqual(await get('"1"'), {
      is: 'unchanged',
      caching: { etag: '"1"', maxAge: undefined },
    })
  })

  test('says how long it may be kept', async () => {
    for (const [header, maxAge] of [
      ['max-age=60', 60],
      ['public,max-age="60"', 60],
      ['s-maxage=5, max-age=60', 60],
      ['no-store', 0],
      ['no-cache, max-age=60', 0],
      ['max-age=60, no-store', 0],
      ['max-age=x', undefined],
      ['x-max-age=60', undefined],
      ['', undefined],
    ] as const) {
      internet.publish(url, {}, { 'cache-control': header })
      const fetched = await get()
      assert.equal(fetched.is === 'json' && fetched.caching.maxAge, maxAge, header)
    }
  })
})

suite('an answer that is none', () => {
  test('is told by its status', async () => {
    for (const [status, is, isTransient] of [
      ...[[404, 'invalid'] as const, [410, 'invalid'] as const],
      ...[400, 401, 403, 201, 204, 206].map((one) => [one, 'failed', false] as const),
      ...[429, 500, 502, 503].map((one) => [one, 'failed', true] as const),
    ]) {
      internet.answer(url, (_, response) => void response.writeHead(status, JSON_TYPE).end())
      const fetched = await get()
      assert.equal(fetched.is, is, String(status))
      if (fetched.is === 'failed') assert.equal(fetched.isTransient, isTransient, String(status))
    }
  })

  test('is a 304 that was not asked for', async () => {
    internet.answer(url, (_, response) => void response.writeHead(304).end())
    assert.match(await faultOf(get()), /redirects \(status 304\)/)
  })

  test('is a body that breaks off, or is no JSON, or no UTF-8', async () => {
    internet.answer(url, (_, response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' })
      response.write('{}')
      setImmediate(() => response.destroy())
    })
    assert.match(await faultOf(get()), /cannot be reached/)
    for (const body of ['', '{', '<html>', Buffer.from([0x22, 0xff, 0x22]), '{}{}']) {
      internet.answer(url, (_, response) => void response.writeHead(200, JSON_TYPE).end(body))
      assert.equal(await faultOf(get()), 'it is not valid JSON')
    }
  })

  test('is a host that nobody answers for', async () => {
    const closed = await startInternet()
    await closed.close()
    assert.match(await faultOf(closed.fetch(new URL(url))), /cannot be reached/)
    internet.dns.set('none.example.com', () => [])
    assert.match(
      await faultOf(internet.fetch(new URL('https://none.example.com/c'))),
      /has no public address/,
    )
  })
})

test('a name that does not exist reads like one that is not public', async () => {
  internet.dns.set('nowhere.example.com', () => [])
  internet.dns.set('inside.example.com', () => ['10.0.0.1'])
  const inside = await internet.fetch(new URL('https://inside.example.com/c'))
  assert.deepEqual(await internet.fetch(new URL('https://nowhere.example.com/c')), inside)
})

test('a DNS that fails is no word on the host: it may be asked again', async () => {
  const lookup = () => Promise.reject(Object.assign(new Error(), { code: 'ESERVFAIL' }))
  const fetch = createGuardedFetch({ lookup, isPublic: () => true, port: 1, timeout: 5000 })
  assert.partialDeepStrictEqual(await fetch(new URL(url)), { is: 'failed', isTransient: true })
})

test('the largest document fits, and one byte more does not', async () => {
  const fits = 'x'.repeat(DOCUMENT_MAX_BYTES - 2)
  internet.publish(url, fits)
  assert.equal((await get()).is, 'json')
  internet.publish(url, `${fits}x`)
  assert.equal(await faultOf(get()), `it is larger than ${DOCUMENT_MAX_BYTES} bytes`)
})

test('a host at several addresses is reached by one that answers', async () => {
  const isPublic = () => true
  const shared = await startInternet({ isPublic })
  try {
    shared.publish(url, { a: 1 })
    shared.dns.set('app.example.com', () => ['127.0.0.3', '127.0.0.1'])
    assert.equal((await shared.fetch(new URL(url))).is, 'json')
  } finally {
    await shared.close()
  }
})

test('a host that is not the one of the certificate is not believed', async () => {
  const elsewhere = 'https://app.example.org/client.json'
  internet.publish(elsewhere, {})
  assert.match(await faultOf(internet.fetch(new URL(elsewhere))), /certificate is not trusted/)
  assert.equal(internet.count('app.example.org'), 0)
})

test('a certificate is checked also where the environment says not to', async () => {
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    const { lookup, isPublic } = { lookup: async () => ['127.0.0.1'], isPublic: () => true }
    // Without the certificate of the test's own authority.
    const fetch = createGuardedFetch({ lookup, isPublic, port: internet.port, timeout: 5000 })
    internet.publish(url, {})
    assert.match(await faultOf(fetch(new URL(url))), /certificate is not trusted/)
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
  }
})

test('a proxy of the process is not used: it would look the host up again', async () => {
  let connections = 0
  const proxy = createServer((socket) => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as { port: number }
  const restore = setGlobalProxyFromEnv({ HTTPS_PROXY: `http://127.0.0.1:${port}` })
  try {
    internet.publish(url, {})
    assert.equal((await get()).is, 'json')
    assert.equal(connections, 0)
  } finally {
    restore()
    proxy.close()
  }
})

test('a host that accepts and says nothing is left when the time is over', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  const lookup = async () => ['127.0.0.1']
  const fetch = createGuardedFetch({ lookup, isPublic: () => true, port, timeout: 100 })
  const began = performance.now()
  assert.equal(await faultOf(fetch(new URL(url))), 'its host took too long')
  assert.ok(performance.now() - began < 5000)
  silent.close()
})

test('a DNS that does not answer is left when the time is over', async () => {
  const lookup = () => new Promise<never>(() => {})
  const fetch = createGuardedFetch({ lookup, isPublic: () => true, port: 1, timeout: 50 })
  // Nothing else keeps this process alive meanwhile.
  const alive = setInterval(() => {}, 1000)
  assert.equal(await faultOf(fetch(new URL(url))), 'its host took too long')
  clearInterval(alive)
})

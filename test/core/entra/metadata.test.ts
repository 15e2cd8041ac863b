import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMetadataSource } from '../../../src/core/entra/metadata.ts'

const authority = 'https://login.example'
const tenantId = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const base = `${authority}/${tenantId}`
const DOCUMENT = {
  issuer: `${base}/v2.0`,
  authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
  token_endpoint: `${base}/oauth2/v2.0/token`,
  jwks_uri: `${base}/discovery/v2.0/keys`,
}

type Asked = { url: string; init: RequestInit | undefined }

/** A source of metadata whose Entra answers as told. */
function create(answer: () => Response | Promise<Response>, tenant = tenantId) {
  const asked: Asked[] = []
  const read = createMetadataSource({
    authority,
    tenantId: tenant,
    fetch: async (url, init) => {
      asked.push({ url: String(url), init })
      return answer()
    },
  })
  return { read, asked }
}

suite("Entra's metadata", () => {
  test('is asked for once, however many want it at the same time', async () => {
    const { read, asked } = create(() => Response.json(DOCUMENT))
    const all = await Promise.all(Array.from({ length: 50 }, () => read(3600)))
    assert.equal(new Set(all).size, 1)
    assert.deepEqual(
      asked.map(({ url }) => url),
      [`${base}/v2.0/.well-known/openid-configuration`],
    )
  })

  test('is asked for again when what is kept is too old for who asks', async (t) => {
    let elapsed = 0
    t.mock.method(performance, 'now', () => elapsed)
    const { read, asked } = create(() => Response.json(DOCUMENT))
    await read(3600)
    elapsed = 2000
    await read(3600)
    assert.equal(asked.length, 1)
    await read(1)
    assert.equal(asked.length, 2)
  })

  test('that could not be had is asked for again', async () => {
    let isAway = true
    const { read } = create(() => {
      if (isAway) throw new TypeError('fetch failed')
      return Response.json(DOCUMENT)
    })
    await assert.rejects(read(3600), { name: 'EntraError', isTransient: true })
    isAway = false
    assert.equal((await read(3600)).issuer, DOCUMENT.issuer)
  })

  test('is fetched without following redirects, and not for ever', async () => {
    const { read, asked } = create(() => Response.json(DOCUMENT))
    await read(0)
    assert.equal(asked[0]?.init?.redirect, 'error')
    assert.ok(asked[0]?.init?.signal)
  })

  const PASSING: readonly (readonly [string, () => Response])[] = [
    ['a page', () => new Response('<html>', { status: 200 })],
    ['null', () => Response.json(null)],
    ['a list', () => Response.json([])],
    ['something that is too large', () => Response.json({ ...DOCUMENT, x: 'x'.repeat(70_000) })],
    ['a fault', () => new Response('', { status: 503 })],
    ['an endpoint that is no text', () => Response.json({ ...DOCUMENT, jwks_uri: 1 })],
  ]
  for (const [name, answer] of PASSING) {
    test(`is taken for missing where ${name} comes in its place`, async () => {
      await assert.rejects(create(answer).read(0), { name: 'EntraError', isTransient: true })
    })
  }

  const WRONG: readonly (readonly [string, object])[] = [
    ['another tenant', { issuer: `${authority}/99999999-8888-4777-a666-555555555555/v2.0` }],
    ['another host', { issuer: `https://evil.example/${tenantId}/v2.0` }],
    ['a host that begins like ours', { issuer: `${authority}.evil.example/${tenantId}/v2.0` }],
    ['no tenant', { issuer: `${authority}/{tenantid}/v2.0` }],
    ['version 1', { issuer: `https://sts.windows.net/${tenantId}/` }],
    ['a path in between', { issuer: `${authority}/x/${tenantId}/v2.0` }],
    ['plain http', { token_endpoint: 'http://login.example/token' }],
    ['another protocol', { authorization_endpoint: 'javascript:alert(1)' }],
  ]
  for (const [name, change] of WRONG) {
    test(`that names ${name} is not taken`, async () => {
      const { read } = create(() => Response.json({ ...DOCUMENT, ...change }))
      const message = `Entra's metadata is not that of the tenant ${tenantId} at ${authority}.`
      await assert.rejects(read(0), { name: 'EntraError', isTransient: false, message })
    })
  }

  test('of a tenant that is configured by its domain names it by its id', async () => {
    const { read } = create(() => Response.json(DOCUMENT), 'entrance.example')
    assert.equal((await read(0)).issuer, DOCUMENT.issuer)
  })

  test('of a tenant that there is not says so', async () => {
    for (const status of [400, 404]) {
      const { read } = create(() => Response.json({ error: 'invalid_tenant' }, { status }))
      const message = /^Entra knows no tenant/
      await assert.rejects(read(0), {
        name: 'EntraError',
        isTransient: false,
        code: 90002,
        message,
      })
    }
  })
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { suite, test } from 'node:test'
import { graphScope, isInAnyGroup } from '../../../src/core/entra/group-membership.ts'
import { EntraError } from '../../../src/core/errors.ts'

const LOGIN = 'https://login.microsoftonline.com'
const base = `${LOGIN}/160007d1-3e33-4d24-b261-9a263d8f2ed0`
const METADATA = {
  issuer: `${base}/v2.0`,
  authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
  token_endpoint: `${base}/oauth2/v2.0/token`,
  jwks_uri: `${base}/discovery/v2.0/keys`,
  msgraph_host: 'graph.microsoft.com',
  cloud_instance_name: undefined,
  tenant_region_scope: undefined,
}

type Asked = { url: string; authorization: string | null; groupIds: string[] }
type Answer = (groupIds: string[]) => Response | Promise<Response>

/** A look-up at a Graph that answers so, and what it was asked. */
function lookUp(ids: readonly string[], answer: Answer, metadata: object = {}, exchange?: Error) {
  const asked: Asked[] = []
  const scopes: string[] = []
  const result = isInAnyGroup(ids, {
    metadata: { ...METADATA, ...metadata },
    authority: LOGIN,
    async exchange(scope) {
      scopes.push(scope)
      if (exchange) throw exchange
      return 'a Graph token'
    },
    async fetch(input, init) {
      const request = new Request(input, init)
      const { groupIds } = (await request.json()) as { groupIds: string[] }
      const authorization = request.headers.get('authorization')
      asked.push({ url: request.url, authorization, groupIds })
      assert.equal(request.redirect, 'error')
      return answer(groupIds)
    },
  })
  return { result, asked, scopes }
}

const someIds = (count: number) => Array.from({ length: count }, () => randomUUID() as string)
const found = (...value: unknown[]) => Response.json({ '@odata.context': 'x', value })

async function failureOf(result: Promise<boolean>): Promise<EntraError> {
  const error = await result.then(
    (isIn) => assert.fail(`it says ${isIn}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof EntraError, String(error))
  assert.match(error.message, /^The groups of the account cannot be looked up\. /)
  return error
}

suite('the look-up of groups', () => {
  test('asks Graph about these groups alone, as the person, with the least permission', async () => {
    const ids = someIds(2)
    const { result, asked, scopes } = lookUp(ids, () => found(ids[1]?.toUpperCase()))
    assert.equal(await result, true)
    assert.deepEqual(scopes, ['https://graph.microsoft.com/User.Read'])
    const url = 'https://graph.microsoft.com/v1.0/me/checkMemberGroups'
    assert.deepEqual(asked, [{ url, authorization: 'Bearer a Graph token', groupIds: ids }])
  })

  test('says no where there are none', async () => {
    assert.equal(await lookUp(someIds(1), () => found()).result, false)
  })

  test('asks about twenty at a time, and no longer than it has to', async () => {
    const ids = someIds(45)
    const none = lookUp(ids, () => found())
    assert.equal(await none.result, false)
    assert.deepEqual(
      none.asked.map(({ groupIds }) => groupIds.length),
      [20, 20, 5],
    )
    assert.deepEqual(none.scopes.length, 1)
    const second = lookUp(ids, (groupIds) => found(...groupIds.filter((id) => id === ids[25])))
    assert.equal(await second.result, true)
    assert.equal(second.asked.length, 2)
  })

  test('does not count a group that nobody asked about', async () => {
    assert.equal(await lookUp(someIds(1), () => found(...someIds(3))).result, false)
  })
})

suite('a look-up that fails is no answer', () => {
  for (const [name, answer] of [
    ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
    ['is down', () => new Response('<h1>Service unavailable</h1>', { status: 503 })],
    ['is busy', () => Response.json({ error: { code: 'TooManyRequests' } }, { status: 429 })],
    ['answers no JSON', () => new Response('<html>')],
    ['answers something else', () => Response.json([])],
    ['answers no list', () => Response.json({ value: 'none' })],
    ['answers a list of something else', () => Response.json({ value: [{ id: 'x' }] })],
    ['answers without an end', () => new Response('['.repeat(65 * 1024))],
  ] as const) {
    test(`where Graph ${name}: it passes`, async () => {
      const error = await failureOf(lookUp(someIds(1), answer).result)
      assert.equal(error.isTransient, true)
      assert.match(error.message, /Microsoft Graph is not answering/)
    })
  }

  for (const [status, code] of [
    [400, 'Request_BadRequest'],
    [401, 'InvalidAuthenticationToken'],
    [403, 'Authorization_RequestDenied'],
    [404, 'Request_ResourceNotFound'],
  ] as const) {
    test(`where Graph says ${code}: the operator has to mend it`, async () => {
      const answer = () => Response.json({ error: { code, message: 'secret' } }, { status })
      const error = await failureOf(lookUp(someIds(1), answer).result)
      assert.deepEqual([error.isTransient, error.error], [false, undefined])
      assert.match(error.message, new RegExp(`status ${status} \\(${code}\\)`))
      const isDenied = status === 401 || status === 403
      assert.match(error.cure, isDenied ? /permission User\.Read and consent/ : /ids of the option/)
    })
  }

  const refused = (code: number, error: string, claims?: string) =>
    new EntraError(`AADSTS${code}: no.`, { code, error, claims, isTransient: false, cure: 'x' })

  test('where consent is missing: it says for what, and the person can bring it', async () => {
    const given = refused(65001, 'invalid_grant')
    const error = await failureOf(lookUp(someIds(1), found, {}, given).result)
    assert.deepEqual([error.code, error.error], [65001, 'consent_required'])
    assert.match(error.cure, /delegated permission User\.Read/)
  })

  test('where Entra asks for a step more: the person can bring it, and it says which', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    const given = refused(50076, 'interaction_required', claims)
    const error = await failureOf(lookUp(someIds(1), found, {}, given).result)
    assert.deepEqual([error.error, error.claims], ['interaction_required', claims])
  })

  test("where Entra does not give the token otherwise: that is not the person's end", async () => {
    const given = refused(50013, 'invalid_grant')
    const error = await failureOf(lookUp(someIds(1), found, {}, given).result)
    assert.deepEqual([error.code, error.error, error.isTransient], [50013, undefined, false])
  })

  for (const [code, word] of [
    [53003, 'invalid_grant'],
    [50105, 'invalid_grant'],
    [50057, 'invalid_grant'],
  ] as const) {
    test(`where Entra says no to this person (AADSTS${code}): that is final`, async () => {
      const error = await failureOf(lookUp(someIds(1), found, {}, refused(code, word)).result)
      assert.deepEqual([error.code, error.error, error.isTransient], [code, 'access_denied', false])
    })
  }

  for (const msgraph_host of ['evil.example', 'graph.microsoft.com.evil.example', '', undefined]) {
    test(`where Entra's metadata names ${msgraph_host} as Graph: no token is sent`, async () => {
      const { result, asked, scopes } = lookUp(someIds(1), found, { msgraph_host })
      const error = await failureOf(result)
      assert.match(error.message, /for Microsoft Graph/)
      assert.deepEqual([asked, scopes], [[], []])
      const metadata = { ...METADATA, msgraph_host: msgraph_host as string }
      assert.throws(() => graphScope(metadata, LOGIN), EntraError)
    })
  }
})

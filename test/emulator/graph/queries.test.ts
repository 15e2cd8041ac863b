import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApplication, SEED } from '../../../src/emulator/emulator.ts'
import { assertError, openGraph } from './support.ts'

const { emulator, graph } = await openGraph()
const { tenantId } = SEED
emulator.directory.applications.push(
  ...Array.from({ length: 2000 }, (_, index) =>
    createApplication({ tenantId, displayName: `Application ${index}` }),
  ),
)

test('2,001 applications come in pages, each once, whatever happens meanwhile', async () => {
  const found: string[] = []
  let next: string | undefined = '/applications?$select=id&$top=999'
  let pages = 0
  while (next !== undefined) {
    const { status, body } = await graph('GET', next)
    assert.equal(status, 200, JSON.stringify(body))
    found.push(...body.value.map(({ id }: { id: string }) => id))
    next = body['@odata.nextLink']
    pages += 1
    // Something that was listed already goes away: nothing else is passed over.
    if (pages === 1) await graph('DELETE', `/applications/${found[500]}`)
  }
  assert.equal(pages, 3)
  assert.equal(found.length, 2001)
  assert.equal(new Set(found).size, 2001)
})

test('a page has 100 objects unless asked for more, and the next link keeps the query', async () => {
  const { body } = await graph('GET', "/applications?$filter=startswith(displayName,'App')")
  assert.equal(body.value.length, 100)
  const next = new URL(body['@odata.nextLink'])
  assert.equal(next.origin, emulator.origin)
  assert.equal(next.searchParams.get('$filter'), "startswith(displayName,'App')")
})

test('a page token of something that is gone has expired', async () => {
  const token = Buffer.from(crypto.randomUUID()).toString('base64url')
  const answer = await graph('GET', `/applications?$skiptoken=${token}`)
  assertError(answer, 400, 'Directory_ExpiredPageToken', /has expired/)
})

test('conditions are joined by and', async () => {
  const answer = await graph(
    'GET',
    `/applications?$filter=displayName eq 'Entrance' and signInAudience eq 'AzureADMyOrg'&$select=appId`,
  )
  assert.deepEqual(answer.body.value, [{ appId: SEED.clientId }])
  const none = await graph(
    'GET',
    `/applications?$filter=displayName eq 'Entrance' and appId eq '${crypto.randomUUID()}'`,
  )
  assert.deepEqual(none.body.value, [])
})

test('a quotation mark in a text is doubled', async () => {
  const quoted = createApplication({ tenantId, displayName: "Ada's own" })
  emulator.directory.applications.push(quoted)
  const { body } = await graph('GET', "/applications?$filter=displayName eq 'Ada''s own'")
  assert.equal(body.value[0].id, quoted.id)
})

test('$count is there for who asks for eventual consistency', async () => {
  const path = "/applications?$count=true&$top=1&$filter=displayName eq 'Entrance'"
  assertError(await graph('GET', path), 400, 'Request_BadRequest', /ConsistencyLevel/)
  const { body } = await graph('GET', path, undefined, { ConsistencyLevel: 'eventual' })
  assert.equal(body['@odata.count'], 1)
})

for (const [query, code, message] of [
  ['$filter=secret eq 1', 'BadRequest', /^Invalid filter clause/],
  [
    '$filter=createdDateTime eq null',
    'Request_UnsupportedQuery',
    /'createdDateTime' of resource 'Application'/,
  ],
  ["$filter=displayName ne 'x'", 'BadRequest', /^Invalid filter clause/],
  ["$filter=displayName eq 'x' or displayName eq 'y'", 'BadRequest', /^Invalid filter clause/],
  ["$filter=displayName eq 'x", 'BadRequest', /^Invalid filter clause/],
  ['$filter=', 'BadRequest', /^Invalid filter clause/],
  [`$filter=displayName eq '${'x'.repeat(3000)}'`, 'BadRequest', /^Invalid filter clause/],
  ['$select=secretText', 'BadRequest', /Could not find a property named 'secretText'/],
  ['$top=0', 'Request_BadRequest', /Invalid page size specified: '0'/],
  ['$top=1000', 'Request_BadRequest', /between 1 and 999/],
  ['$top=x', 'Request_BadRequest', /Invalid page size/],
  ['$orderby=displayName', 'Request_UnsupportedQuery', /'\$orderby' is not supported/],
  ['$expand=owners', 'Request_UnsupportedQuery', /'\$expand' is not supported/],
  ['$search="displayName:x"', 'Request_UnsupportedQuery', /'\$search' is not supported/],
  ['$skip=1', 'Request_UnsupportedQuery', /'\$skip' is not supported/],
  ['$top=1&$top=2', 'Request_BadRequest', /more than once/],
  ['$skiptoken=%%%', 'Directory_ExpiredPageToken', /./],
] as const) {
  test(`a list with ${query.slice(0, 60)} is refused, not guessed at`, async () => {
    assertError(await graph('GET', `/applications?${query}`), 400, code, message)
  })
}

test('paths and methods that Graph has not', async () => {
  for (const [method, path, status, code, message] of [
    ['GET', '/nothing', 400, 'BadRequest', "Resource not found for the segment 'nothing'."],
    ['GET', '/applications/x/y/z', 400, 'BadRequest', /segment 'z'/],
    ['GET', "/applications(nothing='x')", 400, 'BadRequest', /Resource not found/],
    ['PUT', '/applications', 405, 'Request_BadRequest', /HTTP method is not allowed/],
    ['GET', '/applications/%E0%A4%A', 400, 'Request_BadRequest', /percent-encoding/],
  ] as const) {
    const body = method === 'PUT' ? {} : undefined
    assertError(await graph(method, path, body), status, code, message)
  }
  const beta = `${emulator.origin}/beta/applications`
  assertError(await graph('GET', beta), 400, 'BadRequest', /Resource not found/)
})

test('a page of another origin may ask, with a token', async () => {
  const request = new Request(`${emulator.origin}/v1.0/me`, {
    method: 'OPTIONS',
    headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' },
  })
  const preflight = await emulator.fetch(request)
  assert.equal(preflight.status, 204)
  assert.match(String(preflight.headers.get('access-control-allow-headers')), /authorization/)
  const { headers } = await graph('GET', '/me')
  assert.equal(headers.get('access-control-allow-origin'), '*')
})

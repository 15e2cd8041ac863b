import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGraph, type GraphCall } from '../../../src/cli/graph/graph-client.ts'
import { GraphError, isConflict, isDenied } from '../../../src/cli/graph/graph-error.ts'

const TOKEN = 'header.a-token-that-nobody-may-see.signature'
const ORIGIN = 'https://graph.microsoft.com'

/** A Graph that gives these answers in turn, and what it was asked. */
function graphOf(...answers: readonly (() => Response)[]) {
  const asked: Request[] = []
  const waits: number[] = []
  const left = [...answers]
  const graph = createGraph({
    origin: ORIGIN,
    token: TOKEN,
    fetch: async (input, init) => {
      asked.push(new Request(input, init))
      const next = left.length > 1 ? left.shift() : left[0]
      assert.ok(next)
      return next()
    },
    wait: async (time) => void waits.push(time),
  })
  return { graph, asked, waits }
}

const problem =
  (status: number, code: string, message: string, headers = {}) =>
  () =>
    Response.json(
      { error: { code, message, innerError: { 'request-id': 'inner-id' } } },
      { status, headers },
    )

const page = (value: unknown[], next?: string) => () =>
  Response.json({ value, ...(next && { '@odata.nextLink': next }) })

const POST: GraphCall = {
  method: 'POST',
  path: '/servicePrincipals',
  body: { appId: 'x' },
  why: 'Create the service principal',
}

const lagging = problem(
  400,
  'Request_BadRequest',
  "The appId 'x' of the service principal does not reference a valid application object.",
)

test('every page is read, by the link that the page before it has', async () => {
  const { graph, asked } = graphOf(
    page([1], `${ORIGIN}/v1.0/applications?$skiptoken=a`),
    page([2], `${ORIGIN}/v1.0/applications?$skiptoken=b`),
    page([3]),
  )
  assert.deepEqual(await graph.list('/applications'), [1, 2, 3])
  assert.deepEqual(
    asked.map(({ url }) => new URL(url).search),
    ['', '?$skiptoken=a', '?$skiptoken=b'],
  )
})

for (const next of [
  'https://graph.microsoft.com.attacker.example/v1.0/applications',
  'http://graph.microsoft.com/v1.0/applications',
  'https://graph.microsoft.com/beta/applications',
  'not an address',
]) {
  test(`the token does not follow a next page to ${next}`, async () => {
    const { graph, asked } = graphOf(page([1], next))
    await assert.rejects(graph.list('/applications'), /another host/)
    assert.equal(asked.length, 1)
  })
}

test('pages that never end are given up', async () => {
  const { graph, asked } = graphOf(page([], `${ORIGIN}/v1.0/applications?again`))
  await assert.rejects(graph.list('/applications'), /too many pages/)
  assert.equal(asked.length, 500)
})

test('429 and 503 are waited out for as long as they say, and no longer than a minute', async () => {
  const busy = (status: number, after?: string) =>
    problem(status, 'TooManyRequests', 'later', after ? { 'retry-after': after } : {})
  const date = new Date(Date.now() + 20_000).toUTCString()
  const ok = () => Response.json({ id: 'y' })
  const { graph, waits } = graphOf(busy(429, '7'), busy(503), busy(429, '90'), busy(503, date), ok)
  assert.deepEqual(await graph.send(POST), { id: 'y' })
  const [first, second, third, fourth = 0] = waits
  assert.deepEqual([first, second, third], [7000, 2000, 90_000])
  assert.ok(fourth > 10_000 && fourth <= 20_000, String(fourth))
})

test('a Graph that stays busy is given up after six times, with what to do', async () => {
  const { graph, asked } = graphOf(problem(429, 'TooManyRequests', 'later', { 'retry-after': '1' }))
  await assert.rejects(graph.send(POST), (error: GraphError) => {
    assert.equal(error.code, 'TooManyRequests')
    assert.match(error.cure ?? '', /goes on where it stopped/)
    return true
  })
  assert.equal(asked.length, 6)
})

test('what a directory answers that is still copying is waited out where it can be that', async () => {
  const answers = [
    lagging,
    problem(404, 'Request_ResourceNotFound', "Resource 'x' does not exist."),
    problem(
      403,
      'Authorization_RequestDenied',
      'The backing application of the service principal being created must in the local tenant',
    ),
  ]
  const { graph, waits } = graphOf(...answers, () => Response.json({ id: 'y' }))
  assert.deepEqual(await graph.send(POST, { isDependent: true }), { id: 'y' })
  assert.deepEqual(waits, [5000, 5000, 5000])
})

test('and nowhere else: what was asked for by itself fails at once', async () => {
  const { graph, waits } = graphOf(lagging)
  await assert.rejects(graph.send(POST), GraphError)
  assert.deepEqual(waits, [])
})

test('after two minutes it is given up', async () => {
  const { graph, waits } = graphOf(lagging)
  await assert.rejects(graph.send(POST, { isDependent: true }), /does not reference/)
  assert.equal(
    waits.reduce((sum, time) => sum + time, 0),
    120_000,
  )
})

test('rights that are missing are not waited for, and told from a copy that is late', async () => {
  const denied = problem(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  )
  const { graph, asked } = graphOf(denied)
  await assert.rejects(graph.send(POST, { isDependent: true }), (error) => isDenied(error))
  assert.equal(asked.length, 1)
})

test('an error says what was done, the code, the request id and the cure', async () => {
  const body = problem(403, 'Authorization_RequestDenied', 'No.', { 'request-id': 'r-1' })
  await assert.rejects(graphOf(body).graph.send(POST), (error: GraphError) => {
    assert.match(error.message, /^Create the service principal: .*403 Authorization_RequestDenied/)
    assert.match(error.message, /r-1/)
    assert.match(error.cure ?? '', /Application Developer/)
    return true
  })
})

test('an answer that is no error body is repeated in part, with nothing that acts on a terminal', async () => {
  const html = () => new Response(`<html>\u001b[2J${'x'.repeat(5000)}`, { status: 502 })
  await assert.rejects(graphOf(html).graph.send(POST), (error: GraphError) => {
    assert.ok(error.message.length < 400)
    assert.ok(!error.message.includes('\u001b'))
    return true
  })
})

test('neither an error nor its cause has the token in it', async () => {
  const { graph } = graphOf(() => {
    throw new TypeError('fetch failed')
  })
  await assert.rejects(graph.send(POST), (error: Error) => {
    const cause = error.cause as Error
    assert.ok(!`${error.stack}${error.message}${cause.stack}${cause.message}`.includes(TOKEN))
    assert.match(error.message, /cannot be reached/)
    return true
  })
})

test('what exists already is told by its status or its text', async () => {
  const text =
    'Another object with the same value for property servicePrincipalNames already exists.'
  for (const [status, code] of [
    [409, 'Request_MultipleObjectsWithSameKeyValue'],
    [400, 'Request_BadRequest'],
  ] as const) {
    await assert.rejects(graphOf(problem(status, code, text)).graph.send(POST), (error) =>
      isConflict(error),
    )
  }
})

test('what is not there is undefined to a read, and an answer without a body too', async () => {
  const gone = problem(404, 'Request_ResourceNotFound', 'x')
  assert.equal(await graphOf(gone).graph.get('/applications/x'), undefined)
  const empty = () => new Response(null, { status: 204 })
  assert.equal(await graphOf(empty).graph.send(POST), undefined)
})

test('a Graph that asks to be left alone for a day is not waited for', async () => {
  const { graph, waits } = graphOf(problem(429, 'TooManyRequests', 'x', { 'retry-after': '86400' }))
  await assert.rejects(graph.send(POST), (error: GraphError) => error.status === 429)
  assert.deepEqual(waits, [])
})

for (const [what, body] of [
  ['HTML', '<html>'],
  ['a text', '"x"'],
  ['null', 'null'],
  ['a list that is none', '{"value":{"id":"x"}}'],
  ['no list', '{}'],
  ['a link that is none', '{"value":[],"@odata.nextLink":5}'],
  ['too much', () => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(4_000_000)) })],
  ['half an answer', () => new ReadableStream({ pull: (c) => c.error(new TypeError('closed')) })],
] as const) {
  test(`${what} in place of a list is said to be no answer of Graph, with what to do`, async () => {
    const { graph } = graphOf(() => new Response(typeof body === 'string' ? body : body()))
    await assert.rejects(graph.list('/applications'), (error: Error & { cure?: string }) => {
      assert.equal(error.name, 'CommandError')
      assert.match(error.message, /Microsoft Graph/)
      return true
    })
  })
}

test('a name that a deleted application keeps, and what a policy forbids, have cures of their own', async () => {
  const text = 'Another object with the same value for property uniqueName already exists.'
  const taken = graphOf(problem(400, 'Request_BadRequest', text)).graph
  await assert.rejects(taken.send(POST), (error: GraphError) =>
    /Deleted applications/.test(error.cure ?? ''),
  )
  const full = 'Property redirectUris has 257 entries; at most 256 are allowed.'
  await assert.rejects(
    graphOf(problem(400, 'Request_BadRequest', full)).graph.send(POST),
    (error: GraphError) => /Remove redirect URIs/.test(error.cure ?? ''),
  )
  const policy = graphOf(problem(403, 'CredentialTypeNotAllowedAsPerAppPolicy', 'No.')).graph
  await assert.rejects(policy.send(POST), (error) => {
    assert.ok(!isDenied(error), 'an administrator could not do it either')
    return true
  })
})

test('behind a gateway that fails what can be sent twice is sent again, and what cannot is not', async () => {
  const bad = () => new Response('<html>', { status: 502 })
  const read = graphOf(bad, () => Response.json({ id: 'x' }))
  assert.deepEqual(await read.graph.get('/applications/x'), { id: 'x' })
  const write = graphOf(bad)
  await assert.rejects(write.graph.send(POST), GraphError)
  assert.equal(write.asked.length, 1)
})

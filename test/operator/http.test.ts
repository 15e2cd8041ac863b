import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { EntranceStatus } from '../../src/index.ts'
import { createOperatorHandler } from '../../src/operator/http.ts'

const GOOD: EntranceStatus = {
  isReady: true,
  store: { silence: 0.5, isSilent: false, rules: 0 },
  keys: { current: 'a', keys: ['a'], lacking: [] },
  entra: 'reachable',
}

async function ask(
  path: string,
  status: EntranceStatus | undefined,
  options: Partial<Parameters<typeof createOperatorHandler>[0]> = {},
) {
  const handler = createOperatorHandler({ status: () => status, ...options })
  const response = await handler(new Request(`http://127.0.0.1:9464${path}`))
  return { status: response.status, body: await response.text() }
}

suite('/readyz', () => {
  const cases: readonly [string, EntranceStatus | undefined, boolean, number, object][] = [
    ['is 200 when all is well', GOOD, false, 200, { status: 'ready', store: 'up', entra: 'up' }],
    ['is 503 before there is a server', undefined, false, 503, { store: 'down', keys: 'down' }],
    [
      'is 503 until the store has been read',
      { ...GOOD, isReady: false },
      false,
      503,
      { store: 'down' },
    ],
    [
      'is 503 when the store has been silent',
      { ...GOOD, store: { silence: 31, isSilent: true, rules: 0 } },
      false,
      503,
      { store: 'down' },
    ],
    [
      'is 200 when the store has been quiet for a moment: tokens that are out there are good',
      { ...GOOD, store: { silence: 6, isSilent: false, rules: 0 } },
      false,
      200,
      { store: 'degraded', status: 'ready' },
    ],
    [
      'is 503 when other replicas use a key that is not here',
      { ...GOOD, keys: { ...GOOD.keys, lacking: ['b'] } },
      false,
      503,
      { keys: 'down' },
    ],
    ['is 503 while the server drains', GOOD, true, 503, { draining: true, store: 'up' }],
    [
      'is 200 while Entra is away: tokens that are out there are good',
      { ...GOOD, entra: 'unreachable' },
      false,
      200,
      { entra: 'degraded' },
    ],
  ]
  for (const [title, status, isDraining, expected, parts] of cases) {
    test(title, async () => {
      const answer = await ask('/readyz', status, { isDraining: () => isDraining })
      assert.equal(answer.status, expected, answer.body)
      assert.partialDeepStrictEqual(JSON.parse(answer.body), parts)
    })
  }
})

suite("the operator's port", () => {
  test('/healthz is 200 for as long as the process answers', async () => {
    assert.equal((await ask('/healthz', undefined)).status, 200)
  })

  test('/api/ is nothing where there is no API', async () => {
    assert.equal((await ask('/api/sessions', GOOD)).status, 404)
  })

  test('/api/ is answered by the API', async () => {
    const api = async () => new Response('mine', { status: 418 })
    assert.deepEqual(await ask('/api/sessions', GOOD, { api }), { status: 418, body: 'mine' })
  })

  test('only reading is possible', async () => {
    const handler = createOperatorHandler({ status: () => GOOD })
    const response = await handler(new Request('http://127.0.0.1/healthz', { method: 'POST' }))
    assert.equal(response.status, 405)
  })

  test('on loopback, a page whose name points here (DNS rebinding) learns nothing', async () => {
    const handler = createOperatorHandler({ status: () => GOOD, isLoopback: true })
    const ask = (host: string) => handler(new Request(`http://${host}:9464/readyz`))
    assert.equal((await ask('evil.example')).status, 403)
    assert.equal((await ask('127.0.0.1')).status, 200)
    assert.equal((await ask('[::1]')).status, 200)
  })
})

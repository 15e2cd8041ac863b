import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEED } from '../../src/emulator/seed.ts'
import { signIn } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { stopClock } from './support.ts'

const handler = () =>
  new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('data: open\n\n')),
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )

/** Opens a stream; gives how long it still lasts, in milliseconds. */
async function open(url: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  const response = await fetch(`${url}/mcp`, { headers })
  assert.equal(response.status, 200)
  const reader = response.body?.getReader()
  await reader?.read()
  return async () => {
    const start = performance.now()
    const { done } = (await reader?.read()) ?? {}
    assert.equal(done, true)
    return performance.now() - start
  }
}

suite('a stream that is open does not outlive the right to it', () => {
  test('when its person is blocked, and goes on for others', { timeout: 20_000 }, async () => {
    await using server = await startEntrance({ handler })
    const alice = await signIn(server.url)
    const bob = await signIn(server.url, { account: 'Bob' })
    const ofAlice = await open(server.url, alice.tokens.access_token)
    const ofBob = await open(server.url, bob.tokens.access_token)
    await server.entrance.operator.as('test').users.block(SEED.alice)
    assert.ok((await ofAlice()) < 2000)
    const bobs = ofBob()
    let hasEnded = false
    void bobs.then(() => {
      hasEnded = true
    })
    assert.equal(hasEnded, false)
    await server.entrance.operator.as('test').sessions.revoke({ user: SEED.bob })
    assert.ok((await bobs) < 3000)
  })

  test('when its server stops', { timeout: 20_000 }, async () => {
    await using server = await startEntrance({ handler })
    const { tokens } = await signIn(server.url)
    const ends = await open(server.url, tokens.access_token)
    server.entrance.endAnswers()
    assert.ok((await ends()) < 2000)
  })

  test('when its token expires', { timeout: 20_000 }, async () => {
    await using server = await startEntrance({ handler })
    const { tokens } = await signIn(server.url)
    const ends = await open(server.url, tokens.access_token)
    using clock = stopClock()
    clock.forward(3601)
    assert.ok((await ends()) < 2000)
  })
})

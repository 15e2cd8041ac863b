import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { within } from '../support/deadline.ts'
import { signIn } from '../support/oauth-client.ts'
import { isRefused, readiness, startWaiting, until, type WaitingServer } from './waiting-server.ts'

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })

suite('a server that is told to stop', () => {
  for (const hops of ['0', '1']) {
    const where = hops === '0' ? 'without a proxy' : 'behind a proxy'
    test(`${where}, answers a slow call, not ready and alive meanwhile`, async (t) => {
      const server = await start(t, { ENTRANCE_TRUSTED_PROXY_HOPS: hops, ENTRANCE_DRAIN: '60' })
      const slow = await slowCall(server)
      server.kill('SIGTERM')
      await until('it refuses', () => isRefused(server.url))
      const state = await readiness(server)
      assert.equal(state?.code, 503)
      assert.partialDeepStrictEqual(state, { draining: true, store: 'up' })
      assert.equal((await fetch(`${server.operator}/healthz`)).status, 200)
      slow.end(CALL)
      const [response] = await once(slow, 'response')
      assert.equal(response.statusCode, 200)
      assert.equal(response.headers.connection, 'close')
      assert.match(await text(response), /add_user_expense/)
      assert.deepEqual(await server.exit, [0, null])
    })
  }

  test('cuts off what is not done when the drain is over, and ends in order', async (t) => {
    const server = await start(t, { ENTRANCE_DRAIN: '1' })
    const slow = await slowCall(server)
    const began = performance.now()
    server.kill('SIGTERM')
    const [error] = await once(slow, 'error')
    assert.equal(error.code, 'ECONNRESET')
    assert.ok(performance.now() - began >= 1000)
    assert.deepEqual(await server.exit, [0, null])
  })

  for (const second of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends at once on a second signal, ${second}`, async (t) => {
      const server = await start(t, { ENTRANCE_DRAIN: '600' })
      const slow = await slowCall(server)
      slow.on('error', () => {})
      server.kill('SIGTERM')
      await until('it refuses', () => isRefused(server.url))
      // What comes within a moment is one and the same: npx passes on what the terminal has sent.
      await wait(350)
      server.kill(second)
      assert.deepEqual(await server.exit, [130, null])
    })
  }

  test('ends in order though nobody reads its log', async (t) => {
    const server = await start(t, {}, fullPipe(t))
    await signIn(server.url)
    server.kill('SIGTERM')
    assert.deepEqual(await within(20_000, 'the end', server.exit), [0, null])
  })

  test('at a terminal gives it back soon, whatever the drain', async (t) => {
    const server = await start(t, { ENTRANCE_DRAIN: '600' })
    const slow = await slowCall(server)
    slow.on('error', () => {})
    const began = performance.now()
    server.kill('SIGINT')
    assert.deepEqual(await server.exit, [0, null])
    assert.ok(performance.now() - began < 8000)
  })
})

/** A pipe in which there is no room, and that nobody reads: the number to write to. */
function fullPipe(t: TestContext): number {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-pipe-'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const fd = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  })
  try {
    for (;;) writeSync(fd, '.'.repeat(4096))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
    return fd
  }
}

async function start(t: TestContext, env: Readonly<Record<string, string>>, stdout?: number) {
  const server = await startWaiting(t, env, ['--emulator'], stdout)
  await until('it is ready', async () => (await readiness(server))?.code === 200)
  return server
}

/** A call of which the server has the head, and waits for the rest: for as long as we like. */
async function slowCall(server: WaitingServer): Promise<ClientRequest> {
  const { tokens } = await signIn(server.url)
  const message = request(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens.access_token}`,
      'content-type': 'application/json',
      'content-length': String(CALL.length),
      accept: 'application/json, text/event-stream',
      expect: '100-continue',
    },
  })
  message.flushHeaders()
  await once(message, 'continue')
  return message
}

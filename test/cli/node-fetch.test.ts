import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { nodeFetch } from '../../src/cli/node-fetch.ts'

/** A host that answers in this way; gives its address. */
async function startHost(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

suite('how the command asks Entra', () => {
  test('a form arrives whole, and the answer with status and headers', async (t) => {
    const url = await startHost(t, async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString()
      const { method, headers } = request
      const { accept, 'content-type': type, 'content-length': length } = headers
      response.writeHead(400, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
      response.end(JSON.stringify({ method, accept, type, length, body }))
    })
    const body = new URLSearchParams({ code: 'ä&=' })
    const headers = { accept: 'application/json' }
    const response = await nodeFetch(url, { method: 'POST', body, headers, redirect: 'manual' })
    assert.equal(response.status, 400)
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.deepEqual(await response.json(), {
      method: 'POST',
      accept: 'application/json',
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      length: '17',
      body: 'code=%C3%A4%26%3D',
    })
  })

  test('one connection serves for several calls', async (t) => {
    const ports = new Set<number | undefined>()
    const url = await startHost(t, ({ socket }, response) => {
      ports.add(socket.remotePort)
      response.end('{}')
    })
    for (let i = 0; i < 3; i++) await (await nodeFetch(url)).text()
    assert.equal(ports.size, 1)
  })

  test('a redirect leads nowhere, with what was sent least of all', async (t) => {
    let count = 0
    const url = await startHost(t, (_request, response) => {
      count++
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const sent = { method: 'POST', body: 'secret' }
    await assert.rejects(nodeFetch(url, { ...sent, redirect: 'error' }), /redirect/)
    await assert.rejects(nodeFetch(url, sent), /redirect/)
    assert.equal((await nodeFetch(url, { ...sent, redirect: 'manual' })).status, 307)
    assert.equal(count, 3)
  })

  test('an answer without end is cut off', async (t) => {
    const url = await startHost(t, (_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(256 * 1024)));
      }
      response.on('drain', more)
      more()
    })
    await assert.rejects(nodeFetch(url), /too large/)
  })

  test('one that does not come, or stops in the midst, ends when its time is up', async (t) => {
    const silent = await startHost(t, () => {})
    const halting = await startHost(t, (_request, response) => response.write('{'))
    for (const url of [silent, halting]) {
      const asked = nodeFetch(url, { signal: AbortSignal.timeout(50) })
      await assert.rejects(asked, { name: 'TimeoutError' })
    }
  })

  test('one that breaks off is no answer', async (t) => {
    const url = await startHost(t, ({ socket }, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{}')
      setImmediate(() => socket.destroy())
    })
    await assert.rejects(nodeFetch(url), { code: 'ECONNRESET' })
  })

  test('a status without a body is an answer', async (t) => {
    const url = await startHost(t, (_request, response) => response.writeHead(204).end())
    const { status, body } = await nodeFetch(url)
    assert.deepEqual([status, body], [204, null])
  })
})

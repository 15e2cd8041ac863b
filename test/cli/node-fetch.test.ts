import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import http, { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createPlainServer, type Socket } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
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

/** One that says this to whatever it is told, and nothing of its own; gives its address. */
async function startSpeaker(t: TestContext, said: string): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createPlainServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', () => socket.write(said))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
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

  test('on a connection that the host had given up, what was asked is asked once more', async (t) => {
    const used = new WeakSet<Socket>()
    let count = 0
    let isAway = false
    const url = await startHost(t, ({ socket }, response) => {
      count++
      if (isAway || used.has(socket)) return void socket.destroy()
      used.add(socket)
      response.end('{}')
    })
    const asked = { method: 'POST', body: 'x' }
    for (let i = 0; i < 2; i++) assert.equal((await nodeFetch(url, asked)).status, 200)
    assert.equal(count, 3)
    // One that was made for it has been given up by nobody.
    isAway = true
    await assert.rejects(nodeFetch(url, asked), { code: 'ECONNRESET' })
    assert.equal(count, 5)
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

  test('of what was given up before, nothing is sent; of what has ended, nobody listens', async (t) => {
    let count = 0
    const url = await startHost(t, (_request, response) => {
      count++
      response.end('{}')
    })
    const gone = new Error('Given up.')
    await assert.rejects(nodeFetch(url, { signal: AbortSignal.abort(gone) }), gone)
    assert.equal(count, 0)
    const { signal } = new AbortController()
    for (let i = 0; i < 3; i++) await nodeFetch(url, { signal })
    assert.equal(count, 3)
    await nextRound()
    assert.equal(getEventListeners(signal, 'abort').length, 0)
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

  test('a host that changes the protocol has not answered', { timeout: 10_000 }, async (t) => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'
    const url = await startSpeaker(t, upgrade)
    await assert.rejects(nodeFetch(url, { method: 'POST', body: 'x' }), /without an answer/)
  })

  test('an answer of no status is no success', async (t) => {
    const url = await startSpeaker(t, 'HTTP/1.1 000 x\r\ncontent-length: 2\r\n\r\n{}')
    await assert.rejects(nodeFetch(url), RangeError)
  })

  test('a proxy that never lets through ends nothing later than its time', async (t) => {
    // From Node 24.14.
    if (!http.setGlobalProxyFromEnv) return t.skip('This Node takes no proxy at run time.')
    t.after(http.setGlobalProxyFromEnv({ HTTPS_PROXY: await startSpeaker(t, '') }))
    const start = performance.now()
    const asked = nodeFetch('https://login.example.com/', { signal: AbortSignal.timeout(50) })
    await assert.rejects(asked, { name: 'TimeoutError' })
    // Node itself gives the proxy five seconds.
    assert.ok(performance.now() - start < 4000)
  })

  test('what comes packed though nobody asked for it is unpacked, or refused', async (t) => {
    const packed = new Map([
      ['gzip', gzipSync('{"a":1}')],
      ['deflate', deflateSync('{"a":1}')],
      ['br', brotliCompressSync('{"a":1}')],
    ])
    const url = await startHost(t, ({ headers }, response) => {
      const coding = String(headers['x-coding'])
      response.writeHead(200, { 'content-encoding': coding }).end(packed.get(coding))
    })
    const ask = (coding: string) => nodeFetch(url, { headers: { 'x-coding': coding } })
    for (const coding of ['gzip', 'deflate']) {
      assert.deepEqual(await (await ask(coding)).json(), { a: 1 }, coding)
    }
    await assert.rejects(ask('br'), /packed as br/)
  })

  test('what is small packed and large unpacked is cut off', async (t) => {
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024))
    const url = await startHost(t, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    await assert.rejects(nodeFetch(url), { code: 'ERR_BUFFER_TOO_LARGE' })
  })
})

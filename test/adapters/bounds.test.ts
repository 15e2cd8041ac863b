import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import {
  HEADERS_MAX_BYTES,
  HEADERS_MAX_COUNT,
  TARGET_MAX_LENGTH,
  TIMEOUTS,
  type Timeouts,
} from '../../src/adapters/bounds.ts'
import { listen } from '../../src/adapters/listen.ts'
import { toNodeHandler } from '../../src/adapters/node.ts'
import { createCertificate } from '../support/certificate.ts'

/** So short that a test does not wait; Node looks after them as often. */
const SHORT: Partial<Timeouts> = {
  headersTimeout: 300,
  requestTimeout: 600,
  connectionsCheckingInterval: 50,
}

const echo: RequestListener = (request, response) =>
  void readAll(request).then(
    (body) => response.end(`got ${body.length}`),
    () => {},
  )

suite('a request that is larger than any client sends', () => {
  const LARGE: readonly (readonly [what: string, text: string, status: number, told: RegExp])[] = [
    [
      'an address of too many characters',
      request(`/${'a'.repeat(TARGET_MAX_LENGTH)}`),
      414,
      /^The address is longer than 16384 characters\.\n$/,
    ],
    [
      'an address beyond what is read',
      request(`/${'a'.repeat(HEADERS_MAX_BYTES)}`),
      431,
      /^Address and headers take more than 32768 bytes\.\n$/,
    ],
    [
      'a header beyond what is read',
      request('/', `X: ${'a'.repeat(HEADERS_MAX_BYTES)}`),
      431,
      /^Address and headers take more than 32768 bytes\.\n$/,
    ],
    [
      'cookies beyond what is read',
      request('/', `Cookie: ${'a=b; '.repeat(HEADERS_MAX_BYTES / 5)}`),
      431,
      /^Address and headers take more than 32768 bytes\.\n$/,
    ],
    [
      'too many headers',
      request('/', ...Array.from({ length: HEADERS_MAX_COUNT + 1 }, (_, i) => `X${i}: y`)),
      431,
      /^The request has more than 200 headers\.\n$/,
    ],
    ['what is no HTTP', 'EHLO x\r\n\r\n', 400, /^This is not a valid HTTP request\.\n$/],
  ]

  for (const [what, text, status, told] of LARGE) {
    test(`is refused with its reason: ${what}`, async (t) => {
      let calls = 0
      const port = await open(t, (...message) => {
        calls++
        echo(...message)
      })
      const answer = await send(port, text)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      assert.match(body.replace(/^[\da-f]+\r\n|\r\n.*/g, ''), told)
      assert.match(head, /\r\nConnection: close/i)
      assert.equal(calls, 0)
    })
  }

  test('and one as large as may be gets through', async (t) => {
    const port = await open(t, echo)
    const target = `/${'a'.repeat(TARGET_MAX_LENGTH - 1)}`
    const headers = Array.from({ length: HEADERS_MAX_COUNT - 3 }, (_, i) => `X${i}: y`)
    assert.match(await send(port, request(target, ...headers)), /^HTTP\/1\.1 200 /)
    const cookies = `Cookie: ${'a=b; '.repeat(5000)}`
    assert.match(await send(port, request('/', cookies)), /^HTTP\/1\.1 200 /)
  })
})

suite('a client that takes its time (slowloris)', () => {
  const SLOW: readonly (readonly [what: string, begin: string, drop: string])[] = [
    ['over the request line', 'GET /', 'a'],
    ['over its headers', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
    ['over its body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'a'],
    [
      'over a body in chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\na\r\n',
    ],
    ['and says nothing more', 'GET / HTTP/1.1\r\nHost: x\r\n', ''],
  ]

  for (const [what, begin, drop] of SLOW) {
    test(`${what} is cut off with 408`, async (t) => {
      const port = await open(t, echo, SHORT)
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write(begin)
      // One drop after the other keeps the connection from being idle, and does not save it.
      const dripping = setInterval(() => socket.write(drop), 20)
      t.after(() => clearInterval(dripping))
      assert.match(await received(socket), /^HTTP\/1\.1 408 [\s\S]*did not arrive in time\.\n$/)
    })
  }

  test('over TLS is cut off as well', async (t) => {
    const tls = await createCertificate(['localhost'])
    const listening = await listen(echo, {
      port: 0,
      hosts: ['127.0.0.1'],
      tls,
      timeouts: SHORT,
    })
    t.after(() => listening.close())
    const { port } = listening
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.on('error', () => {}).write('GET / HTTP/1.1\r\n')
    assert.match(await received(socket), /^HTTP\/1\.1 408 /)
  })

  test('does not cut off an answer that is streamed, which goes on for as long as it likes', async (t) => {
    const goOn = Promise.withResolvers<void>()
    const stream = toNodeHandler(({ method }) => {
      if (method === 'POST') return new Promise(() => {})
      const events = async function* () {
        yield new TextEncoder().encode('data: first\n\n')
        await goOn.promise
        yield new TextEncoder().encode('data: last\n\n')
      }
      const headers = { 'content-type': 'text/event-stream' }
      return new Response(ReadableStream.from(events()), { headers })
    })
    const port = await open(t, stream, SHORT)
    const response = await fetch(`http://127.0.0.1:${port}/`)
    // Whoever came later and was slow has been cut off: all the time-outs have passed by then.
    const late = connect(port, '127.0.0.1').on('error', () => {})
    late.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na')
    assert.match(await received(late), /^HTTP\/1\.1 408 /)
    goOn.resolve()
    assert.equal(await response.text(), 'data: first\n\ndata: last\n\n')
  })

  test('in the midst of its answer gets no second one', async (t) => {
    const begun: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('the first words')
    }
    const port = await open(t, begun, SHORT)
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na')
    const answer = await received(socket)
    assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*the first words$/)
  })
})

test('an idle connection is kept longer than proxies keep theirs, and a request not for ever', () => {
  assert.ok(TIMEOUTS.keepAliveTimeout > 60_000)
  assert.ok(TIMEOUTS.requestTimeout <= 60_000 && TIMEOUTS.headersTimeout <= 15_000)
  assert.ok(TIMEOUTS.connectionsCheckingInterval < TIMEOUTS.headersTimeout)
})

function request(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n')
}

async function open(t: TestContext, listener: RequestListener, timeouts: Partial<Timeouts> = {}) {
  const listening = await listen(listener, { port: 0, hosts: ['127.0.0.1'], timeouts })
  t.after(() => listening.close())
  return listening.port
}

function send(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(text)
  return received(socket)
}

/** Everything that comes until the server ends the connection. */
async function received(socket: Socket): Promise<string> {
  let all = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    all += chunk
  })
  await once(socket, 'close')
  return all
}

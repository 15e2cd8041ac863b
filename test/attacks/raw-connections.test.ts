import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { createRandom } from './malformed-requests.ts'

let server: RunningEntrance
let host: string
const warnings: string[] = []
const onWarning = (warning: Error) => void warnings.push(`${warning.name}: ${warning.message}`)
before(async () => {
  process.on('warning', onWarning)
  server = await startEntrance()
  host = `localhost:${server.port}`
})
after(() => {
  process.off('warning', onWarning)
  return server.stop()
})

const get = (target: string, ...headers: string[]) => request(`GET ${target} HTTP/1.1`, ...headers)

/** What is sent, and what may come of it. */
const CASES: ReadonlyMap<string, () => readonly string[]> = new Map([
  [
    'request lines that are none',
    () => [
      ...['\r\n\r\n', ' \r\n\r\n', 'GET\r\n\r\n', 'GET /\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n'],
      ...['get /health HTTP/1.1\r\n\r\n', 'BREW /health HTTP/1.1\r\nHost: x\r\n\r\n'],
      ...[
        '\0\0\0\0\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ],
      ...['GET /health HTTP/1.1 HTTP/1.1\r\n\r\n', `GET /${'a'.repeat(70_000)} HTTP/1.1\r\n\r\n`],
      ...['SSH-2.0-x\r\n', 'EHLO x\r\n', `${'A'.repeat(100_000)}`, 'GET  /health HTTP/1.1\r\n\r\n'],
    ],
  ],
  [
    'targets that are no address of ours',
    () =>
      [
        ...['*', '//evil.example/health', 'http://', 'http://[', 'http://user:pw@localhost/health'],
        ...['http://evil.example/health', 'ftp://x/health', 'data:x', 'javascript:alert(1)', '/%'],
        ...[
          '/health#x',
          '/\\evil',
          '/..%2f..%2fetc/passwd',
          '/health;x',
          '/health\t',
          '/%00',
          '/\x01',
        ],
        ...[
          '?',
          '#',
          'health',
          '/a b',
          '/\xff\xfe',
          `/health?${'a=b&'.repeat(3000)}`,
          '/health?%ff',
        ],
        ...['file:///etc/passwd', 'http://localhost:99999/health', 'http:///health', 'http:health'],
      ].map((target) => get(target)),
  ],
  [
    'Host headers that name nothing',
    () =>
      [
        ...['', ' ', 'a b', 'user:pw@localhost', '@', 'x@y', 'localhost/mcp', 'localhost?x', '#'],
        ...['localhost:99999', 'localhost:-1', 'localhost:x', '[', '[::1', ']', 'http://localhost'],
        ...['\xff', 'a'.repeat(9000), '%', '%00', 'local\thost', '..', '.', ':', '::', '<script>'],
        ...['localhost\\mcp', '127.0.0.1.', '0x7f.1', '\u00e4', 'evil.example', 'evil.example:80'],
      ].flatMap((name) => [
        requestTo(name, 'GET /health HTTP/1.1'),
        requestTo(name, 'POST /mcp HTTP/1.1', 'Content-Length: 0'),
      ]),
  ],
  [
    'headers that contradict each other',
    () => [
      get('/mcp', 'Host: evil.example'),
      get('/mcp', `Host: ${host}`, `Host: ${host}`),
      get('/mcp', 'Authorization: Bearer a', 'Authorization: Bearer b'),
      get('/mcp', 'Origin: http://a', 'Origin: http://b'),
      request('POST /token HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6', '', 'abcdef'),
      request(
        'POST /token HTTP/1.1',
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        '',
        '0\r\n\r\n',
      ),
      request('POST /token HTTP/1.1', 'Transfer-Encoding: chunked, identity', '', '0\r\n\r\n'),
      request('POST /token HTTP/1.1', 'Transfer-Encoding: xchunked', '', '0\r\n\r\n'),
      request('POST /token HTTP/1.1', 'Content-Length: -1', '', 'x'),
      request('POST /token HTTP/1.1', 'Content-Length: 0x5', '', 'abcde'),
      request('POST /token HTTP/1.1', 'Content-Length: 99999999999999999999', '', 'x'),
      request('POST /token HTTP/1.1', 'Transfer-Encoding: chunked', '', 'zz\r\nabc\r\n0\r\n\r\n'),
      request('POST /token HTTP/1.1', 'Expect: 200-ok', 'Content-Length: 0'),
      request('GET /health HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'),
      request('GET /health HTTP/1.1', 'Bad Header: x'),
      request('GET /health HTTP/1.1', ': x'),
      request('GET /health HTTP/1.1', 'X: a\0b'),
      request('GET /health HTTP/1.1', ' folded: x'),
      request('GET /health HTTP/1.1', `X: ${'y'.repeat(20_000)}`),
      request('GET /health HTTP/1.1', ...Array.from({ length: 3000 }, (_, i) => `X${i}: y`)),
      'GET /mcp HTTP/1.0\r\n\r\n',
      'GET /health HTTP/1.1\r\n\r\n',
    ],
  ],
  [
    'methods that this server has no use for',
    () =>
      ['TRACE', 'CONNECT', 'PROPFIND', 'LINK', 'M-SEARCH', 'SOURCE', 'PURGE', 'QUERY'].flatMap(
        (method) =>
          ['/health', '/token', '/mcp', '/authorize'].map((path) =>
            request(`${method} ${path} HTTP/1.1`),
          ),
      ),
  ],
  [
    'bytes at random',
    () => {
      const random = createRandom(20_261_122)
      const bytes = (length: number) =>
        Array.from({ length }, () => String.fromCharCode(random.int(256))).join('')
      return Array.from({ length: 60 }, (_, i) => {
        const noise = bytes(20 + random.int(300))
        if (i % 3 === 0) return noise
        return i % 3 === 1 ? `${get(`/${noise}`)}` : request('POST /token HTTP/1.1', noise)
      })
    },
  ],
])

suite('a connection on which comes', () => {
  for (const [name, texts] of CASES) {
    test(`${name} gets a refusal and no fault, and the server goes on`, async () => {
      for (const text of texts()) {
        const { status, head } = await send(text, 1000)
        // Nothing at all, where Node closes without a word; 501 is for TRACE, which no handler can be given.
        const isFault = status >= 500 && !(status === 501 && text.startsWith('TRACE '))
        assert.ok(!isFault, `${JSON.stringify(text.slice(0, 200))} → ${head}`)
        assert.doesNotMatch(head, /location:/i)
      }
      assert.equal((await send(get('/health'))).status, 200)
      assert.deepEqual(warnings, [])
      assert.deepEqual(faults(), [])
    })
  }
})

suite('a client that goes away', () => {
  test('in the midst of its own words is no fault of the server', async () => {
    const whole = request('POST /token HTTP/1.1', 'Content-Length: 40', TYPE, '', 'grant_type=')
    for (const cut of [3, 20, whole.indexOf('\r\n\r\n') + 2, whole.length - 5, whole.length]) {
      for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
        await leave(whole.slice(0, cut), how)
      }
    }
    await settle()
    assert.deepEqual(faults(), [])
  })

  test('before it has its answer is no fault of the server', async () => {
    const { tokens } = await signIn(server.url)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const call = request(
      'POST /mcp HTTP/1.1',
      `Authorization: Bearer ${tokens.access_token}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${body.length}`,
      '',
      body,
    )
    for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
      for (let i = 0; i < 5; i++) await leave(call, how)
    }
    await settle()
    assert.deepEqual(warnings, [])
    assert.deepEqual(faults(), [])
  })
})

suite('a body that is larger than is read', () => {
  for (const size of [17 * 1024, 5 * 1024 * 1024]) {
    test(`is refused with 413, whether it says its size or not (${size} bytes)`, async () => {
      const told = request(
        'POST /token HTTP/1.1',
        `Content-Length: ${size}`,
        TYPE,
        '',
        'a'.repeat(size),
      )
      assert.equal((await send(told)).status, 413)
      const chunk = `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n0\r\n\r\n`
      const untold = request('POST /token HTTP/1.1', 'Transfer-Encoding: chunked', TYPE, '', chunk)
      assert.equal((await send(untold)).status, 413)
    })
  }

  test('does not keep the next request of the same connection from its answer', async () => {
    const size = 40_000
    const first = request(
      'POST /token HTTP/1.1',
      `Content-Length: ${size}`,
      TYPE,
      '',
      'a'.repeat(size),
    )
    const { text } = await send(`${first.replace('Connection: close\r\n', '')}${get('/health')}`)
    assert.match(text, /^HTTP\/1\.1 413 [\s\S]*HTTP\/1\.1 200 OK/)
  })
})

const TYPE = 'Content-Type: application/x-www-form-urlencoded'

function request(line: string, ...rest: string[]): string {
  return requestTo(host, line, ...rest)
}

/** What comes after an empty line is the body. */
function requestTo(name: string, line: string, ...rest: string[]): string {
  const end = rest.indexOf('')
  const [headers, body] = end < 0 ? [rest, ''] : [rest.slice(0, end), rest.slice(end + 1).join('')]
  const lines = [line, `Host: ${name}`, ...headers, 'Connection: close']
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

type Sent = { status: number; head: string; text: string }

/** Everything that comes back, until the server is done or has said nothing for so many milliseconds. */
function send(text: string, patience = 20_000): Promise<Sent> {
  const { promise, resolve } = Promise.withResolvers<Sent>()
  const socket = connect(server.port, '127.0.0.1')
  let received = ''
  socket.setTimeout(patience, () => socket.destroy())
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    const head = received.slice(0, received.indexOf('\r\n\r\n') + 1 || 300)
    resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, text: received })
  })
  socket.write(Buffer.from(text, 'latin1'))
  // A request that is not finished is not answered either: nothing more comes, then.
  if (!text.includes('\r\n\r\n')) socket.end()
  return promise
}

/** Says a part, or all of it, and hangs up without listening. */
async function leave(text: string, how: 'end' | 'destroy' | 'resetAndDestroy'): Promise<void> {
  const socket: Socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  const gone = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('connect', resolve))
  await new Promise((resolve) => socket.write(text, resolve))
  socket[how]()
  if (how === 'end') socket.resume()
  await gone
}

/** A few requests later, whatever the others have caused has come out. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) assert.equal((await send(get('/health'))).status, 200)
}

function faults(): unknown[] {
  return server.logs.filter(({ event }) => event === 'error.unexpected')
}

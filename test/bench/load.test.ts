import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { test } from 'node:test'
import { createAnswerReader } from '../../bench/load/answer-reader.ts'
import { applyInTurns, applyLoad } from '../../bench/load/apply-load.ts'
import type { Order, Outcome, Taken } from '../../bench/load/order.ts'
import { quantile } from '../../bench/load/quantile.ts'
import { takeTurns } from '../../bench/load/take-turns.ts'

type Answering = (incoming: IncomingMessage, outgoing: ServerResponse) => void

const SHORT = { connections: 2, seconds: 0.1, warmUp: 0.02 }

test('each answer in the measured time counts, and each token is sent in turn', async () => {
  const seen: string[] = []
  await using server = await listen((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization}`)
    outgoing.end('well')
  })
  const tokens = ['first', 'second', 'third']
  const outcome = await run({ url: `${server.url}/a?b=c`, tokens, body: '{}', contains: 'well' })
  assert.deepEqual(
    seen,
    seen.map((_, i) => `POST /a?b=c Bearer ${tokens[i % 3]}`),
  )
  assert.ok(outcome.count > 3 && outcome.count <= seen.length, `${outcome.count} of ${seen.length}`)
  assert.equal(outcome.rate, outcome.count / SHORT.seconds)
  assert.equal(outcome.failures, 0)
  assert.ok(outcome.p50 > 0 && outcome.p50 <= outcome.p99 && outcome.p99 <= outcome.p999)
})

test('a body, headers and method arrive as they were given', async () => {
  const seen = new Set<string>()
  await using server = await listen(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    seen.add(`${incoming.method} ${incoming.headers['x-one']} ${Buffer.concat(chunks)}`)
    outgoing.end()
  })
  await run({ url: server.url, method: 'PUT', headers: { 'x-one': 'two' }, body: 'Zürich' })
  assert.deepEqual([...seen], ['PUT two Zürich'])
})

test('the first answer that is not 2xx ends the measurement and is told', async () => {
  await using server = await listen((_, outgoing) => outgoing.writeHead(503).end('not now'))
  await assert.rejects(run({ url: server.url }), /503: not now/)
})

test('answers that are not 2xx are counted where they are what is measured', async () => {
  await using server = await listen((_, outgoing) => outgoing.writeHead(401).end())
  const { count, failures } = await run({ url: server.url, mayRefuse: true })
  assert.ok(count > 0)
  assert.equal(failures, count)
})

test('an answer without what it has to contain ends the measurement, though it is a 200', async () => {
  await using server = await listen((_, outgoing) => outgoing.end('{"isError":true}'))
  await assert.rejects(
    run({ url: server.url, contains: 'expenses' }),
    /lacks 'expenses': .*isError/,
  )
})

test('a connection that ends in the midst of an answer ends the measurement', async () => {
  const half = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'
  await using server = await listenTcp((send) => send(half, true))
  await assert.rejects(run({ url: server.url }), /ended before its answer was whole/)
})

test('a server that closes each connection after its answer is asked on new ones', async () => {
  let count = 0
  await using server = await listen((_, outgoing) => {
    count++
    outgoing.writeHead(200, { connection: 'close' }).end('well')
  })
  const outcome = await run({ url: server.url, contains: 'well' })
  assert.ok(outcome.count > 2 && outcome.count <= count, `${outcome.count} of ${count}`)
})

test('at a fixed rate a request that has to wait for its connection counts from when it was due', async () => {
  let count = 0
  // The tenth request is held up, and with one connection all that are due meanwhile.
  const answer: Answering = (_, outgoing) =>
    void setTimeout(() => outgoing.end(), ++count === 10 ? 200 : 0)
  await using server = await listen(answer)
  const open = { url: server.url, connections: 1, seconds: 0.3, warmUp: 0 }
  const outcome = await run({ ...open, rate: 100 })
  // Twenty were due in those 200 ms, which waited 100 ms on average: to a closed loop it is one.
  assert.equal(outcome.count, 30)
  assert.ok(outcome.p50 > 20, `p50 ${outcome.p50}`)
})

test('a rate that the server cannot keep up with is told, not lowered', async () => {
  await using server = await listen((_, outgoing) => void setTimeout(() => outgoing.end(), 50))
  const order = { url: server.url, connections: 1, seconds: 0.2, rate: 1000, patience: 100 }
  await assert.rejects(run(order), /not all was answered/)
})

test('the generator is a process of its own, which tells what the server used', async () => {
  await using server = await listen((_, outgoing) => outgoing.end('well'))
  const outcome = await applyLoad({ ...SHORT, url: server.url, server: process.pid })
  assert.ok(outcome.count > 0)
  assert.ok(outcome.generatorCpu > 0)
  if (process.platform === 'linux') assert.ok(outcome.serverCpu >= 0)
  server.stop()
  await assert.rejects(applyLoad({ ...SHORT, url: server.url }), /ECONNREFUSED/)
})

test('turns go back and forth, a queue of tokens goes on from one to the next, and all of them count', async () => {
  const seen: string[] = []
  const listenAs = (name: string) =>
    listen((incoming, outgoing) => {
      seen.push(`${name} ${incoming.headers.authorization}`)
      outgoing.end()
    })
  await using first = await listenAs('first')
  await using second = await listenAs('second')
  const tokens = Array.from({ length: 100_000 }, (_, i) => String(i))
  const one = { ...SHORT, connections: 1, tokens, warmUp: 0 }
  const orders = [first, second].map(({ url }) => ({ ...one, url }))
  const taken = await takeTurns({ orders, passes: 3 })
  const names = seen.map((text) => text.split(' ')[0])
  const turns = names.filter((name, i) => name !== names[i - 1])
  assert.deepEqual(turns, ['first', 'second', 'first', 'second'])
  for (const [at, name] of ['first', 'second'].entries()) {
    const own = seen.filter((text) => text.startsWith(name))
    assert.deepEqual(
      own,
      own.map((_, i) => `${name} Bearer ${i}`),
    )
    const outcome = outcomeOf(taken[at])
    assert.equal(outcome.sent, own.length)
    assert.equal(outcome.count, own.length)
    // Of three turns.
    assert.equal(outcome.rate, outcome.count / (SHORT.seconds + SHORT.seconds + SHORT.seconds))
  }
})

test('one that fails has no turns any more, and the others have all of theirs', async () => {
  let count = 0
  await using bad = await listen((_, outgoing) => {
    count++
    outgoing.writeHead(500).end('broken')
  })
  await using good = await listen((_, outgoing) => outgoing.end('well'))
  const orders = [bad, good].map(({ url }) => ({ ...SHORT, url, connections: 1 }))
  const [first, second] = await applyInTurns(orders, 2)
  assert.deepEqual(first, { failure: '500: broken' })
  assert.equal(count, 1)
  assert.ok(outcomeOf(second).count > 0)
})

test('an answer is read in whatever pieces it comes, by length, in chunks or to the end', () => {
  const answers = [
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell',
      { status: 200, body: 'well', isKept: true },
    ],
    ['HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', isKept: true }],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nwe\r\n2;x=y\r\nll\r\n0\r\n\r\n',
      { status: 200, body: 'well', isKept: true },
    ],
    [
      'HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno',
      { status: 404, body: 'no', isKept: false },
    ],
  ] as const
  for (const [text, expected] of answers) {
    for (const size of [1, 7, text.length]) assert.deepEqual(readIn(text, size), expected)
  }
  const reader = createAnswerReader()
  assert.equal(reader.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\nto the end')), undefined)
  assert.equal(String(reader.end()?.body), 'to the end')
  assert.throws(() => createAnswerReader().push(Buffer.from('SSH-2.0\r\n\r\n')), /not HTTP/)
})

test('a quantile is the least value that so many do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(
    [0.5, 0.99, 0.999, 1].map((part) => quantile(hundred, part)),
    [50, 99, 100, 100],
  )
  assert.ok(Number.isNaN(quantile([], 0.5)))
})

function outcomeOf(taken: Taken | undefined): Outcome {
  if (taken && 'outcome' in taken) return taken.outcome
  throw new Error(taken?.failure)
}

async function run(order: Partial<Order> & { url: string }) {
  const [taken] = await takeTurns({ orders: [{ ...SHORT, ...order }], passes: 1 })
  return outcomeOf(taken)
}

function readIn(text: string, size: number) {
  const reader = createAnswerReader()
  for (let at = 0; at < text.length; at += size) {
    const answer = reader.push(Buffer.from(text.slice(at, at + size)))
    if (answer) return { ...answer, body: String(answer.body) }
  }
  return undefined
}

async function listen(answer: Answering) {
  return serve(createServer(answer))
}

/** Sends a text as it is to whoever asks. */
async function listenTcp(answer: (send: (text: string, isLast: boolean) => void) => void) {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () =>
      answer((text, isLast) => (isLast ? socket.end(text) : socket.write(text))),
    )
  })
  return serve(server)
}

async function serve(server: Server & { closeAllConnections?: () => void }) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    server.closeAllConnections?.()
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop, [Symbol.asyncDispose]: async () => stop() }
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type RequestListener, request, type Server } from 'node:http'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { type ListenOptions, LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'

const OWN = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
const hasIPv6 = OWN.some(({ address }) => address === '::1')

/** A second address of this machine alone; without IPv6 it is Linux, which has all of 127. */
const SECOND = hasIPv6 ? '::1' : '127.0.0.2'

/** RFC 5737: an address that no machine has. */
const NOBODYS = '203.0.113.1'

const answer: RequestListener = (_request, response) => void response.end('hello')

test('localhost is one port on every loopback address that there is', async (t) => {
  const { port } = await open(t, answer, { port: 0, hosts: LOOPBACK_ADDRESSES })
  for (const host of ['127.0.0.1', 'localhost', ...(hasIPv6 ? ['[::1]'] : [])]) {
    assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'hello')
  }
})

test('without an address it listens on every one of the machine', async (t) => {
  const { port } = await open(t, answer, { port: 0, hosts: [] })
  const hosts = OWN.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  for (const host of [...hosts, ...(hasIPv6 ? ['[::1]'] : [])]) {
    assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'hello', host)
  }
})

test('an address that the machine lacks is left out, unless it is the first', async (t) => {
  const { port } = await open(t, answer, { port: 0, hosts: ['127.0.0.1', NOBODYS] })
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
  await assert.rejects(listen(answer, { port: 0, hosts: [NOBODYS] }), { code: 'EADDRNOTAVAIL' })
})

test('a port in use is refused with the error of the system', async (t) => {
  const { port } = await open(t, answer, { port: 0, hosts: ['127.0.0.1'] })
  const again = listen(answer, { port, hosts: LOOPBACK_ADDRESSES })
  await assert.rejects(again, { code: 'EADDRINUSE', port })
})

test('a port in use on one address is not kept on the other', async (t) => {
  const taken = createServer().listen(0, SECOND)
  t.after(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const hosts = ['127.0.0.1', SECOND]
  await assert.rejects(listen(answer, { port, hosts }), { code: 'EADDRINUSE' })
  await assert.rejects(connected('127.0.0.1', port), { code: 'ECONNREFUSED' })
})

test('a close without grace cuts off what is under way', async () => {
  const arrived = Promise.withResolvers<void>()
  const listening = await listen(() => arrived.resolve(), { port: 0, hosts: ['127.0.0.1'] })
  const response = fetch(`http://127.0.0.1:${listening.port}/`)
  await arrived.promise
  await Promise.all([assert.rejects(response), listening.close()])
})

test('a close lets what is under way come to its end, and takes in nothing new', async () => {
  const arrived = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const listening = await listen(
    async (request, response) => {
      // Node's own end of idle connections would come to the rescue.
      const { server } = request.socket as unknown as { server: Server }
      server.keepAliveTimeout = 0
      arrived.resolve()
      await goOn.promise
      response.end('finished')
    },
    { port: 0, hosts: ['127.0.0.1'] },
  )
  const agent = new Agent({ keepAlive: true })
  const response = ask(listening.port, agent)
  await arrived.promise
  const closed = listening.close(600_000)
  await assert.rejects(connected('127.0.0.1', listening.port), { code: 'ECONNREFUSED' })
  goOn.resolve()
  assert.equal(await response, 'finished')
  await closed
  agent.destroy()
})

test('connections that only wait do not hold a close up', async () => {
  const listening = await listen(answer, { port: 0, hosts: ['127.0.0.1'] })
  const agent = new Agent({ keepAlive: true })
  assert.equal(await ask(listening.port, agent), 'hello')
  await listening.close(600_000)
  agent.destroy()
})

test('what outlasts the grace is cut off', async () => {
  const arrived = Promise.withResolvers<void>()
  const listening = await listen(() => arrived.resolve(), { port: 0, hosts: ['127.0.0.1'] })
  const response = fetch(`http://127.0.0.1:${listening.port}/`)
  await arrived.promise
  await Promise.all([assert.rejects(response), listening.close(1)])
})

test('to close twice is no error', async () => {
  const listening = await listen(answer, { port: 0, hosts: LOOPBACK_ADDRESSES })
  await Promise.all([listening.close(), listening.close(1000)])
  await listening.close()
})

async function open(t: TestContext, listener: RequestListener, options: ListenOptions) {
  const listening = await listen(listener, options)
  t.after(() => listening.close())
  return listening
}

async function connected(host: string, port: number): Promise<void> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

async function ask(port: number, agent: Agent): Promise<string> {
  const message = request({ host: '127.0.0.1', port, agent })
  message.end()
  const [response] = await once(message, 'response')
  return text(response)
}

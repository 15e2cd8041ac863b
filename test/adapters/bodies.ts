import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TestContext } from 'node:test'
import type { MountedServer } from './contract.ts'

const CHUNK = 64 * 1024
const CHUNKS = 1024
const TOTAL = CHUNK * CHUNKS
/** More than both ends of a connection hold between them, and far less than all. */
const BUFFERED = TOTAL / 4

/** How bodies travel through an adapter, in both directions. */
export async function bodyTests(t: TestContext, server: MountedServer): Promise<void> {
  await t.test('a stream arrives in pieces, its headers before the first', () => streams(server))
  await t.test('a client that leaves aborts the request and cancels the response', () =>
    aborts(server),
  )
  await t.test('a client that leaves before the answer aborts the request', () =>
    abortsEarly(server),
  )
  await t.test('a client that leaves within its own body ends the body with an error', () =>
    breaksOff(server),
  )
  await t.test('a client that does not read holds the response up', () => holdsResponseUp(server))
  await t.test('a client that leaves while it holds the response up cancels it', () =>
    leavesHeldUp(server),
  )
  await t.test('a server that does not read holds the request up', () => holdsRequestUp(server))
  await t.test('a client that sends all before it reads gets an early answer', () =>
    answersEarly(server),
  )
  await t.test('a response that fails midway is cut off, not ended', () => cutsOff(server))
  await t.test('bytes are left as they are', () => leavesBytes(server))
}

async function streams(server: MountedServer): Promise<void> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  server.handle(() => new Response(readable, { headers: { 'content-type': 'text/event-stream' } }))
  const response = await server.call({ method: 'POST', body: '{}' })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const events = writable.getWriter()
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    const [read] = await Promise.all([reader?.read(), events.write(Buffer.from(text))])
    assert.equal(read?.value, text)
  }
  await Promise.all([events.close(), reader?.closed])
}

async function aborts(server: MountedServer): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  server.handle(({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve())
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from('first')),
        cancel: () => cancelled.resolve(),
      }),
    )
  })
  const client = new AbortController()
  const response = await server.call({ signal: client.signal })
  await response.body?.getReader().read()
  client.abort()
  await Promise.all([aborted.promise, cancelled.promise])
}

async function abortsEarly(server: MountedServer): Promise<void> {
  const arrived = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  server.handle(async ({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve())
    arrived.resolve()
    await aborted.promise
    return new Response('too late')
  })
  const client = new AbortController()
  const call = server.call({ signal: client.signal })
  await arrived.promise
  client.abort()
  await assert.rejects(call, { name: 'AbortError' })
  await aborted.promise
}

async function breaksOff(server: MountedServer): Promise<void> {
  const read = Promise.withResolvers<number>()
  const arrived = Promise.withResolvers<void>()
  server.handle((message) => {
    arrived.resolve()
    message.text().then(({ length }) => read.resolve(length), read.reject)
    return read.promise.then(() => new Response())
  })
  const message = post(server, { 'content-length': '1000' })
  message.once('error', () => {})
  message.write('half of it')
  await arrived.promise
  message.destroy()
  await assert.rejects(read.promise)
}

async function holdsResponseUp(server: MountedServer): Promise<void> {
  let pulled = 0
  server.handle(() => {
    const pull = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(Buffer.alloc(CHUNK))
      pulled += CHUNK
      if (pulled === TOTAL) controller.close()
    }
    return new Response(new ReadableStream({ pull }))
  })
  const message = post(server)
  message.end()
  const [response] = (await once(message, 'response')) as [IncomingMessage]
  await roundTrips(server)
  assert.ok(pulled < BUFFERED, `${pulled} of ${TOTAL} bytes`)
  let received = 0
  for await (const chunk of response) received += chunk.length
  assert.equal(received, TOTAL)
}

async function leavesHeldUp(server: MountedServer): Promise<void> {
  const cancelled = Promise.withResolvers<void>()
  let pulled = 0
  server.handle(() => {
    const pull = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(Buffer.alloc(CHUNK))
      pulled += CHUNK
    }
    return new Response(new ReadableStream({ pull, cancel: () => cancelled.resolve() }))
  })
  const message = post(server)
  message.end()
  await once(message, 'response')
  await roundTrips(server)
  assert.ok(pulled < BUFFERED, `${pulled} bytes`)
  message.once('error', () => {})
  message.destroy()
  await cancelled.promise
}

async function holdsRequestUp(server: MountedServer): Promise<void> {
  const goOn = Promise.withResolvers<void>()
  server.handle(async ({ body }) => {
    let received = 0
    for await (const chunk of body as ReadableStream<Uint8Array>) {
      received += chunk.length
      await goOn.promise
    }
    return Response.json(received)
  })
  let sent = 0
  function* chunks() {
    for (; sent < TOTAL; sent += CHUNK) yield Buffer.alloc(CHUNK)
  }
  const message = post(server)
  const response = once(message, 'response')
  const upload = pipeline(Readable.from(chunks()), message)
  await roundTrips(server)
  assert.ok(sent < BUFFERED, `${sent} of ${TOTAL} bytes`)
  goOn.resolve()
  await upload
  assert.equal(await textOf(response), String(TOTAL))
}

async function answersEarly(server: MountedServer): Promise<void> {
  const size = 20 * 1024 * 1024
  const ways = new Map<string, (body: ReadableStream) => Promise<unknown>>([
    ['unread', async () => {}],
    ['begun', (body) => body.getReader().read()],
    ['cancelled', (body) => body.cancel()],
  ])
  for (const [way, use] of ways) {
    server.handle(async ({ body }) => {
      await use(body as ReadableStream)
      return new Response(way, { status: 413 })
    })
    const agent = new Agent({ keepAlive: true })
    const message = post(server, { 'content-length': String(size) }, agent)
    const sent = once(message, 'finish')
    const response = once(message, 'response')
    message.end(Buffer.alloc(size))
    await sent
    assert.equal(await textOf(response), way)
    agent.destroy()
  }
}

async function cutsOff(server: MountedServer): Promise<void> {
  server.handle(() => {
    const parts = [Buffer.from('first')]
    const pull = (controller: ReadableStreamDefaultController) => {
      const part = parts.pop()
      if (part) controller.enqueue(part)
      else controller.error(new Error('the source failed'))
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
  })
  const response = await server.call()
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
}

async function leavesBytes(server: MountedServer): Promise<void> {
  server.handle(({ body }) => new Response(body))
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
  const response = await server.call({ method: 'POST', body: bytes })
  assert.deepEqual(await response.bytes(), bytes)
}

/** Gives the server time to do what it should not: as long as it takes to answer so many others. */
async function roundTrips({ url }: MountedServer): Promise<void> {
  for (let i = 0; i < 30; i++) await (await fetch(`${url}/health`)).text()
}

/** A request of Node's own, on a connection of its own: `fetch` reads ahead. */
function post(
  server: MountedServer,
  headers: Readonly<Record<string, string>> = {},
  agent: Agent | false = false,
) {
  const authorization = `Bearer ${server.accessToken}`
  const url = new URL(`${server.url}/mcp`)
  return request(url, { method: 'POST', agent, headers: { authorization, ...headers } })
}

async function textOf(response: Promise<unknown[]>): Promise<string> {
  const [message] = (await response) as [IncomingMessage]
  let text = ''
  for await (const chunk of message) text += chunk
  return text
}

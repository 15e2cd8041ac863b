import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'
import { type FetchHandler, toNodeHandler } from '../../src/adapters/node.ts'
import { adapterContract } from './contract.ts'

adapterContract({
  name: 'node:http',
  mount: (entrance, handler) => {
    const guarded = entrance.protect(handler)
    return toNodeHandler(
      (...message) => (entrance.isOurs(message[0]) ? guarded(...message) : ownRoute(...message)),
      { onError: () => {} },
    )
  },
})

const ownRoute: FetchHandler = async (request) => {
  if (new URL(request.url).pathname !== '/own') return new Response(null, { status: 404 })
  return request.method === 'POST' ? Response.json(await request.json()) : new Response('own route')
}

test('HEAD of an answer without end is answered, and the answer cancelled', async (t) => {
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream({ cancel: () => cancelled.resolve() })
  const server = await listen(
    toNodeHandler(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } })),
    { port: 0, hosts: LOOPBACK_ADDRESSES.slice(0, 1) },
  )
  t.after(() => server.close())
  const connection = connect(server.port, '127.0.0.1')
  connection.write('HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  connection.setTimeout(5_000, () => connection.destroy(new Error('The request is held open.')))
  assert.match(await text(connection), /^HTTP\/1\.1 200 .*\r\n\r\n$/s)
  await cancelled.promise
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { listen } from '../../src/adapters/listen.ts'
import { toNodeHandler } from '../../src/adapters/node.ts'
import { drain, drainingFor } from '../../src/cli/stop.ts'
import { createOpenAnswers } from '../../src/core/protected-resource/open-answers.ts'
import { isRefused, until } from './waiting-server.ts'

const HEADERS = { 'content-type': 'text/event-stream' }

test('a stream goes on while the server drains, and comes to a proper end with it', async (t) => {
  const { listening, answers, write, port } = await serveStream(t)
  const response = await fetch(`http://127.0.0.1:${port}/`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  write('one')
  assert.equal((await reader?.read())?.value, 'one')
  const stopped = drain(listening, { requests: 60_000, streams: 300, idle: 0 }, answers.endAll)
  await wait(50)
  write('two')
  assert.equal((await reader?.read())?.value, 'two')
  // Not broken off: whoever reads it sees its end.
  assert.equal((await reader?.read())?.done, true)
  await stopped
})

test('an answer that was under way says that its connection takes no more', async (t) => {
  const goOn = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const handler = toNodeHandler(async () => {
    arrived.resolve()
    await goOn.promise
    // As the MCP SDK has it.
    return new Response('done', { headers: { connection: 'keep-alive' } })
  })
  const listening = await listen(handler, { port: 0, hosts: ['127.0.0.1'] })
  t.after(() => listening.close())
  const agent = new Agent({ keepAlive: true })
  const message = request({ host: '127.0.0.1', port: listening.port, agent }).end()
  await arrived.promise
  const stopped = drain(listening, { requests: 60_000, streams: 60_000, idle: 60_000 }, () => {})
  await until('it refuses', () => isRefused(`http://127.0.0.1:${listening.port}`))
  goOn.resolve()
  const [response] = await once(message, 'response')
  assert.equal(response.headers.connection, 'close')
  response.resume()
  // Though an idle connection could have stayed for a minute.
  await stopped
})

test('a server waits as long as it is told, for Ctrl-C seconds at most', () => {
  const told = (signal: 'SIGINT' | 'SIGTERM', drain: number, trustedProxyHops: number) => {
    const { requests, streams, idle } = drainingFor(signal, { drain, trustedProxyHops })
    return [requests, streams, idle]
  }
  assert.deepEqual(told('SIGTERM', 10, 0), [10_500, 10_000, 0])
  assert.deepEqual(told('SIGTERM', 10, 1), [10_500, 10_000, 2000])
  assert.deepEqual(told('SIGTERM', 1, 2), [1500, 1000, 1000])
  assert.deepEqual(told('SIGINT', 600, 1), [5000, 1000, 0])
  assert.deepEqual(told('SIGINT', 1, 0), [1000, 1000, 0])
})

async function serveStream(t: TestContext) {
  const answers = createOpenAnswers()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const handler = toNodeHandler(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given
      },
    })
    return answers.hold(new Response(body, { headers: HEADERS }), () => true)
  })
  const listening = await listen(handler, { port: 0, hosts: ['127.0.0.1'] })
  t.after(() => listening.close())
  const write = (text: string) => controller?.enqueue(Buffer.from(text))
  return { listening, answers, write, port: listening.port }
}

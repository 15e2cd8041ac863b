import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { toHonoMiddleware } from '../../src/adapters/hono.ts'
import { toNodeHandler } from '../../src/adapters/node.ts'
import { adapterContract } from './contract.ts'

adapterContract({
  name: 'Hono',
  mount: (entrance, handler) => {
    const app = new Hono()
    app.onError((_error, context) => context.text('Something went wrong.', 500))
    app.use(toHonoMiddleware(entrance, handler))
    app.get('/own', (context) => context.text('own route'))
    app.post('/own', async (context) => context.json(await context.req.json()))
    return toNodeHandler((request, connection) => app.fetch(request, connection), {
      onError: () => {},
    })
  },
})

test('Hono: the address is that of the message that @hono/node-server binds', async () => {
  const seen: unknown[] = []
  const entrance = {
    isOurs: () => true,
    protect: () => async (_request: Request, connection: unknown) => {
      seen.push(connection)
      return new Response()
    },
  }
  const app = new Hono()
  app.use(toHonoMiddleware(entrance as never, () => new Response()))
  for (const env of [
    { incoming: { socket: { remoteAddress: '203.0.113.7' } } },
    { remoteAddress: '203.0.113.8' },
    { incoming: {} },
    undefined,
  ]) {
    await app.fetch(new Request('http://localhost/'), env)
  }
  const addresses = ['203.0.113.7', '203.0.113.8', undefined, undefined]
  assert.deepEqual(
    seen,
    addresses.map((remoteAddress) => ({ remoteAddress })),
  )
})

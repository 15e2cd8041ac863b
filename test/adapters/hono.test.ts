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

import express from 'express'
import { toExpressMiddleware } from '../../src/adapters/express.ts'
import type { Entrance, ProtectedHandler } from '../../src/index.ts'
import { adapterContract } from './contract.ts'

adapterContract({
  name: 'Express',
  mount: (entrance, handler) => createApp(entrance, handler),
})

adapterContract({
  name: 'Express, mounted at a path',
  // What is at the root of the host is not below the path.
  mount: (entrance, handler, prefix) => createApp(entrance, handler, ['/.well-known', prefix]),
})

function createApp(entrance: Entrance, handler: ProtectedHandler, paths: string[] = []) {
  const app = express()
  // As in production: the error handler of Express shows no stacks there.
  app.set('env', 'production')
  const middleware = toExpressMiddleware(entrance, handler)
  if (paths.every(Boolean)) app.use(paths.length > 0 ? paths : '/', middleware)
  else app.use(middleware)
  app.use(express.json({ limit: '10mb' }))
  app.get('/own', (_request, response) => void response.send('own route'))
  app.post('/own', (request, response) => void response.json(request.body))
  // An error is for the application to log; here nobody reads it.
  app.use((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
    if (response.headersSent) response.destroy()
    else response.status(500).send('Something went wrong.')
  })
  return app
}

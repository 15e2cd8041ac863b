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

// A server that has something to tell: who asks for it holds a stream open. The expenses server never
// has, and ends such streams at once. With the gate in front, or open to everybody.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createEntrance } from 'entrance'
import { type FetchHandler, toNodeHandler } from 'entrance/adapters/node'
import { memoryStore } from 'entrance/stores/memory'

const [port = '', authority, tenantId = '', clientId = '', clientSecret = ''] =
  process.argv.slice(2)

const dist = join(import.meta.dirname, '..', '..', '..', 'dist')
const { listen, LOOPBACK_ADDRESSES } = (await import(
  pathToFileURL(join(dist, 'adapters', 'listen.js')).href
)) as typeof import('../../../src/adapters/listen.ts')

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'listening', version: '1.0.0' })
  server.registerTool('say_hello', { description: 'Says hello.' }, async () => ({
    content: [{ type: 'text', text: 'Hello.' }],
  }))
  return server
})

function guard(): FetchHandler {
  const entrance = createEntrance({
    url: `http://localhost:${port}`,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    limits: false,
    entra: { tenantId, clientId, clientSecret, authority: authority ?? '' },
  })
  return entrance.protect((request, { authInfo }) => mcp.fetch(request, { authInfo }))
}

const handler = toNodeHandler(authority ? guard() : (request) => mcp.fetch(request))
await listen(handler, { port: Number(port), hosts: LOOPBACK_ADDRESSES })

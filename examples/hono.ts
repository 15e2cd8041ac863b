// An MCP server behind Entra ID sign-in, in a Hono app. The README says what the variables are.
//
//   node --env-file=.env examples/hono.ts
import { createServer } from 'node:http'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createEntrance, type User } from 'entrance'
import { toHonoMiddleware } from 'entrance/adapters/hono'
import { toNodeHandler } from 'entrance/adapters/node'
import { sqliteStore } from 'entrance/stores/sqlite'
import { Hono } from 'hono'

const { env } = process
const port = Number(env.PORT ?? 8000)
const url = env.ENTRANCE_URL ?? `http://localhost:${port}`

const entrance = createEntrance({
  url,
  name: 'Who am I',
  entra: {
    tenantId: env.AZURE_TENANT_ID ?? '',
    clientId: env.ENTRA_PROXY_AZURE_CLIENT_ID ?? '',
    clientSecret: env.ENTRA_PROXY_AZURE_CLIENT_SECRET ?? '',
    // The login host of a national cloud, or of the emulator.
    authority: env.ENTRANCE_AUTHORITY,
  },
  secret: env.ENTRANCE_SECRET ?? '',
  store: sqliteStore('.entrance/who-am-i.db'),
})

const mcp = createMcpHandler(({ authInfo }) => {
  const user = authInfo?.extra?.user as User
  const server = new McpServer({ name: 'who-am-i', version: '1.0.0' })
  server.registerTool('who_am_i', { description: 'Says who is signed in.' }, () => ({
    content: [{ type: 'text', text: `${user.name} (${user.preferred_username})` }],
  }))
  return server
})

const app = new Hono()
app.use(toHonoMiddleware(entrance, mcp.fetch))
app.get('/', (context) => context.text('A page that needs no sign-in.'))

// @hono/node-server serves the app just as well.
const server = createServer(toNodeHandler((request, connection) => app.fetch(request, connection)))
server.listen(port, 'localhost', () => console.log(`MCP server at ${url}/mcp`))

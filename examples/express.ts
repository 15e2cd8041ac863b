// An MCP server behind Entra ID sign-in, in an Express app. The README says what the variables are.
//
//   node --env-file=.env examples/express.ts
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createEntrance, type User } from 'entrance'
import { toExpressMiddleware } from 'entrance/adapters/express'
import { sqliteStore } from 'entrance/stores/sqlite'
import express from 'express'

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

const app = express()
// The middleware reads bodies itself, so it comes before everything that does.
app.use(toExpressMiddleware(entrance, mcp.fetch))
app.get('/', (_request, response) => void response.send('A page that needs no sign-in.'))
app.listen(port, 'localhost', () => console.log(`MCP server at ${url}/mcp`))

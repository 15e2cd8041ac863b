// `entrance serve` without the gate: whoever asks is one and the same person.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { toNodeHandler } from 'entrance/adapters/node'
import { letRequestsGo } from '../../../src/cli/let-requests-go.ts'

// As `serve` does, before anything makes schemas.
letRequestsGo()
const { createExpensesServer, sqliteExpenseStore } = await import('entrance/expenses')

const [port, database = ':memory:'] = process.argv.slice(2)
const USER = {
  tid: 'tenant',
  oid: 'person',
  name: 'Alice',
  preferred_username: 'alice@example.com',
}

// What `serve` listens with is not for others; it is part of what is measured.
const dist = join(import.meta.dirname, '..', '..', '..', 'dist')
const { listen, LOOPBACK_ADDRESSES } = (await import(
  pathToFileURL(join(dist, 'adapters', 'listen.js')).href
)) as typeof import('../../../src/adapters/listen.ts')

const expenses = sqliteExpenseStore(database)
const mcp = createExpensesServer({ expenses })
const authInfo = {
  token: 'none',
  clientId: 'none',
  scopes: [],
  extra: { user: { ...USER, roles: [] } },
}
const handler = toNodeHandler((request) => mcp.fetch(request, { authInfo }))
await listen(handler, { port: Number(port), hosts: LOOPBACK_ADDRESSES })

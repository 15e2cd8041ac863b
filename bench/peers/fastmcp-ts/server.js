// @ts-nocheck: its types are where it is installed, which is not here.
// The expenses tools behind FastMCP's AzureProvider, for the bench.
import { randomUUID } from 'node:crypto'
import { AzureProvider, FastMCP } from 'fastmcp'
import { z } from 'zod'

const { AUTHORITY, CLIENT_ID, CLIENT_SECRET, PORT, TENANT_ID } = process.env

const ENTRA = 'https://login.microsoftonline.com'
const SCOPES = ['openid', 'profile', 'offline_access', `api://${CLIENT_ID}/mcp-access`]

/** Entra's address is built in: browsers are sent to the emulator instead. */
class LocalAzureProvider extends AzureProvider {
  getAuthorizationEndpoint() {
    return super.getAuthorizationEndpoint().replace(ENTRA, AUTHORITY)
  }
}

// Its own requests to Entra go to the emulator, too. It names no scope when it redeems a code, which
// the emulator refuses as Entra has been seen to (AADSTS28003): what was asked for is named for it.
const genuine = globalThis.fetch
globalThis.fetch = (input, init) => {
  if (!String(input).startsWith(ENTRA)) return genuine(input, init)
  const form = new URLSearchParams(init?.body)
  if (form.get('grant_type') === 'authorization_code') form.set('scope', SCOPES.join(' '))
  return genuine(String(input).replace(ENTRA, AUTHORITY), { ...init, body: form })
}

const quiet = () => {}
const server = new FastMCP({
  name: 'expenses',
  version: '1.0.0',
  logger: { debug: quiet, error: console.error, info: quiet, log: quiet, warn: console.warn },
  auth: new LocalAzureProvider({
    baseUrl: `http://localhost:${PORT}`,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    tenantId: TENANT_ID,
    scopes: SCOPES,
    allowedRedirectUriPatterns: ['http://127.0.0.1:*'],
  }),
})

const fields = {
  date: z.iso.date(),
  amount: z.number().positive(),
  category: z.enum(['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other']),
  description: z.string().min(1).max(500),
  payment_method: z.enum(['amex', 'visa', 'cash']),
}
const Expense = z.object({ id: z.string(), ...fields, created: z.string() })
const expenses = new Map()

/** Those of the signed-in user, who is named by Entra's token alone: a session has no other name. */
function ownExpenses({ accessToken }) {
  const { oid } = JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url').toString())
  if (!expenses.has(oid)) expenses.set(oid, [])
  return expenses.get(oid)
}

server.addTool({
  name: 'add_user_expense',
  description: 'Adds an expense.',
  parameters: z.object(fields),
  outputSchema: Expense,
  execute: async (given, { session }) => {
    const expense = { id: randomUUID(), ...given, created: new Date().toISOString() }
    ownExpenses(session).push(expense)
    return expense
  },
})
server.addTool({
  name: 'get_expenses',
  description: 'Lists all expenses.',
  parameters: z.object({}),
  outputSchema: z.object({ count: z.number(), expenses: z.array(Expense) }),
  execute: async (_, { session }) => {
    const own = ownExpenses(session)
    return { count: own.length, expenses: own }
  },
})
await server.start({
  transportType: 'httpStream',
  httpStream: { host: 'localhost', port: Number(PORT), stateless: true, enableJsonResponse: true },
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Client as ClientV2, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { toNodeHandler } from '../../src/adapters/node.ts'
import type { AuthInfo, User } from '../../src/core/protected-resource/auth-info.ts'
import {
  createExpensesServer,
  type ExpensesServerOptions,
  sqliteExpenseStore,
} from '../../src/expenses/server.ts'
import type { OwnExpenses } from '../../src/expenses/tools/tool.ts'

const TENANT = '11111111-1111-4111-8111-111111111111'
const OTHER_TENANT = '22222222-2222-4222-8222-222222222222'
const ALICE = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'
const BOB = 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'

/** Who a test's client is; `namesake` has Alice's object id in another tenant. */
export const PEOPLE = {
  alice: user(ALICE, TENANT),
  bob: user(BOB, TENANT),
  namesake: user(ALICE, OTHER_TENANT),
}
export type Person = keyof typeof PEOPLE

/** What tests need of a client, whichever SDK it comes from. */
export type ToolClient = {
  listTools(): Promise<{ tools: ToolDefinition[] }>
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<ToolResult>
  getInstructions(): string | undefined
  listResources(): Promise<{ resources: Listed[] }>
  listResourceTemplates(): Promise<{ resourceTemplates: Listed[] }>
  readResource(params: { uri: string }): Promise<{ contents: ResourceContent[] }>
  listPrompts(): Promise<{ prompts: PromptDefinition[] }>
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{
    messages: { role: string; content: { type: string; text: string } }[]
  }>
  complete(params: Completion): Promise<{ completion: { values: string[] } }>
}
export type Completion = {
  ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }
  argument: { name: string; value: string }
}
export type ResourceContent = { uri: string; mimeType?: string; text: string }
type Listed = {
  name: string
  title?: string
  description?: string
  uri?: string
  uriTemplate?: string
  mimeType?: string
}
type PromptDefinition = Listed & {
  arguments?: { name: string; description?: string; required?: boolean }[]
}
export type ToolResult = {
  content: { type: string; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}
export type ToolDefinition = {
  name: string
  title?: string
  description?: string
  annotations?: Record<string, unknown>
  _meta?: Record<string, unknown>
  inputSchema: JsonSchema
  outputSchema?: JsonSchema
}
type JsonSchema = {
  type: string
  properties: Record<string, Record<string, unknown>>
  required?: string[]
  additionalProperties?: boolean
}

/** Every client that the server must serve: both SDKs, both eras of the protocol. */
export const CLIENTS = {
  'SDK v2 on 2026-07-28': (url: string, person: Person) =>
    connectV2(url, person, { pin: '2026-07-28' }),
  'SDK v2 on 2025-11-25': (url: string, person: Person) => connectV2(url, person, 'legacy'),
  'SDK v1': connectV1,
}

export const OFFICE_SUPPLIES = {
  date: '2026-10-02',
  amount: 75,
  category: 'shopping',
  description: 'office supplies',
  payment_method: 'visa',
}

/** Serves expenses on a free port for the length of a test. The caller is who `x-person` says. */
export async function serveExpenses(
  t: TestContext,
  options: Partial<ExpensesServerOptions> = {},
  auditTool?: (tool: string, outcome: string) => void,
): Promise<string> {
  const own = sqliteExpenseStore(':memory:')
  const { url, close } = await listen({ expenses: own, ...options }, auditTool)
  t.after(async () => {
    await close()
    await own.close()
  })
  return url
}

/** Serves expenses until `close`; what is audited goes to `auditTool`. */
export async function listen(
  options: ExpensesServerOptions,
  auditTool: (tool: string, outcome: string) => void = () => {},
) {
  const expenses = createExpensesServer(options)
  const server = createServer(
    toNodeHandler((request) => {
      const person = request.headers.get('x-person') as Person
      return expenses.fetch(request, { authInfo: authInfoOf(PEOPLE[person]), auditTool })
    }),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    await expenses.close()
    server.close().closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, close }
}

export function authInfoOf(person: User): AuthInfo {
  return {
    token: 'a token',
    clientId: 'a client',
    scopes: ['mcp-access'],
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    resource: new URL('http://localhost:8000/mcp'),
    grant: 'a grant',
    transaction: 'a sign-in',
    resourceMetadataUrl: 'http://localhost:8000/.well-known/oauth-protected-resource/mcp',
    user: person,
    extra: { user: person },
  }
}

export async function connectV2(
  url: string,
  person: Person,
  mode: 'legacy' | { pin: string },
): Promise<ToolClient> {
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), as(person)))
  return client as unknown as ToolClient
}

export async function connectV1(url: string, person: Person): Promise<ToolClient> {
  const client = new ClientV1({ name: 'test', version: '1' })
  await client.connect(new TransportV1(new URL(url), as(person)) as never)
  return client as unknown as ToolClient
}

/** Adds an expense and answers what was stored; a refusal is an error of the test. */
export async function addExpense(client: ToolClient, changes: Record<string, unknown> = {}) {
  return structuredOf(client, 'add_user_expense', { ...OFFICE_SUPPLIES, ...changes })
}

export async function getExpenses(client: ToolClient, filter?: Record<string, unknown>) {
  return (await structuredOf(client, 'get_expenses', filter)) as {
    expenses: Record<string, unknown>[]
    count: number
    total: number
    currency: string
    other_totals?: unknown
    next_cursor?: string
  }
}

/** What a tool answers; a refusal is an error of the test. */
export async function structuredOf(
  client: ToolClient,
  name: string,
  args?: Record<string, unknown>,
) {
  const result = await client.callTool({ name, ...(args && { arguments: args }) })
  if (result.isError || !result.structuredContent) throw new Error(result.content[0]?.text)
  return result.structuredContent
}

/** The text of a call that must be refused. */
export async function refusalOf(
  client: ToolClient,
  args: Record<string, unknown>,
  name = 'add_user_expense',
) {
  const result = await client.callTool({ name, arguments: args })
  if (!result.isError) throw new Error(`Not refused: ${JSON.stringify(args)}`)
  return result.content.map(({ text }) => text).join('\n')
}

/** A store that answers nothing but what is given here. */
export function failingStore(fails: () => Promise<never>): OwnExpenses {
  const all = { add: fails, list: fails, find: fails, update: fails, delete: fails }
  return { ...all, summarize: fails }
}

function as(person: Person) {
  return { requestInit: { headers: { 'x-person': person } } }
}

function user(oid: string, tid: string): User {
  return { oid, tid, name: undefined, preferred_username: undefined, roles: [] }
}

import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  type McpServerOptions,
} from '@modelcontextprotocol/server'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import type { Log } from '../log.ts'
import type { Owner } from './expense-store.ts'
import { instructions } from './instructions.ts'
import { serveLegacy } from './legacy.ts'
import { isPlainLegacy, MAX_BODY_BYTES, readMessage, type Topic, topicOf } from './message.ts'
import { currencyOf, isCurrencyCode } from './money.ts'
import { registerPrompts } from './prompts.ts'
import { prepareResources } from './resources.ts'
import { registerSpendingApp } from './spending-app.ts'
import type { OwnExpenses } from './tools/tool.ts'
import { type AuditTool, prepareTools, type RegisterForOwner } from './tools.ts'

export {
  CursorError,
  type ExpenseSource,
  type ExpenseStore,
  type Owner,
  TooManyError,
  UncertainError,
  type Walk,
  type WalkQuery,
} from './expense-store.ts'
export { type PostgresExpensesOptions, postgresExpenseStore } from './postgres.ts'
export { sqliteExpenseStore } from './sqlite.ts'

export type ExpensesServerOptions = {
  /** Where the expenses are kept. Stays the caller's to close. */
  expenses: OwnExpenses
  /** The currency of new expenses (ISO 4217). @default 'USD' */
  currency?: string
  /** The server's name towards clients. @default 'expenses' */
  name?: string
  /** The server's version towards clients. @default '1.0.0' */
  version?: string
  /** The clock that `created` is read from. */
  now?: () => Date
  log?: Log
}

/** What the gate says about the signed-in person: Entrance's `AuthInfo` has it all. */
export type ExpensesContext = {
  readonly authInfo: AuthInfo & { readonly extra: { user: Owner } }
  /** Takes which tool was called or which resource was read, never the arguments. @default nobody */
  readonly auditTool?: AuditTool
}

/** The expenses MCP server as a web-standard handler, to stand behind `entrance.protect`. */
export type ExpensesServer = {
  fetch(request: Request, context: ExpensesContext): Promise<Response>
  /** Ends what is under way. */
  close(): Promise<void>
}

// What is listed changes only with a new start. Private, because only signed-in people may see it.
const LISTED = { ttlMs: 300_000, cacheScope: 'private' } as const
const CACHE_HINTS = {
  'tools/list': LISTED,
  'prompts/list': LISTED,
  'resources/list': LISTED,
  'resources/templates/list': LISTED,
  'server/discover': LISTED,
}

const NO_CHANGES = { listChanged: false }
const CAPABILITIES = {
  tools: NO_CHANGES,
  prompts: NO_CHANGES,
  resources: NO_CHANGES,
  completions: {},
}

/**
 * The expenses MCP server: tools, resources and a prompt for the person in `authInfo`. Serves
 * protocol 2026-07-28 and the revisions of 2025 on one URL.
 */
export function createExpensesServer(options: ExpensesServerOptions): ExpensesServer {
  const { log = () => {} } = options
  const createServer = prepareServer(options)
  const onerror = ({ message }: Error) =>
    log({ event: 'expenses.refused', level: 'warn', message: withoutRequest(message) })
  const handler = createMcpHandler(({ authInfo }) => createServer(authInfo), {
    maxRequestBodySize: MAX_BODY_BYTES,
    onerror,
  })
  let isClosed = false
  return {
    async fetch(request, { authInfo, auditTool }) {
      if (isClosed) throw new Error('The expenses server has been closed.')
      const read = await readMessage(request)
      if (!read) return handler.fetch(request, { authInfo })
      if ('refusal' in read) return read.refusal
      const { message } = read
      const extra = { ...authInfo.extra, auditTool, topic: topicOf(message) }
      const known = { authInfo: { ...authInfo, extra }, parsedBody: message }
      // Requests of 2026-07-28 name their method in a header too: they need not be looked at twice.
      const isLegacy =
        !request.headers.has('mcp-method') &&
        (isPlainLegacy(request, message) || (await isLegacyRequest(request, message)))
      if (!isLegacy) return handler.fetch(request, known)
      return serveLegacy(createServer(known.authInfo), request, known)
    },
    close() {
      isClosed = true
      return handler.close()
    },
  }
}

/** Prepares what does not change; what is given makes the server of one request. */
function prepareServer(options: ExpensesServerOptions) {
  const { expenses, name = 'expenses', version = '1.0.0', log = () => {} } = options
  const currency = currencyOf(checkCurrency(options.currency ?? 'USD'))
  const prepared = { expenses, currency, now: options.now ?? (() => new Date()), log }
  const parts: readonly [of: ReadonlySet<Topic>, register: RegisterForOwner][] = [
    [new Set(['tools']), prepareTools(prepared)],
    [new Set(['resources', 'completion']), prepareResources(prepared)],
    [new Set(['prompts', 'completion']), registerPrompts],
    [new Set(['resources', 'completion']), (server) => registerSpendingApp(server)],
  ]
  const serverOptions: McpServerOptions = {
    instructions: instructions(currency.code),
    capabilities: CAPABILITIES,
    cacheHints: CACHE_HINTS,
    // Each request has its own server; without this, each would set up its own validator.
    jsonSchemaValidator: new AjvJsonSchemaValidator(),
  }
  return (authInfo: AuthInfo | undefined): McpServer => {
    const server = new McpServer({ name, title: 'Expenses', version }, serverOptions)
    // It reaches only calls of its own batch, and these would be left without an answer.
    server.server.removeNotificationHandler('notifications/cancelled')
    const { user, auditTool, topic } = authInfo?.extra ?? {}
    const owner = ownerOf(user)
    for (const [topics, register] of parts) {
      // What the request is not about, it does not need; what it is about is not always told.
      if (topic !== undefined && !topics.has(topic as Topic)) continue
      register(server, owner, auditTool as AuditTool)
    }
    return server
  }
}

/** Why a request was refused, without what stood in it: the SDK repeats names and addresses. */
function withoutRequest(message: string): string {
  return message.replace(/^(Rejected inbound request \([\w-]+\)).*/s, '$1.')
}

function checkCurrency(code: string): string {
  if (isCurrencyCode(code)) return code
  throw new RangeError(
    `currency: ${JSON.stringify(code)} is no currency. Give its ISO 4217 code in capitals, e.g. USD, EUR or JPY.`,
  )
}

/** Without a person there is no request to serve: nothing may be kept under an empty name. */
function ownerOf(user: unknown): Owner {
  const { tid, oid } = (user ?? {}) as Partial<Owner>
  if (typeof tid !== 'string' || typeof oid !== 'string' || tid === '' || oid === '') {
    throw new TypeError('The expenses server needs authInfo with a user: put it behind the gate.')
  }
  return { tid, oid }
}

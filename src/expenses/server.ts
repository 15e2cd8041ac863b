import {
  type AuthInfo,
  createMcpHandler,
  McpServer,
  type McpServerOptions,
} from '@modelcontextprotocol/server'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import type { Log } from '../log.ts'
import type { ExpenseStore, Owner } from './expense-store.ts'
import { currencyOf, isCurrencyCode } from './money.ts'
import { type AuditTool, prepareTools } from './tools.ts'

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
  expenses: Pick<ExpenseStore, 'add' | 'list'>
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
  /** Takes which tool was called, and what came of it; never the arguments. @default nobody */
  readonly auditTool?: AuditTool
}

/** The expenses MCP server as a web-standard handler, to stand behind `entrance.protect`. */
export type ExpensesServer = {
  fetch(request: Request, context: ExpensesContext): Promise<Response>
  /** Ends what is under way. */
  close(): Promise<void>
}

// A call is some hundred bytes; a description is at most 500 characters.
const MAX_BODY_BYTES = 64 * 1024

// The tools change only with a new start. Private, because only signed-in people may see them.
const CACHE_HINT = { ttlMs: 300_000, cacheScope: 'private' } as const

/**
 * The expenses MCP server: `add_user_expense` and `get_expenses`, for the person in `authInfo`.
 * Serves protocol 2026-07-28 and the revisions of 2025 on one URL.
 */
export function createExpensesServer(options: ExpensesServerOptions): ExpensesServer {
  const { expenses, name = 'expenses', version = '1.0.0', log = () => {} } = options
  const currency = currencyOf(checkCurrency(options.currency ?? 'USD'))
  const registerTools = prepareTools({
    expenses,
    currency,
    now: options.now ?? (() => new Date()),
    log,
  })
  const serverOptions: McpServerOptions = {
    instructions: instructions(currency.code),
    capabilities: { tools: { listChanged: false } },
    cacheHints: { 'tools/list': CACHE_HINT, 'server/discover': CACHE_HINT },
    // Each request has its own server; without this, each would set up its own validator.
    jsonSchemaValidator: new AjvJsonSchemaValidator(),
  }
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const server = new McpServer({ name, title: 'Expenses', version }, serverOptions)
      const { user, auditTool } = authInfo?.extra ?? {}
      registerTools(server, ownerOf(user), auditTool as AuditTool | undefined)
      return server
    },
    {
      maxRequestBodySize: MAX_BODY_BYTES,
      onerror: ({ message }) => log({ event: 'expenses.refused', level: 'warn', message }),
    },
  )
  return {
    fetch(request, { authInfo, auditTool }) {
      const extra = { ...authInfo.extra, auditTool }
      return handler.fetch(request, { authInfo: { ...authInfo, extra } })
    },
    close: () => handler.close(),
  }
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

function instructions(currency: string): string {
  return `Keeps the signed-in user's own expenses.

To record one, call add_user_expense once per expense:
- date: work out "today", "yesterday" or "last Friday" from the current date where the user is; without any word about the day, it is today. "Last Friday" is the latest Friday before today.
- amount: in ${currency}. If the user names another currency, ask what the amount is in ${currency} instead of guessing a rate.
- category: choose the one that fits best without asking: food, transport, entertainment, shopping (office supplies too), gadget (electronics), other.
- description: what was bought, in the user's words.
- payment_method: amex, visa or cash. Ask if the user did not say.

"Log expense for 75 dollars of office supplies on my visa last Friday" becomes {"date": the date of that Friday, "amount": 75, "category": "shopping", "description": "office supplies", "payment_method": "visa"}.

To see what was recorded, sum it up or look for one, call get_expenses.`
}

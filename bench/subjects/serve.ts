// `entrance serve` on a store, as it is built, and what people ask of it.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningEmulator } from '../../src/emulator/emulator.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { leaveLog } from '../../test/support/secrets.ts'
import { startServe } from '../../test/support/serve.ts'
import { canPin } from '../kit/process.ts'

export type ServerOptions = {
  readonly emulator: RunningEmulator
  /** The master key. */
  readonly secret: string
  /** Where its own folder is made. */
  readonly folder: string
  /** @default a free one */
  readonly port?: number
  /** What people know it by. @default its own address */
  readonly url?: string
  /** The processor that it is kept to, where that can be done. @default the first one */
  readonly cpu?: number
  /** Other variables. */
  readonly env?: Readonly<Record<string, string>>
}

export type Server = AsyncDisposable & {
  /** What people know it by. */
  readonly url: string
  /** Where it is. */
  readonly port: number
  readonly pid: number
}

/** Starts the command, as it is built, on the store of an address. */
export async function startOn(address: string, options: ServerOptions): Promise<Server> {
  const { emulator, secret, cpu = 0 } = options
  const port = options.port ?? (await fixedPort())
  const { url = `http://localhost:${port}` } = options
  emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
  const { clientId, clientSecret } = emulator.application
  const server = await startServe({
    args: [],
    by: canPin() ? ['taskset', '-c', String(cpu)] : [],
    folder: mkdtempSync(join(options.folder, 'serve-')),
    env: {
      ...{ PORT: String(port), ENTRANCE_URL: url },
      ...{ ENTRANCE_SECRET: secret, ENTRANCE_STORE: address },
      ...{ ENTRANCE_AUTHORITY: emulator.origin, AZURE_TENANT_ID: emulator.tenantId },
      ...{ ENTRA_PROXY_AZURE_CLIENT_ID: clientId, ENTRA_PROXY_AZURE_CLIENT_SECRET: clientSecret },
      // Everybody here comes from one address, and asks for more than people do.
      ENTRANCE_RATE_LIMIT: 'off',
      ...options.env,
    },
  })
  leaveLog(server.logs)
  const stop = async () => void (await server.stop())
  return { url, port, pid: server.pid ?? 0, [Symbol.asyncDispose]: stop }
}

/** The headers of a call to the MCP endpoint. */
export function headersOf(token: string): Readonly<Record<string, string>> {
  return {
    ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    accept: 'application/json, text/event-stream',
  }
}

/** The body of a call of a tool. */
export function bodyOf(tool: string, args: object = {}): string {
  const params = { name: tool, arguments: args }
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
}

/** One call of a tool; throws where it is not done. */
export async function callTool(
  url: string,
  token: string,
  tool: string,
  args: object = {},
): Promise<void> {
  const request = { method: 'POST', headers: headersOf(token), body: bodyOf(tool, args) }
  const response = await fetch(`${url}/mcp`, request)
  const text = await response.text()
  if (!response.ok || text.includes('"isError":true') || text.includes('"error"')) {
    throw new Error(`${tool} was not done (${response.status}): ${text.slice(0, 500)}`)
  }
}

/** Ten expenses of whoever has the token. */
export async function logExpenses(url: string, token: string): Promise<void> {
  for (let day = 1; day <= 10; day++) {
    await callTool(url, token, 'add_user_expense', {
      date: `2026-01-${String(day).padStart(2, '0')}`,
      ...{ amount: 10 + day, category: 'food', description: 'Lunch', payment_method: 'visa' },
    })
  }
}

export type Renewed = { readonly access_token: string; readonly refresh_token: string }

/** Renews a sign-in; throws where it is refused. */
export async function renew(
  url: string,
  client_id: string,
  refresh_token: string,
): Promise<Renewed> {
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'refresh_token', client_id, refresh_token, resource: `${url}/mcp` },
    }),
  })
  if (!response.ok)
    throw new Error(`A refresh was refused (${response.status}): ${await response.text()}`)
  return (await response.json()) as Renewed
}

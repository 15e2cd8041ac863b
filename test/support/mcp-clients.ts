import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import type { OAuthClientProvider as OAuthClientProviderV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { UnauthorizedError as UnauthorizedErrorV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Desktop } from './desktop.ts'
import { createOAuthProvider } from './oauth-provider.ts'

/** Arguments of a tool: what every command line can say. */
export type ToolArguments = Readonly<Record<string, string | number>>

/** A real MCP client, given the address of a server and nothing else. */
export type McpClient = {
  readonly name: string
  /** Connects as the person at the desktop; those that run once per call sign in at the first. */
  connect(url: string, desktop: Desktop): Promise<Connection>
}

export type Connection = {
  /** Calls a tool and gives its structured content; throws on an error of the tool. */
  call(tool: string, args?: ToolArguments): Promise<unknown>
  close(): Promise<void>
}

/** Every client that the tests sign in with. */
export const MCP_CLIENTS: readonly McpClient[] = [
  { name: 'MCP SDK v2, 2026-07-28', connect: (...args) => connectSdk('2026-07-28', ...args) },
  { name: 'MCP SDK v2, 2025-11-25', connect: (...args) => connectSdk('2025-11-25', ...args) },
  { name: 'MCP SDK v1', connect: connectSdkV1 },
  { name: 'mcp-remote', connect: connectMcpRemote },
  { name: 'Inspector CLI, modern', connect: (...args) => connectInspector('modern', ...args) },
  { name: 'Inspector CLI, legacy', connect: (...args) => connectInspector('legacy', ...args) },
  { name: 'mcporter', connect: connectMcporter },
]

const INFO = { name: 'entrance-tests', version: '1.0.0' }

async function connectSdk(version: string, url: string, desktop: Desktop): Promise<Connection> {
  const isModern = version === '2026-07-28'
  const mode = isModern ? { pin: version } : 'legacy'
  const authProvider = createOAuthProvider()
  const connect = async () => {
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider })
    const client = new Client(INFO, { versionNegotiation: { mode } })
    try {
      await client.connect(transport)
      return client
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth(await authProvider.signIn(desktop))
      return undefined
    }
  }
  const client = (await connect()) ?? (await connect())
  if (client?.getNegotiatedProtocolVersion() !== version) throw new Error('not connected')
  return toConnection(client)
}

async function connectSdkV1(url: string, desktop: Desktop): Promise<Connection> {
  // The two versions' types differ only in optional fields.
  const authProvider = createOAuthProvider()
  const connect = async () => {
    const options = { authProvider: authProvider as unknown as OAuthClientProviderV1 }
    const transport = new TransportV1(new URL(url), options)
    const client = new ClientV1(INFO)
    try {
      await client.connect(transport as Parameters<typeof client.connect>[0])
      return client
    } catch (error) {
      if (!(error instanceof UnauthorizedErrorV1)) throw error
      const response = await authProvider.signIn(desktop)
      await transport.finishAuth(response.get('code') ?? '')
      return undefined
    }
  }
  const client = (await connect()) ?? (await connect())
  if (!client) throw new Error('not connected')
  return toConnection(client)
}

/** A proxy between stdio, which a client of this process speaks, and the server. */
async function connectMcpRemote(url: string, desktop: Desktop): Promise<Connection> {
  const args = [program('mcp-remote/dist/proxy.js'), url]
  const transport = new StdioClientTransport({
    command: NODE,
    args,
    env: desktop.env,
    cwd: desktop.home,
    stderr: 'pipe',
  })
  const stderr = text(transport.stderr as Readable)
  const client = new ClientV1(INFO)
  try {
    await client.connect(transport)
  } catch (error) {
    await client.close()
    throw new Error(`mcp-remote: ${await stderr}${report(desktop)}`, { cause: error })
  }
  return toConnection(client)
}

// It opens no browser without a terminal, unless told so, and would use the system's keychain.
const INSPECTOR_ENV = { MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' }

async function connectInspector(
  era: 'modern' | 'legacy',
  url: string,
  desktop: Desktop,
): Promise<Connection> {
  const launcher = program('@modelcontextprotocol/inspector/clients/launcher/build/index.js')
  // The callback's own port is fixed; a free one lets runs go side by side.
  const callback = 'http://127.0.0.1:0/oauth/callback'
  const options = ['--transport', 'http', '--protocol-era', era, '--callback-url', callback]
  const call: Connection['call'] = async (tool, args = {}) => {
    const method = ['--method', 'tools/call', '--tool-name', tool]
    const json = ['--tool-args-json', JSON.stringify(args)]
    const output = ['--quiet', '--format', 'json']
    const line = ['--cli', url, ...options, ...method, ...json, ...output]
    const { result } = JSON.parse(await run([launcher, ...line], desktop, INSPECTOR_ENV))
    return structuredContent(result)
  }
  return { call, close: async () => {} }
}

async function connectMcporter(url: string, desktop: Desktop): Promise<Connection> {
  const call: Connection['call'] = async (tool, args = {}) => {
    const pairs = Object.entries(args).map(([name, value]) => `${name}=${value}`)
    const line = ['call', `${url}.${tool}`, ...pairs, '--allow-http', '--output', 'json']
    return JSON.parse(await run([program('mcporter/dist/cli.js'), ...line], desktop))
  }
  return { call, close: async () => {} }
}

type SdkClient = {
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  close(): Promise<void>
}

function toConnection(client: SdkClient): Connection {
  return {
    call: async (name, args = {}) =>
      structuredContent(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  }
}

function structuredContent(result: unknown): unknown {
  const { isError, structuredContent, content } = result as Record<string, unknown>
  if (isError) throw new Error(`The tool answered with an error: ${JSON.stringify(content)}`)
  return structuredContent
}

const ROOT = join(import.meta.dirname, '..', '..')

/** The pinned Node: these programs want a newer one than the project does. */
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node')

function program(path: string): string {
  return join(ROOT, 'test', 'clients', 'node_modules', ...path.split('/'))
}

/** Runs a program to its end at the desktop; gives what it printed. */
async function run(args: readonly string[], desktop: Desktop, env = {}): Promise<string> {
  const signal = AbortSignal.timeout(60_000)
  const options = { env: { ...desktop.env, ...env }, cwd: desktop.home, signal }
  const child = spawn(NODE, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  if (code === 0) return stdout
  throw new Error(`${args[0]} ended with ${code}: ${stdout}${stderr}${report(desktop)}`)
}

/** What the browser saw meanwhile, for a failure's message. */
function report(desktop: Desktop): string {
  const ends = desktop.signIns.map((signIn) =>
    signIn.status === 'fulfilled'
      ? `${signIn.value.status} ${signIn.value.url.origin}: ${signIn.value.text}`
      : String(signIn.reason),
  )
  return `\nThe browser: ${ends.join('\n') || 'was not opened.'}`
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { BrowserContext, FrameLocator, Page } from 'playwright-core'

/** What a host allows a page that asks for nothing (MCP Apps 2026-01-26, "Host Behavior"). */
const DEFAULT_CSP = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "media-src 'self' data:",
  "connect-src 'none'",
].join('; ')

export type Call = { name: string; arguments?: Record<string, unknown> }

export type OpenOptions = {
  /** The page between host and tool, or none; what it throws is the tool's failure. */
  callTool?: (call: Call) => Promise<unknown>
  /** Whether the host lets the page call tools. @default true */
  mayCall?: boolean
  context?: Record<string, unknown>
  width?: number
  /** Through a proxy of another origin, as a web host does it. @default false */
  proxied?: boolean
}

/** The page as a host shows it. */
export type View = {
  readonly page: Page
  readonly frame: FrameLocator
  /** Errors and refusals of the content security policy in any frame, and all that the page logs. */
  readonly complaints: string[]
  /** What was asked of the network, but for the host's own files. */
  readonly requests: string[]
  send(method: Notification, params: Record<string, unknown>): Promise<void>
  /** A tool's answer; the arguments go before it, as the protocol wants it. */
  answer(result: unknown, args?: Record<string, unknown>): Promise<void>
  setContext(context: Record<string, unknown>): Promise<void>
  /** Anything at all, as if it were a message of the protocol. */
  post(message: unknown): Promise<void>
  /** Messages of the protocol from a frame beside the page, as an advertisement could send them. */
  postFromBeside(messages: readonly Message[]): Promise<void>
  teardown(): Promise<unknown>
  sizes(): Promise<{ width: number; height: number }[]>
}

type Message = readonly [method: string, params: unknown]

type Notification =
  | 'sendToolInput'
  | 'sendToolInputPartial'
  | 'sendToolResult'
  | 'sendToolCancelled'

/** A host for the page: two origins, on free ports. */
export async function startAppHost(html: string) {
  const script = await bundle('host.ts')
  const proxy = await bundle('sandbox.ts')
  const empty =
    '<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,"><body style="margin: 0">'
  const hosts = await serve({ '/': `${empty}<script>${script}</script>` }, {})
  const views = await serve(
    { '/view': html, '/sandbox': `${empty}<script>${proxy}</script>` },
    { 'content-security-policy': DEFAULT_CSP },
  )
  return {
    open: (context: BrowserContext, options: OpenOptions = {}) =>
      openView(context, { hosts: hosts.url, views: views.url, html }, options),
    async close() {
      await Promise.all([hosts.close(), views.close()])
    },
  }
}

async function openView(
  context: BrowserContext,
  urls: { hosts: string; views: string; html: string },
  { callTool, mayCall = true, width = 700, proxied = false, ...options }: OpenOptions,
): Promise<View> {
  const page = await context.newPage()
  const { complaints, requests } = watch(page, [urls.hosts, urls.views])
  if (callTool) await page.exposeFunction('callTool', callTool)
  await page.goto(urls.hosts)
  await page.evaluate((view) => (globalThis as unknown as Hosting).host.open(view), {
    url: `${urls.views}${proxied ? '/sandbox' : '/view'}`,
    ...(proxied && { html: urls.html }),
    sandbox: proxied ? 'allow-scripts allow-same-origin allow-forms' : 'allow-scripts',
    capabilities: mayCall ? { serverTools: {} } : {},
    context: options.context ?? {},
    width,
  })
  const outer = page.frameLocator('iframe[title="page"]')
  const send = (method: Notification, params: Record<string, unknown>) =>
    page.evaluate(([name, value]) => (globalThis as unknown as Hosting).host.bridge[name](value), [
      method,
      params,
    ] as const)
  return {
    page,
    frame: proxied ? outer.frameLocator('iframe') : outer,
    complaints,
    requests,
    send,
    async answer(result, args = {}) {
      await send('sendToolInput', { arguments: args })
      await send('sendToolResult', result as Record<string, unknown>)
    },
    setContext: (changed) =>
      page.evaluate(
        (value) => (globalThis as unknown as Hosting).host.bridge.sendHostContextChange(value),
        changed,
      ),
    post: (message) =>
      page.evaluate((value) => (globalThis as unknown as Hosting).host.send(value), message),
    postFromBeside: (messages) =>
      page.evaluate(
        (sent) => (globalThis as unknown as Hosting).host.sendFromBeside(sent),
        messages,
      ),
    teardown: () =>
      page.evaluate(() => (globalThis as unknown as Hosting).host.bridge.teardownResource({})),
    sizes: () => page.evaluate(() => (globalThis as unknown as Hosting).host.sizes),
  }
}

/** What `host.ts` leaves in the window of the host. */
type Hosting = {
  host: {
    open(options: unknown): Promise<void>
    send(message: unknown): void
    sendFromBeside(messages: readonly Message[]): Promise<void>
    sizes: { width: number; height: number }[]
    bridge: Record<Notification, (params: unknown) => Promise<void>> & {
      sendHostContextChange(context: unknown): Promise<void>
      teardownResource(params: unknown): Promise<unknown>
    }
  }
}

function watch(page: Page, own: readonly string[]) {
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    const isOfPage = /\/view\b/.test(message.location().url)
    const isBad = ['error', 'warning'].includes(message.type())
    if (isBad || isOfPage) complaints.push(message.text())
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('request', (request) => {
    const url = request.url()
    const { pathname, origin } = new URL(url)
    const isOwn = own.includes(origin) && ['/', '/view', '/sandbox'].includes(pathname)
    if (!isOwn) requests.push(url)
  })
  return { complaints, requests }
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'browser-host', name)],
    bundle: true,
    format: 'iife',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** Serves these pages on a free port. */
async function serve(pages: Record<string, string>, headers: Record<string, string>) {
  const byPath = new Map(Object.entries(pages))
  const server = createServer((request, response) => {
    const body = byPath.get(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': 'text/html; charset=utf-8',
      ...headers,
    })
    response.end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    close: () => {
      server.close().closeAllConnections()
    },
  }
}

import { type Browser, createBrowser } from '../../support/browser.ts'
import { type Client, registerClient } from './client.ts'
import type { Entra } from './entra.ts'
import { patiently } from './patient.ts'
import type { Product } from './profiles/profile.ts'

export type Document = Readonly<Record<string, unknown>>

/** What a client finds out about a server, starting from its address alone. */
export type Site = {
  readonly mcpUrl: string
  readonly origin: string
  /** The challenge of a call without a token. */
  readonly challenge: string
  readonly resourceMetadata: Document
  readonly metadata: Document
  readonly issuer: string
  readonly authorize: string
  readonly token: string
  readonly register: string
  readonly revoke: string | undefined
  /** What a client asks for: the challenge's scope, else all that the resource names. */
  readonly scope: string | undefined
  readonly resource: string
}

/** A product under attack. */
export type Target = {
  readonly product: Product
  readonly entra: Entra
  readonly site: Site
  /** A public client that is registered there. */
  readonly client: Client
  /** A fresh browser profile. It reaches the product and Entra, and nothing else in the world. */
  browser(): Browser
}

/** Where every client here wants its codes; nobody listens there, and nothing is sent there. */
export const REDIRECT_URI = 'http://127.0.0.1:49152/callback'

export async function createTarget(product: Product, entra: Entra): Promise<Target> {
  const site = await discover(product.mcpUrl)
  const browser = () => createBrowser(createNetwork(site, entra))
  const unregistered = { product, entra, site, browser }
  return { ...unregistered, client: await registerClient(unregistered) }
}

/** RFC 9728 and RFC 8414, as clients go about it. */
export async function discover(mcpUrl: string): Promise<Site> {
  const refused = await fetch(mcpUrl, { method: 'POST', redirect: 'manual' })
  await refused.body?.cancel()
  const challenge = refused.headers.get('www-authenticate') ?? ''
  const { origin, pathname } = new URL(mcpUrl)
  const hint = parameterOf(challenge, 'resource_metadata')
  const resourceMetadata = await firstDocument([
    ...(hint ? [hint] : []),
    `${origin}/.well-known/oauth-protected-resource${pathname}`,
    `${origin}/.well-known/oauth-protected-resource`,
  ])
  const [server = origin] = asStrings(resourceMetadata.authorization_servers)
  const metadata = await firstDocument(wellKnown(server, 'oauth-authorization-server'))
  const scopes = asStrings(resourceMetadata.scopes_supported).join(' ')
  return {
    mcpUrl,
    origin,
    challenge,
    resourceMetadata,
    metadata,
    issuer: String(metadata.issuer),
    authorize: String(metadata.authorization_endpoint),
    token: String(metadata.token_endpoint),
    register: String(metadata.registration_endpoint),
    revoke: asString(metadata.revocation_endpoint),
    scope: parameterOf(challenge, 'scope') ?? (scopes || undefined),
    resource: asString(resourceMetadata.resource) ?? mcpUrl,
  }
}

/** The places of a well-known document for an issuer: RFC 8414 §3.1, and what clients try next. */
export function wellKnown(issuer: string, name: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  return [...new Set([`${origin}/.well-known/${name}${path}`, `${origin}/.well-known/${name}`])]
}

/** A parameter of a challenge (RFC 9110 §11.6.1). */
export function parameterOf(challenge: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1]
}

export function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

async function firstDocument(urls: readonly string[]): Promise<Document> {
  for (const url of urls) {
    const response = await fetch(url)
    const text = await response.text()
    if (response.ok) return JSON.parse(text) as Document
  }
  throw new Error(`no metadata at ${urls.join(', ')}`)
}

/** Loopback only: whatever a product sends the browser to otherwise is where it stops. */
function createNetwork(site: Site, entra: Entra): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.origin === entra.origin) return entra.fetch(input, init)
    if (isProducts(site, url)) return patiently(input, init)
    return new Response('', { headers: { 'x-outside': '1' } })
  }
}

/** Whether an address is the product's, by any name of this machine. */
export function isProducts(site: Site, url: URL): boolean {
  const { port, protocol } = new URL(site.origin)
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  return isLoopback && url.port === port && url.protocol === protocol && !url.username
}

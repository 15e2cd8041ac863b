// What comes to the gate: requests with good tokens, and with every kind of bad one.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { type AccessTokens, createAccessTokens } from '../../src/core/tokens/access-token.ts'
import type { EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** Who can make a bad token: anybody, or only who has, or had, a genuine one. */
export type Maker = 'stranger' | 'holder'

export type BadKind = { readonly name: string; readonly maker: Maker; readonly tokens: string[] }

const URL_HERE = 'http://localhost:8000'

const SECRET = randomBytes(32).toString('base64url')

/** As `entrance serve` has them, but for where things are kept. */
export function optionsOf(given: Partial<EntranceOptions> = {}): EntranceOptions {
  return {
    url: URL_HERE,
    secret: SECRET,
    store: memoryStore(),
    frontDoor: true,
    entra: {
      tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
      clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
      clientSecret: 'not-a-secret',
    },
    fetch: () => Promise.reject(new Error('Nothing here may reach Entra.')),
    ...given,
  }
}

/** So many tokens as a sign-in gives them, each another. */
export function goodTokens(count: number, ttl = 3600, given?: Partial<EntranceOptions>): string[] {
  const tokens = tokensOf({ ttl, ...(given && { given }) })
  return Array.from({ length: count }, () => tokens.next())
}

/** Bad ones, so many of each kind. */
export function badTokens(count: number): BadKind[] {
  const expired = goodTokens(count, -60)
  const other = { secret: randomBytes(32).toString('base64url') }
  const list = (make: (token: string) => string) => goodTokens(count).map(make)
  return [
    { name: 'no JWT', maker: 'stranger', tokens: list(withBrokenHeader) },
    { name: '8 KiB of dots', maker: 'stranger', tokens: list(() => '.'.repeat(8 * 1024)) },
    { name: "another server's", maker: 'stranger', tokens: goodTokens(count, 3600, other) },
    { name: 'forged', maker: 'stranger', tokens: list(createForger()) },
    { name: 'forged, 8 KiB long', maker: 'stranger', tokens: list(createForger(8 * 1024)) },
    { name: 'claims changed', maker: 'holder', tokens: list(withOtherClaims) },
    { name: 'signature changed', maker: 'holder', tokens: list(withOtherSignature) },
    { name: 'expired', maker: 'holder', tokens: expired },
  ]
}

/** A call, as clients send it; its body is never read by the gate. */
export function requestWith(token: string): Request {
  return new Request(`${URL_HERE}/mcp`, {
    method: 'POST',
    headers: {
      host: new URL(URL_HERE).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      'user-agent': 'bench',
      authorization: `Bearer ${token}`,
    },
  })
}

/** The product's own issuer, for a person of a registered client. */
function tokensOf({ ttl, given = {} }: { ttl: number; given?: Partial<EntranceOptions> }) {
  const config = resolveOptions(optionsOf(given))
  const { issuer, resource: audience } = config.site
  const issuers = new Set([issuer])
  const tokens: AccessTokens = createAccessTokens({ ...config, audience, issuers, ttl })
  const user = {
    oid: 'f008373e-b362-4903-bcb9-19208e6a0c72',
    tid: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
    name: 'Alice',
    preferred_username: 'alice@entrance.example',
    roles: ['Expenses.Approver'],
  }
  const next = () =>
    tokens.issue(
      {
        ...{ iss: issuer, aud: audience, scope: config.scope },
        // As long as that of a client with one redirect URI.
        client_id: `e1.${randomBytes(6).toString('base64url')}.${randomBytes(96).toString('base64url')}`,
        gid: randomBytes(16).toString('base64url'),
        gat: Math.floor(Date.now() / 1000),
        txn: randomBytes(12).toString('base64url'),
      },
      user,
    )
  return { next }
}

/**
 * All that a stranger can know: our kid, which /.well-known/jwks.json says, the header's form, and
 * claims as ours are, or more of them. Signed with a key of their own; what only we can make is made up.
 */
function createForger(length = 0): (token: string) => string {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = { key, dsaEncoding: 'ieee-p1363' as const }
  return (token) => {
    const [head = '', payload = ''] = token.split('.')
    const longer = payload.padEnd(length - (token.length - payload.length), payload)
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { mac?: string }
    header.mac = randomBytes(16).toString('base64url')
    const input = `${encode(header)}.${longer}`
    return `${input}.${sign('sha256', Buffer.from(input), signer).toString('base64url')}`
  }
}

function withOtherClaims(token: string): string {
  const [head, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  return [head, encode({ ...claims, scope: 'mcp-access admin' }), signature].join('.')
}

function withOtherSignature(token: string): string {
  const [head, payload] = token.split('.')
  return [head, payload, randomBytes(64).toString('base64url')].join('.')
}

/** What takes longest to be found out: it begins as JSON does. */
function withBrokenHeader(token: string): string {
  const [head = '', payload, signature] = token.split('.')
  const broken = Buffer.from(head, 'base64url').subarray(0, -1).toString('base64url')
  return [broken, payload, signature].join('.')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  sign,
} from 'node:crypto'
import { type Attack, fell, holds, notApplicable, partly, withstood } from '../attack.ts'
import {
  call,
  credentials,
  isLet,
  isRefusedSoon,
  post,
  readJwt,
  refresh,
  registerClient,
  says,
  tokensOf,
} from '../client.ts'
import { signIn } from '../flow.ts'
import type { Target } from '../target.ts'

/** What somebody shows at the door, or reads from what they were given. */
export const tokens: readonly Attack[] = [
  {
    name: 'a token with alg none is refused',
    rows: ['gateways 6e', 'fastmcp #3419'],
    severity: 'critical',
    run: (target) => forge(target, 'none', () => ''),
  },
  {
    name: 'a token signed as HS256 with the public key is refused',
    rows: ['gateways 6e', 'fastmcp #3419'],
    severity: 'critical',
    run: async (target) => {
      const uri = target.site.metadata.jwks_uri
      if (typeof uri !== 'string') return notApplicable('it publishes no key')
      const { keys } = (await (await fetch(uri)).json()) as { keys: [JsonWebKey] }
      const key = createPublicKey({ key: keys[0], format: 'jwk' })
      const pem = key.export({ type: 'spki', format: 'pem' })
      const mac = (input: string) => createHmac('sha256', pem).update(input).digest('base64url')
      return forge(target, 'HS256', mac)
    },
  },
  {
    name: 'a token signed with a key of its own is refused',
    rows: ['gateways 6e'],
    severity: 'critical',
    run: (target) => {
      const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const own = { key, dsaEncoding: 'ieee-p1363' } as const
      return forge(target, 'ES256', (input) =>
        sign('sha256', Buffer.from(input), own).toString('base64url'),
      )
    },
  },
  {
    name: "Entra's own tokens are no tokens here",
    rows: ['GHSA-c2jp-c369-7pvx', 'fastmcp W36', 'gateways 6e'],
    severity: 'high',
    run: async (target) => {
      const given: string[] = []
      target.entra.tamper = async ({ pathname }, answer) => {
        const response = await answer()
        if (!pathname.endsWith('/token') || !response.ok) return response
        const body = (await response.json()) as Record<string, unknown>
        given.push(...[body.access_token, body.id_token].filter((one) => typeof one === 'string'))
        return Response.json(body)
      }
      try {
        const { tokens: own } = await signIn(target)
        const through: string[] = []
        for (const token of given) {
          if (token === own.access_token) through.push('handed to the client')
          else if (await isLet(target, token)) through.push('let in')
        }
        if (given.length === 0) throw new Error('Entra gave no tokens')
        const evidence = `${given.length} tokens of Entra: ${through.join(', ') || 'refused'}`
        return holds(through.length === 0, evidence)
      } finally {
        target.entra.tamper = undefined
      }
    },
  },
  {
    name: 'a token in the query is none',
    rows: ['RFC 6750 §2.3', 'RS: never in the query'],
    severity: 'medium',
    run: async (target) => {
      const { tokens: own } = await signIn(target)
      const url = new URL(target.site.mcpUrl)
      url.searchParams.set('access_token', own.access_token)
      const { status } = await call(target, undefined, { url: url.href })
      return holds(status === 401, `?access_token=: ${status}`)
    },
  },
  {
    name: 'a token says nothing about the person that its bearer can read',
    rows: ['ts-peers 24', 'fastmcp W22'],
    severity: 'medium',
    run: async (target) => {
      const { tokens: own } = await signIn(target)
      const found = Object.entries(own).flatMap(([name, token]) => {
        const text = JSON.stringify(readJwt(token)?.claims ?? {})
        return ['Alice', 'alice@']
          .filter((word) => text.includes(word))
          .map((word) => `${word} in ${name}`)
      })
      return holds(found.length === 0, found.join(', ') || 'neither name nor address')
    },
  },
  {
    name: 'an access token is for this resource, by its whole URL',
    rows: ['CVE-2025-69196', 'ts-peers 23'],
    severity: 'high',
    run: async (target) => {
      const { tokens: own } = await signIn(target)
      const claims = readJwt(own.access_token)?.claims
      if (!claims) return notApplicable('its access tokens are opaque')
      const audiences = [claims.aud].flat()
      const evidence = `aud ${JSON.stringify(claims.aud)}, the address ${target.site.mcpUrl}`
      return holds(audiences.includes(target.site.mcpUrl), evidence)
    },
  },
  {
    name: 'a sign-in can be ended by a public client, and its tokens with it',
    rows: ['fastmcp W18', 'ts-peers 22', 'RFC 7009'],
    severity: 'high',
    run: revocation,
  },
  {
    name: 'a token is not revoked by another client that has got hold of it',
    rows: ['RFC 7009 §2.1'],
    severity: 'medium',
    run: async (target) => {
      const { revoke } = target.site
      if (!revoke) return notApplicable('it has no revocation endpoint')
      const { tokens: own, client } = await signIn(target)
      const other = await registerClient(target, { client_name: 'Other' })
      const answer = await post(revoke, { ...credentials(other), token: own.refresh_token })
      const after = await refresh(target, client, own.refresh_token)
      const evidence = `another client: ${says(answer)}; the owner's refresh: ${says(after)}`
      return holds(tokensOf(after) !== undefined, evidence)
    },
  },
  {
    name: 'a session of one person does not open to the token of another',
    rows: ['ts-peers 32', 'user-asks T21'],
    severity: 'high',
    run: session,
  },
  {
    name: 'a call without a token is told where to sign in, and of no error',
    rows: ['ts-peers 33', 'RFC 6750 §3.1', 'RFC 9728 §5.1'],
    severity: 'low',
    run: async (target) => {
      const response = await call(target, undefined)
      const challenge = response.headers.get('www-authenticate') ?? 'no challenge'
      const wanted = [/^Bearer /i, /resource_metadata="/, /scope="/]
      const isGood = wanted.every((part) => part.test(challenge)) && !/error=/.test(challenge)
      return holds(response.status === 401 && isGood, `${response.status} ${challenge}`)
    },
  },
  {
    name: 'a bearer of 100 kB, or of nonsense, is refused and ends nothing',
    rows: ['CVE-2025-61920', 'fastmcp #3419'],
    severity: 'medium',
    run: async (target) => {
      const { tokens: own } = await signIn(target)
      const [header = ''] = own.access_token.split('.')
      const bad = [
        `${header}.${'A'.repeat(12_000)}.x`,
        'a.b.c',
        '..',
        '%00',
        'null',
        '"',
        'A'.repeat(100_000),
      ]
      const statuses: number[] = []
      for (const token of bad) statuses.push(await statusOf(target, token))
      const isIn = await isLet(target, own.access_token)
      const evidence = `${statuses.join(', ')}; a good one afterwards: ${isIn ? 'let in' : 'refused'}`
      return holds(isIn && statuses.every((status) => status >= 400 && status < 500), evidence)
    },
  },
]

async function statusOf(target: Target, token: string): Promise<number> {
  try {
    return (await call(target, token)).status
  } catch {
    // Servers cut off a header that is too long for them.
    return 431
  }
}

/** The genuine token's claims, with another header and signature. */
async function forge(target: Target, alg: string, mac: (input: string) => string) {
  const { tokens: own } = await signIn(target)
  const jwt = readJwt(own.access_token)
  if (!jwt) return notApplicable('its access tokens are opaque')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ ...jwt.header, alg })}.${encode(jwt.claims)}`
  const isIn = await isLet(target, `${input}.${mac(input)}`)
  return holds(!isIn, `its claims with alg ${alg}: ${isIn ? 'let in' : 'refused'}`)
}

async function revocation(target: Target) {
  const { revoke } = target.site
  if (!revoke) return fell('it has no revocation endpoint')
  const results: string[] = []
  let ended = 0
  for (const which of ['refresh_token', 'access_token'] as const) {
    const { tokens: own, client } = await signIn(target)
    const answer = await post(revoke, { ...credentials(client), token: own[which] })
    const isGone = await isRefusedSoon(target, own.access_token)
    const after = await refresh(target, client, own.refresh_token)
    if (isGone && !tokensOf(after)) ended++
    const access = isGone ? 'refused' : 'good'
    results.push(
      `${which} revoked (${says(answer)}): access token ${access}, refresh ${says(after)}`,
    )
  }
  const evidence = results.join('; ')
  if (ended === 2) return withstood(evidence)
  return ended === 1 ? partly(evidence) : fell(evidence)
}

async function session(target: Target) {
  const alice = await signIn(target)
  const bob = await signIn(target, { account: 'Bob' })
  const begun = await call(target, alice.tokens.access_token)
  const id = begun.headers.get('mcp-session-id')
  if (!id) return notApplicable(`it opens no session (${begun.status} to initialize)`)
  const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-06-18' }
  const message = { method: 'tools/list', params: {} }
  const own = await call(target, alice.tokens.access_token, { headers, message })
  const other = await call(target, bob.tokens.access_token, { headers, message })
  return holds(other.status >= 400, `Alice: ${own.status}, Bob in her session: ${other.status}`)
}

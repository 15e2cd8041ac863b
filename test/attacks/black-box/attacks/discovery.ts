import { request } from 'node:http'
import { type Attack, fell, holds, noneOf, partly, withstood } from '../attack.ts'
import { authorization, call, INITIALIZE, isLet, redeem } from '../client.ts'
import { describe, getCode, open, placeOf, signIn } from '../flow.ts'
import { asStrings, discover, type Target, wellKnown } from '../target.ts'

/** How clients find their way, and who else is let in on it. */
export const discovery: readonly Attack[] = [
  {
    name: 'the issuer is one string, byte for byte, in metadata and in every answer',
    rows: ['C3.2', 'user-asks T6', 'fastmcp W32', 'gateways 6q', 'RFC 9207'],
    severity: 'medium',
    run: async (target) => {
      const { issuer, metadata, resourceMetadata } = target.site
      const { response } = await getCode(target)
      const [listed] = asStrings(resourceMetadata.authorization_servers)
      const evidence = `issuer ${issuer}, listed ${listed}, iss ${response.get('iss') ?? 'not sent'}`
      const isTrue = metadata.authorization_response_iss_parameter_supported === true
      return holds(issuer === listed && response.get('iss') === issuer && isTrue, evidence)
    },
  },
  {
    name: 'a wrong request comes back to its client as an error, with state and iss',
    rows: ['ts-peers 18', 'RFC 9207', 'fastmcp #4438'],
    severity: 'medium',
    run: async (target) => {
      const request_ = authorization(target, { response_type: 'token' })
      const page = await open(target, target.browser(), request_.url)
      const { searchParams } = page.url
      const evidence = `response_type=token: ${describe(target, page)}, iss ${searchParams.get('iss') ?? 'not sent'}`
      const isTold = placeOf(target, page) === 'outside' && searchParams.has('error')
      if (!isTold) return fell(evidence)
      const isWhole =
        searchParams.get('iss') === target.site.issuer &&
        searchParams.get('state') === request_.state
      return isWhole ? withstood(evidence) : partly(evidence)
    },
  },
  {
    name: 'metadata is found wherever clients look for it',
    rows: ['fastmcp W32', 'user-asks T6', 'gateways 6q'],
    severity: 'medium',
    run: async (target) => {
      const { origin, issuer, mcpUrl } = target.site
      const path = new URL(mcpUrl).pathname
      const places = [
        `${origin}/.well-known/oauth-protected-resource`,
        `${origin}/.well-known/oauth-protected-resource${path}`,
        ...wellKnown(issuer, 'oauth-authorization-server'),
        `${origin}/.well-known/oauth-authorization-server${path}`,
        ...wellKnown(issuer, 'openid-configuration'),
      ]
      const missing: string[] = []
      for (const place of new Set(places)) {
        const response = await fetch(place)
        await response.body?.cancel()
        if (!response.ok) missing.push(`${new URL(place).pathname}: ${response.status}`)
      }
      if (missing.length === 0) return withstood(`${new Set(places).size} places answer`)
      return missing.length < places.length ? partly(missing.join(', ')) : fell(missing.join(', '))
    },
  },
  {
    name: 'the resource in the metadata is the address that the person typed',
    rows: ['ts-peers 23', 'RFC 9728 §3.3', 'user-asks T6'],
    severity: 'medium',
    run: async ({ site }) => {
      const { resource } = site.resourceMetadata
      return holds(resource === site.mcpUrl, `${resource} for ${site.mcpUrl}`)
    },
  },
  {
    name: 'a client that comes by 127.0.0.1 instead of localhost gets through',
    rows: ['C3.1', 'user-asks T6'],
    severity: 'low',
    run: async (target) => {
      const mcpUrl = target.site.mcpUrl.replace('localhost', '127.0.0.1')
      const { resource } = await discover(mcpUrl)
      const evidence = `asked at ${mcpUrl}, it says ${resource}`
      return holds(new URL(resource).origin === new URL(mcpUrl).origin, evidence)
    },
  },
  {
    name: 'GET and HEAD without a token are told where to sign in',
    rows: ['C3.9'],
    severity: 'low',
    run: async (target) => {
      const answers = ['GET', 'HEAD'].map((method) => call(target, undefined, { method }))
      const statuses = (await Promise.all(answers)).map(({ status, headers }) =>
        headers.has('www-authenticate') ? status : `${status} without challenge`,
      )
      return holds(
        statuses.every((status) => status === 401),
        `GET, HEAD: ${statuses.join(', ')}`,
      )
    },
  },
  {
    name: 'the token is looked at before the protocol version',
    rows: ['C3.9', 'C3.15'],
    severity: 'low',
    run: async (target) => {
      const old = { 'mcp-protocol-version': '2024-11-05' }
      const refused = await call(target, undefined, { method: 'GET', headers: old })
      const { tokens } = await signIn(target)
      const isIn = await isLet(target, tokens.access_token)
      const evidence = `without a token ${refused.status}; without a version ${isIn ? 'let in' : 'refused'}`
      return holds(refused.status === 401 && isIn, evidence)
    },
  },
  {
    name: 'the address with a slash at its end is no redirect, which would lose the token',
    rows: ['gateways 6s', 'user-asks T6'],
    severity: 'low',
    run: async (target) => {
      const { status } = await call(target, undefined, { url: `${target.site.mcpUrl}/` })
      return holds(status === 401, `POST ${new URL(target.site.mcpUrl).pathname}/: ${status}`)
    },
  },
  {
    name: 'clients in a browser can read metadata, register and get tokens',
    rows: ['C3.16', 'fastmcp W32', 'gateways 6r', 'ts-peers 33'],
    severity: 'low',
    run: browserClients,
  },
  {
    name: 'a page of another site is refused at /mcp, token or not',
    rows: ['A5: Origin MUST be validated'],
    severity: 'high',
    run: async (target) => {
      const { tokens } = await signIn(target)
      const headers = { origin: 'https://evil.example' }
      const { status } = await call(target, tokens.access_token, { headers })
      return holds(status === 403 || status === 401, `Origin: https://evil.example: ${status}`)
    },
  },
  {
    name: 'a name that points at this machine is refused (DNS rebinding)',
    rows: ['gateways 6f', 'A5: local servers'],
    severity: 'high',
    run: async (target) => {
      const { tokens } = await signIn(target)
      const status = await asHost(target, 'evil.example:80', tokens.access_token)
      return holds(status >= 400, `Host: evil.example with a good token: ${status}`)
    },
  },
  {
    name: 'forwarded headers of a stranger change no address in the metadata',
    rows: ['gateways 6f'],
    severity: 'high',
    run: async (target) => {
      const headers = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example;proto=https',
        'x-forwarded-prefix': '/evil',
      }
      const documents = wellKnown(target.site.issuer, 'oauth-authorization-server')
      const texts = await Promise.all(
        documents.map(async (url) => (await fetch(url, { headers })).text()),
      )
      const refused = await call(target, undefined, { headers })
      const all = [...texts, refused.headers.get('www-authenticate') ?? ''].join(' ')
      const isBent = all.includes('evil')
      return holds(!isBent, isBent ? 'evil.example stands in it' : 'they change nothing')
    },
  },
  {
    name: 'tokens are kept by no cache',
    rows: ['RFC 6749 §5.1'],
    severity: 'medium',
    run: async (target) => {
      const { authorization: request_, code } = await getCode(target)
      const { headers } = await redeem(target, request_, code)
      const value = headers.get('cache-control') ?? 'not set'
      return holds(/no-store/.test(value), `Cache-Control: ${value}`)
    },
  },
  {
    name: 'an access token lives longer than the five minutes that clients refresh ahead',
    rows: ['C3.11'],
    severity: 'low',
    run: async (target) => {
      const { authorization: request_, code } = await getCode(target)
      const { body } = await redeem(target, request_, code)
      const seconds = Number(body.expires_in)
      return holds(seconds > 600, `expires_in ${body.expires_in}`)
    },
  },
  {
    name: 'offline_access is not on offer, which makes clients ask for consent each time',
    rows: ['C3.5'],
    severity: 'low',
    run: async ({ site }) => {
      const scopes = [site.metadata, site.resourceMetadata].flatMap(({ scopes_supported }) =>
        asStrings(scopes_supported),
      )
      const evidence = `scopes_supported: ${[...new Set(scopes)].join(' ')}`
      return holds(!scopes.includes('offline_access'), evidence)
    },
  },
  {
    name: 'scopes have their short names',
    rows: ['ts-peers 31', 'user-asks T10'],
    severity: 'low',
    run: async ({ site }) => {
      const scopes = asStrings(site.resourceMetadata.scopes_supported)
      const long = scopes.filter((scope) => scope.includes('://'))
      return holds(long.length === 0, `a client sees: ${scopes.join(' ')}`)
    },
  },
]

async function browserClients(target: Target) {
  const { site } = target
  const origin = 'https://inspector.example'
  const missing: string[] = []
  for (const url of [...wellKnown(site.issuer, 'oauth-authorization-server').slice(0, 1)]) {
    const response = await fetch(url, { headers: { origin } })
    await response.body?.cancel()
    if (!response.headers.get('access-control-allow-origin')) missing.push('metadata')
  }
  const asked = [
    ['register', site.register, 'content-type'],
    ['token', site.token, 'content-type'],
    ['token with Authorization', site.token, 'authorization'],
  ]
  for (const [name = '', url = '', header = ''] of asked) {
    const response = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': header,
      },
    })
    await response.body?.cancel()
    const allowed = response.headers.get('access-control-allow-headers') ?? ''
    const isAllowed = allowed.includes('*') || allowed.toLowerCase().includes(header)
    if (!response.ok || !isAllowed) missing.push(`${name} (${response.status})`)
  }
  const refused = await call(target, undefined, { headers: { origin: site.origin } })
  const exposed = refused.headers.get('access-control-expose-headers') ?? ''
  if (!/www-authenticate/i.test(exposed)) missing.push('WWW-Authenticate')
  return noneOf('things that a page needs', 5, missing)
}

/** POSTs as if the product had another name; `fetch` keeps that header to itself. */
function asHost({ site }: Target, host: string, token: string): Promise<number> {
  const { port, pathname, hostname } = new URL(site.mcpUrl)
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    }
    const outgoing = request(
      { hostname, port, path: pathname, method: 'POST', headers },
      (incoming) => {
        incoming.resume()
        resolve(incoming.statusCode ?? 0)
      },
    )
    const message = { jsonrpc: '2.0', id: 1, ...INITIALIZE }
    outgoing.on('error', reject).end(JSON.stringify(message))
  })
}

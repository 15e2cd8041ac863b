import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type Attack, fell, holds, noneOf, partly, withstood } from '../attack.ts'
import {
  authorization,
  redeem,
  refresh,
  register,
  registerClient,
  says,
  toAnswer,
  tokensOf,
} from '../client.ts'
import { describe, getCode, open, placeOf, signIn } from '../flow.ts'
import { asStrings, type Target } from '../target.ts'

/** Who registers, what for, and how often. */
export const clients: readonly Attack[] = [
  {
    name: 'a client that is not known gets 400 at the authorization endpoint, and no redirect',
    rows: ['C3.8', 'C4', 'user-asks T4'],
    severity: 'medium',
    run: async (target) => {
      const { url } = authorization(target, { client_id: 'no-such-client' })
      const response = await fetch(url, { redirect: 'manual' })
      await response.body?.cancel()
      return holds(response.status === 400, `GET without a browser: ${response.status}`)
    },
  },
  {
    name: 'a client that is not known gets 401 invalid_client at the token endpoint',
    rows: ['user-asks T4', 'RFC 6749 §5.2'],
    severity: 'low',
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      const nobody = { ...client, client_id: 'no-such-client', client_secret: undefined }
      const answer = await refresh(target, nobody, tokens.refresh_token)
      return holds(says(answer) === '401 invalid_client', says(answer))
    },
  },
  {
    name: "Entra's own application id is no client here",
    rows: ['fastmcp W16'],
    severity: 'high',
    run: async (target) => {
      const client_id = target.entra.emulator.application.clientId
      const { url } = authorization(target, { client_id, redirect_uri: 'https://evil.example/cb' })
      const page = await open(target, target.browser(), url)
      const evidence = `with a foreign redirect URI: ${describe(target, page)}`
      return holds(placeOf(target, page) === 'page', evidence)
    },
  },
  {
    name: 'an authorization request can be looked at without a browser first',
    rows: ['C3.8'],
    severity: 'low',
    run: async (target) => {
      const request = authorization(target)
      const first = await fetch(request.url, { redirect: 'manual' })
      await first.body?.cancel()
      const page = await open(target, target.browser(), request.url)
      const evidence = `GET: ${first.status}, then in a browser: ${describe(target, page)}`
      return holds(first.status < 400 && placeOf(target, page) === 'consent', evidence)
    },
  },
  {
    name: 'what the metadata promises about client authentication is kept',
    rows: ['ts-peers 34', 'fastmcp #4608'],
    severity: 'medium',
    run: truthfulMetadata,
  },
  {
    name: 'registrations as real clients send them are taken',
    rows: ['C3.13'],
    severity: 'medium',
    run: async (target) => {
      const documents = [
        { token_endpoint_auth_method: undefined },
        { scope: '' },
        { application_type: 'native', software_id: 'mcp-remote', software_version: '1' },
        { grant_types: undefined, response_types: undefined },
        { contacts: ['a@b.example'], x_unknown: { nested: [1, 2] } },
        { client_name: undefined },
      ]
      const refused: string[] = []
      for (const document of documents) {
        const answer = await register(target, document)
        if (answer.status !== 201) refused.push(`${JSON.stringify(document)}: ${says(answer)}`)
      }
      if (refused.length === 0) return withstood(`${documents.length} documents taken`)
      const evidence = refused.join('; ')
      return refused.length < documents.length ? partly(evidence) : fell(evidence)
    },
  },
  {
    name: 'malformed requests are answered, and none with a fault of the server',
    rows: ['ts-peers 38', 'gateways 6h'],
    severity: 'medium',
    run: malformed,
  },
  {
    name: 'a client_id that is an address of this machine is not fetched (SSRF)',
    rows: ['ts-peers 10', 'gateways 6o', 'fastmcp W27', '#4400'],
    severity: 'high',
    run: async (target) => {
      let connections = 0
      const server = createServer((socket) => {
        connections++
        socket.destroy()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const hosts = [
        'localhost',
        '127.0.0.1',
        '2130706433',
        '0.0.0.0',
        '[::ffff:127.0.0.1]',
        'localhost.',
        '127.1',
      ]
      try {
        for (const host of hosts) {
          const client_id = `https://${host}:${port}/client.json`
          await open(target, target.browser(), authorization(target, { client_id }).url)
        }
        return holds(
          connections === 0,
          `${hosts.length} names of this machine: ${connections} connections`,
        )
      } finally {
        server.close()
      }
    },
  },
  {
    name: 'a parameter that is sent twice is refused',
    rows: ['RFC 6749 §3.1', 'RFC 6749 §3.2'],
    severity: 'low',
    run: async (target) => {
      const { authorization: request, code } = await getCode(target)
      const through: string[] = []
      for (const name of ['code', 'client_id', 'code_verifier', 'grant_type']) {
        const own = { grant_type: 'authorization_code', client_id: request.client.client_id, code }
        const value = { ...own, code_verifier: request.code_verifier }[name] ?? ''
        const answer = await redeem(target, request, code, { [name]: ['x', value] })
        if (tokensOf(answer)) return fell(`${name} twice at the token endpoint: tokens`)
      }
      for (const name of ['client_id', 'state', 'code_challenge', 'scope']) {
        const value = authorization(target).url.searchParams.get(name) ?? ''
        const page = await open(
          target,
          target.browser(),
          authorization(target, { [name]: [value, value] }).url,
        )
        if (placeOf(target, page) === 'consent') through.push(name)
      }
      return noneOf('parameters', 8, through)
    },
  },
]

/** Each method that is advertised is registered, and has to be asked for at the token endpoint. */
async function truthfulMetadata(target: Target) {
  const methods = asStrings(target.site.metadata.token_endpoint_auth_methods_supported)
  const lies: string[] = []
  if (!methods.includes('none') && !(await register(target)).body.client_secret) {
    lies.push('none is registered, and not advertised')
  }
  const none = await register(target, { token_endpoint_auth_method: 'none' })
  if (none.body.client_secret) lies.push('none comes with a secret')
  for (const method of methods.filter((one) => one.startsWith('client_secret'))) {
    const given = await register(target, { token_endpoint_auth_method: method })
    if (given.body.token_endpoint_auth_method !== method) {
      lies.push(`${method} becomes ${given.body.token_endpoint_auth_method}`)
      continue
    }
    const client = await registerClient(target, { token_endpoint_auth_method: method })
    const { authorization: request, code } = await getCode(target, { client })
    const answer = await redeem(target, request, code, { client_secret: 'wrong' })
    if (tokensOf(answer)) lies.push(`${method} is not checked`)
  }
  return holds(lies.length === 0, lies.join('; ') || `kept: ${methods.join(', ')}`)
}

async function malformed(target: Target) {
  const { authorize, token, register: registration, mcpUrl } = target.site
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const requests: [string, string, RequestInit][] = [
    ...[
      '{',
      '[]',
      'null',
      '"x"',
      '{"redirect_uris":"x"}',
      '{"redirect_uris":[1]}',
      '{"redirect_uris":[]}',
      '{"__proto__":{"x":1},"redirect_uris":[""]}',
      '{"redirect_uris":["http://[::1"]}',
      '\u0000',
    ].map((body): [string, string, RequestInit] => [
      `register ${body}`,
      registration,
      { method: 'POST', headers: json, body },
    ]),
    ...[
      '',
      'grant_type',
      'grant_type=__proto__',
      'grant_type=authorization_code',
      '%',
      '%ff=%00',
      'a=1&'.repeat(2000),
      'grant_type=refresh_token&client_id=constructor&refresh_token=toString',
    ].map((body): [string, string, RequestInit] => [
      `token ${body.slice(0, 40)}`,
      token,
      { method: 'POST', headers: form, body },
    ]),
    ['token as JSON', token, { method: 'POST', headers: json, body: '{"grant_type":"x"}' }],
    ['GET token', token, {}],
    ['GET register', registration, {}],
    ['PUT authorize', authorize, { method: 'PUT' }],
    ['authorize without anything', authorize, {}],
    ['authorize ?client_id=__proto__', `${authorize}?client_id=__proto__`, {}],
    ['authorize %ff', `${authorize}?client_id=%ff%00&redirect_uri=%`, {}],
    ['PATCH mcp', mcpUrl, { method: 'PATCH' }],
    ['OPTIONS mcp', mcpUrl, { method: 'OPTIONS' }],
  ]
  const faults: string[] = []
  for (const [name, url, init] of requests) {
    const { status } = await toAnswer(await fetch(url, { redirect: 'manual', ...init }))
    if (status >= 500) faults.push(`${name}: ${status}`)
  }
  const evidence = faults.join('; ') || `${requests.length} requests, no 5xx`
  return faults.length === 0 ? withstood(evidence) : partly(evidence)
}

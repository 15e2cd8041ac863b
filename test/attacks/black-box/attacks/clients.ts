import { setTimeout as wait } from 'node:timers/promises'
import { type Attack, fell, holds, noneOf, notApplicable, partly, withstood } from '../attack.ts'
import {
  authorization,
  isLet,
  redeem,
  refresh,
  register,
  registerClient,
  says,
  toAnswer,
  tokensOf,
} from '../client.ts'
import { describe, getCode, open, placeOf, signIn } from '../flow.ts'
import { measure } from '../measure.ts'
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
    name: 'a registration of 3 MB is refused',
    rows: ['fastmcp W14'],
    severity: 'high',
    run: async (target) => {
      const answer = await register(target, { client_name: 'x'.repeat(3_000_000) }).catch(cutOff)
      return holds(answer.status >= 400 && answer.status < 500, says(answer))
    },
  },
  {
    name: 'registrations of everybody leave memory and storage as they were',
    rows: ['ts-peers 12', 'fastmcp W14', 'user-asks T19', 'gateways 6p'],
    severity: 'high',
    needsOwnServer: true,
    run: (target) =>
      storm(target, 'registrations', (i) =>
        register(target, {
          client_name: `Client ${i} ${'x'.repeat(i % 20 === 0 ? 500_000 : 2000)}`,
          redirect_uris: [`http://127.0.0.1:${10_000 + i}/cb/${i}`],
        }),
      ),
  },
  {
    name: 'sign-ins that nobody goes on with leave memory and storage as they were',
    rows: ['fastmcp W19', 'ts-peers 12'],
    severity: 'high',
    needsOwnServer: true,
    run: (target) =>
      storm(target, 'requests', async () => {
        const { url } = authorization(target, { state: 'x'.repeat(2000) })
        return toAnswer(await fetch(url, { redirect: 'manual' }))
      }),
  },
  {
    name: 'malformed requests are answered, and none with a fault of the server',
    rows: ['ts-peers 38', 'gateways 6h', 'issue 3 fuzz'],
    severity: 'medium',
    run: malformed,
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
  {
    name: 'a restart signs nobody out, and forgets no client',
    rows: ['ts-peers 35', 'user-asks T5'],
    severity: 'medium',
    needsOwnServer: true,
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      await target.product.restart()
      const isIn = await isLet(target, tokens.access_token)
      const answer = await refresh(target, client, tokens.refresh_token)
      const page = await open(target, target.browser(), authorization(target).url)
      const known = placeOf(target, page) === 'consent'
      const evidence = `access token ${isIn ? 'good' : 'refused'}, refresh ${says(answer)}, client ${known ? 'known' : 'unknown'}`
      if (isIn && tokensOf(answer) && known) return withstood(evidence)
      return isIn || tokensOf(answer) || known ? partly(evidence) : fell(evidence)
    },
  },
]

const cutOff = () => ({ status: 413, headers: new Headers(), body: {}, text: 'connection cut' })

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

const STORM = 2000
const MEMORY_LIMIT = 64 * 1024 * 1024
const STORAGE_LIMIT = 1024 * 1024

/** The same request 2,000 times, each another one, after 200 to warm up. */
async function storm(
  target: Target,
  what: string,
  send: (i: number) => Promise<{ status: number }>,
) {
  if (target.product.pid === undefined) return notApplicable('its process is not known')
  const statuses = new Map<number, number>()
  const run = async (from: number, to: number) => {
    for (let i = from; i < to; i += 8) {
      const batch = Array.from({ length: 8 }, (_, k) => send(i + k).catch(cutOff))
      for (const { status } of await Promise.all(batch)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
  }
  await run(0, 200)
  const before = await measure(target.product)
  await run(200, 200 + STORM)
  // What is only garbage is given time to go.
  await wait(1000)
  const after = await measure(target.product)
  const memory = after.memory - before.memory
  const storage = after.storage - before.storage
  const answers = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
  const evidence = `${STORM} ${what} (${answers}): memory ${mb(memory)}, storage ${mb(storage)}`
  const isFlat = memory < MEMORY_LIMIT && storage < STORAGE_LIMIT
  return holds(isFlat && !statuses.has(500), evidence)
}

const mb = (bytes: number) => `${bytes < 0 ? '' : '+'}${(bytes / 1024 / 1024).toFixed(1)} MB`

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

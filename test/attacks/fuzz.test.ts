import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { signIn } from '../support/oauth-client.ts'
import {
  BATCH,
  describe,
  type FuzzAnswer,
  type FuzzTarget,
  makeArtefacts,
  requestsOf,
  SECRET_ARTEFACTS,
  startFuzzTarget,
} from './fuzz.ts'
import { type Artefacts, type FuzzRequest, shrink } from './fuzz-grammar.ts'

/** The same each time; another to look further, and one batch alone to look closer. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_127)
const COUNT = Number(process.env.FUZZ_COUNT ?? 100_000)
const ONLY = process.env.FUZZ_BATCH

/** So many batches are one test. */
const PART = 10

const SECRET = 'the-master-key-of-the-fuzzed-server-0123456789'

let target: FuzzTarget
const faults: unknown[] = []
const onFault = (fault: unknown) => void faults.push(fault)
const tally = new Map<string, number>()

before(async () => {
  console.log(`Fuzz: FUZZ_SEED=${SEED} FUZZ_COUNT=${COUNT}, in batches of ${BATCH}.`)
  process.on('unhandledRejection', onFault)
  process.on('uncaughtException', onFault)
  target = await startFuzzTarget(SECRET)
})
after(async () => {
  process.off('unhandledRejection', onFault)
  process.off('uncaughtException', onFault)
  await target[Symbol.asyncDispose]()
})

suite(`${COUNT} requests of a grammar, over all endpoints`, () => {
  // In parts, so that each has its own time.
  for (const first of range(0, COUNT / BATCH, PART)) {
    const batches = range(first, Math.min(first + PART, COUNT / BATCH), 1)
    const mine = batches.filter((batch) => ONLY === undefined || batch === Number(ONLY))
    test(`no 5xx, no fault, no secret, and each refusal is one that its RFC knows: from ${first * BATCH}`, async () => {
      for (const batch of mine) await runBatch(batch)
      assert.deepEqual(faults, [])
    })
  }

  test('they have come to every door, and through it', { skip: ONLY !== undefined }, () => {
    const least = COUNT / 10_000
    const thin = REACHED.filter((name) => (tally.get(name) ?? 0) < least)
    assert.deepEqual(
      thin,
      [],
      [...tally]
        .map((entry) => entry.join(' '))
        .toSorted()
        .join('\n'),
    )
  })

  test('and done there what only the right request does', { skip: ONLY !== undefined }, () => {
    const { logs } = target.server
    const missing = DONE.filter(([name, client]) => {
      const done = logs.filter(({ event }) => event === name)
      return !done.some((line) => client === undefined || line.client === client)
    })
    assert.deepEqual(missing, [])
    const renewed = logs.filter(
      ({ client, message }) => client === 'Signer' && RENEWED.test(message),
    )
    assert.ok(renewed.length > 0, 'no client assertion was good')
  })

  test('nothing came as a surprise to the server, and no secret of theirs is in its log', () => {
    const { logs } = target.server
    assert.deepEqual(
      logs.filter(({ event }) => event === 'error.unexpected'),
      [],
    )
    assert.ok(logs.length > 0)
  })

  test('nothing was fetched from anybody', () => assert.deepEqual(target.fetched, []))

  test('a sign-in works as before', async () => {
    const { client, tokens } = await signIn(target.server.url, { account: 'Bob' })
    const response = await client.mcp(tokens.access_token, { method: 'ping' })
    assert.notEqual(response.status, 401)
  })
})

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)
}

/** What there has to be of each, or the grammar would not be worth its name. */
const REACHED = [
  ...['/authorize 302', '/authorize 400', '/consent 200', '/consent 303', '/consent 400'],
  ...['/consent 403', '/auth/callback 400', '/auth/callback 403', '/token 200', '/token 400'],
  ...['/token 401', '/register 201', '/register 400', '/revoke 200', '/revoke 400', '/mcp 200'],
  ...['/mcp 400', '/mcp 401', '/mcp 403', '/mcp 405', '/health 200', '/.well-known/jwks.json 200'],
  ...['/auth/apps 200', '/auth/apps 303', '/auth/apps 400', '/auth/apps 403', '/consent 302'],
  ...['/.well-known/oauth-authorization-server 200', '/.well-known/openid-configuration/mcp 200'],
]

/** Events that the requests themselves have brought about, and of which client. */
const DONE: readonly (readonly [event: string, client?: string])[] = [
  ['authorize.accepted', 'Codex'],
  ['consent.remembered', 'Signer'],
  ...(['consent.denied', 'apps.revoked', 'grant.revoked'] as const).map(
    (event) => [event] as const,
  ),
]

const RENEWED = /^The client renewed its tokens/

async function runBatch(batch: number): Promise<void> {
  const { server } = target
  const artefacts = await makeArtefacts(target)
  const known = server.logs.length
  for (const request of requestsOf(SEED, batch, artefacts)) {
    const fault = await findFault(request, artefacts)
    if (fault === undefined) continue
    const isSame = async (smaller: FuzzRequest) => (await findFault(smaller, artefacts)) === fault
    const smallest = await shrink(request, isSame)
    assert.fail(
      `${fault}\nFUZZ_SEED=${SEED} FUZZ_BATCH=${batch}\n${describe(smallest)}\nfrom ${describe(request)}`,
    )
  }
  const written = JSON.stringify(server.logs.slice(known))
  for (const secret of target.secrets) assert.ok(!written.includes(secret), 'a key in the log')
  for (const name of SECRET_ARTEFACTS) {
    const isThere = written.includes(artefacts.get(name) as string)
    assert.ok(!isThere, `${name} in the log: FUZZ_SEED=${SEED} FUZZ_BATCH=${batch}`)
  }
}

/** What is wrong with the answer, by kind; undefined when nothing is. */
async function findFault(request: FuzzRequest, artefacts: Artefacts): Promise<string | undefined> {
  let answer: FuzzAnswer | undefined
  try {
    answer = await target.ask(request)
  } catch (error) {
    return `threw ${(error as Error).message}`
  }
  if (!answer) return undefined
  const name = `${request.path} ${answer.status}`
  tally.set(name, (tally.get(name) ?? 0) + 1)
  return findSecret(request, answer, artefacts) ?? findMalformed(request, answer)
}

function findSecret(
  request: FuzzRequest,
  { headers, body }: FuzzAnswer,
  artefacts: Artefacts,
): string | undefined {
  const text = `${JSON.stringify([...headers])}${body}`
  for (const secret of target.secrets) if (text.includes(secret)) return 'a key in the answer'
  for (const name of SECRET_ARTEFACTS) {
    const value = artefacts.get(name) as string
    // What the sender holds already, it has not been told.
    if (text.includes(value) && !describe(request).includes(value)) return `${name} in the answer`
  }
  return undefined
}

const NAMED =
  /^(invalid_(request|client|client_metadata|redirect_uri|grant|scope|target|token)|unsupported_(grant_type|response_type)|access_denied|insufficient_scope|temporarily_unavailable|slow_down)$/

const PAGE_HEADERS: readonly (readonly [string, RegExp])[] = [
  ['content-security-policy', /^default-src 'none'.*frame-ancestors 'none'/],
  ['x-frame-options', /^DENY$/],
  ['x-content-type-options', /^nosniff$/],
  ['referrer-policy', /^same-origin$/],
  ['cache-control', /^no-store$/],
]

function findMalformed(request: FuzzRequest, answer: FuzzAnswer): string | undefined {
  const { status, headers, body } = answer
  const isPrefetch = request.headers.some(([name]) => name.endsWith('purpose'))
  // A page is for somebody who looks at it; nothing else is unavailable here.
  if (isPrefetch && status === 503 && body === '') return undefined
  if (status >= 500) return `status ${status}`
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) {
    const missing = PAGE_HEADERS.find(([name, value]) => !value.test(headers.get(name) ?? ''))
    if (missing) return `a page without ${missing[0]}`
    // As text it may stand there: people are told why their redirect URI was refused.
    if (/<script|="[^"]*javascript:/i.test(body)) return 'a page with a script'
  }
  if (status === 405 && !headers.has('allow')) return '405 without Allow'
  if (status >= 300 && status < 400) return findStray(headers.get('location') ?? '')
  if (status < 400 || request.method === 'HEAD' || type.startsWith('text/html')) return undefined
  return type.startsWith('application/json')
    ? findUnnamed(request, answer)
    : `status ${status} as '${type}'`
}

/** A redirect goes to our consent page, to Entra, or to the client, with an error and `iss`. */
function findStray(location: string): string | undefined {
  const { server } = target
  if (location.startsWith(`${server.url}/consent?request=`)) return undefined
  if (location === `${server.url}/auth/apps`) return undefined
  if (location.startsWith(`${server.emulator.origin}/${server.emulator.tenantId}/oauth2/`))
    return undefined
  const isClients = /^http:\/\/127\.0\.0\.1(:\d{1,5})?\/callback\?/.test(location)
  const { searchParams } = new URL(location)
  const isTold = searchParams.has('error') && searchParams.getAll('iss').length === 1
  return isClients && isTold ? undefined : 'a stray redirect'
}

function findUnnamed({ path }: FuzzRequest, { status, headers, body }: FuzzAnswer) {
  const parsed = JSON.parse(body) as Record<string, unknown>
  if (parsed.jsonrpc === '2.0') {
    const { code, message } = (parsed.error ?? {}) as Record<string, unknown>
    return Number.isInteger(code) && message ? undefined : 'a JSON-RPC error without its members'
  }
  if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(String(parsed.error_description ?? '')))
    return 'an error_description that RFC 6749 §5.2 does not allow'
  const challenge = headers.get('www-authenticate') ?? ''
  // As the server reads it: dot segments are gone.
  const isGate = !ENDPOINTS.has(new URL(`http://x${path}`).pathname) && status === 401
  if (isGate && !challenge.startsWith('Bearer ')) return '401 without a challenge'
  // RFC 6750 §3.1: who sent no token has made no error.
  if (isGate && parsed.error === undefined) return undefined
  return NAMED.test(String(parsed.error)) ? undefined : `the error '${parsed.error}'`
}

const ENDPOINTS: ReadonlySet<string> = new Set(['/token', '/revoke', '/authorize', '/register'])

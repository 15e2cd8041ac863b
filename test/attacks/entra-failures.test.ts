import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { DirectoryUser } from '../../src/emulator/emulator.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { createDetour, type Detour, type Intercept } from './detour.ts'
import { assertRefused, isLet } from './support.ts'

let server: RunningEntrance
let detour: Detour
before(async () => {
  detour = createDetour()
  server = await startEntrance({ entrance: { fetch: detour.fetch } })
})
after(() => server.stop())

const NOT_NOW =
  /^Entra ID cannot renew the sign-in at the moment( \(AADSTS\d+\))?\.( The operator of this server has to mend it\.)? Keep the refresh token and try again\.$/
const ENDED = /^Entra ID does not renew this sign-in any more \(AADSTS\d+\)\. Sign in again\.$/

/** Words of the inside that no answer may carry. */
const INSIDE = /secret-host|ECONNREFUSED|ETIMEDOUT|boom|TypeError|fetch failed|at .+:\d+:\d+/

/** What passes, or is this server's own fault: the person's sign-in must outlive it. */
const PASSING: ReadonlyMap<string, Intercept> = new Map<string, Intercept>([
  ['a refused connection', () => fail('connect ECONNREFUSED secret-host.internal:443')],
  ['a name that does not resolve', () => fail('getaddrinfo ENOTFOUND secret-host.internal')],
  ['a time-out', () => Promise.reject(new DOMException('boom ETIMEDOUT', 'TimeoutError'))],
  ['503 with a page', () => answer(503, '<html>boom</html>', 'text/html')],
  ['502 without a body', () => answer(502, '', 'text/plain')],
  ['429 with JSON', () => answer(429, '{"error":"invalid_request"}')],
  ['200 with a page', () => answer(200, '<html>secret-host</html>', 'text/html')],
  ['200 with broken JSON', () => answer(200, '{"access_token":')],
  ['200 with JSON that is no token response', () => answer(200, '{"token_type":"Bearer"}')],
  ['200 with null', () => answer(200, 'null')],
  ['200 with a life below zero (fastmcp W37)', (_, go) => changed(go, { expires_in: -1 })],
  [
    '200 without an access token (fastmcp W37)',
    (_, go) => changed(go, { access_token: undefined }),
  ],
  ['200 with an empty access token', (_, go) => changed(go, { access_token: '' })],
  ['200 with another type of token', (_, go) => changed(go, { token_type: 'pop' })],
  ['429 with a page', () => answer(429, '<html>boom</html>', 'text/html')],
  ['400 temporarily_unavailable', () => answer(400, '{"error":"temporarily_unavailable"}')],
  ['400 server_error', () => answer(400, '{"error":"server_error"}')],
  ['400 without an error', () => answer(400, '{}')],
  ['500 with a word that is final otherwise', () => answer(500, '{"error":"invalid_grant"}')],
  ['AADSTS50196, a loop that Entra sees', () => aadsts(50196, 'invalid_grant')],
  ['AADSTS90033, a transient fault', () => aadsts(90033, 'invalid_grant')],
  ['AADSTS7000215, a wrong secret of this server', () => aadsts(7000215, 'invalid_client')],
  ['AADSTS7000222, an expired secret of this server', () => aadsts(7000222, 'invalid_client')],
  ['AADSTS700016, an unknown application', () => aadsts(700016, 'unauthorized_client')],
  ['AADSTS500011, a removed Application ID URI', () => aadsts(500011, 'invalid_resource')],
  ['AADSTS70011, a removed scope', () => aadsts(70011, 'invalid_scope')],
])

suite('a failure of Entra that passes', () => {
  for (const [name, intercept] of PASSING) {
    test(`costs no refresh token: ${name} (fastmcp W5)`, async () => {
      const signedIn = await signIn(server.url)
      const { client, client_id, tokens } = signedIn
      const refresh = () => client.refresh(client_id, tokens.refresh_token)
      using _ = during(intercept)
      const refused = await refresh()
      assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
      await assertRefused(refused, 503, 'temporarily_unavailable', NOT_NOW)
      assert.equal(await isLet(signedIn, tokens.access_token), true)
      detour.intercept = undefined
      assert.equal((await refresh()).status, 200)
    })
  }

  test('asks Entra once for 20 that refresh at the same time', async () => {
    const { client, client_id, tokens } = await signIn(server.url)
    let calls = 0
    using _ = during(async () => {
      calls++
      // Long enough for all of them to have arrived.
      await setTimeout(1000)
      return fail('boom')
    })
    const refresh = () => client.refresh(client_id, tokens.refresh_token)
    const answers = await Promise.all(Array.from({ length: 20 }, refresh))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503])
    assert.equal(calls, 1)
  })

  test('costs no sign-in: its callback can be loaded again (fastmcp W5)', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const browser = createBrowser()
    using _ = during(() => fail('connect ECONNREFUSED secret-host.internal:443'))
    const until = authorization.redirect_uri
    const page = await browser.signIn(authorization.url, { until })
    assert.equal(page.status, 503)
    assert.match(page.text, /Entra ID is not answering/)
    assert.match(page.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.doesNotMatch(page.html, INSIDE)
    detour.intercept = undefined
    const code = codeOf(await browser.open(page.url, { until }))
    assert.equal((await client.exchange(authorization, code)).status, 200)
  })
})

suite('a refusal of Entra that is final', () => {
  for (const [code, word] of [
    [50173, 'invalid_grant'],
    [70043, 'invalid_grant'],
    [50076, 'interaction_required'],
    [65001, 'consent_required'],
    [50132, 'login_required'],
    [50057, 'invalid_grant'],
    [50034, 'invalid_grant'],
    [50133, 'invalid_grant'],
    [50105, 'invalid_grant'],
    [53003, 'invalid_grant'],
    [53003, 'interaction_required'],
    [50079, 'interaction_required'],
    [700082, 'invalid_grant'],
    [999999, 'invalid_grant'],
  ] as const) {
    test(`ends the sign-in as 400 invalid_grant: AADSTS${code} ${word} (fastmcp W6)`, async () => {
      const signedIn = await signIn(server.url)
      const { client, client_id, tokens } = signedIn
      using _ = during(() => aadsts(code, word))
      const refused = await client.refresh(client_id, tokens.refresh_token)
      await assertRefused(refused, 400, 'invalid_grant', ENDED)
      assert.equal(await isLet(signedIn, tokens.access_token), false)
    })
  }

  test('keeps what Conditional Access asks for to itself: the next sign-in meets it at Entra', async () => {
    const { client, client_id, tokens } = await signIn(server.url)
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["a-policy"]}}}'
    const body = { error: 'interaction_required', error_codes: [50076], claims }
    using _ = during(() => answer(400, JSON.stringify(body)))
    const refused = await client.refresh(client_id, tokens.refresh_token)
    assert.doesNotMatch(await refused.clone().text(), /capolids|a-policy/)
    await assertRefused(refused, 400, 'invalid_grant', /\(AADSTS50076\)\. Sign in again\.$/)
  })

  test('is in the log, with what Entra said and that the grant is revoked', async () => {
    const { client, client_id, tokens } = await signIn(server.url)
    using _ = during(() => aadsts(50173, 'invalid_grant'))
    await client.refresh(client_id, tokens.refresh_token)
    const [said, revoked] = server.logs.slice(-3)
    assert.deepEqual([said?.event, said?.aadsts], ['refresh.refused-by-entra', 50173])
    assert.deepEqual([revoked?.event, revoked?.level], ['grant.revoked', 'warn'])
  })

  /** What an administrator does to Bob, undone by what it gives; each follows from the directory. */
  const DEEDS: ReadonlyMap<string, readonly [number, (bob: DirectoryUser) => () => void]> = new Map(
    [
      ['an account that is disabled', [50057, set({ accountEnabled: false })]],
      [
        'sessions that are revoked, as a new password does',
        [50173, set({ sessionsValidFrom: 4e12 })],
      ],
      ['an account that is deleted', [50034, remove]],
      ['an assignment that is taken away', [50105, unassign]],
    ],
  )
  for (const [name, [code, deed]] of DEEDS) {
    test(`follows from the directory: ${name}`, async () => {
      const signedIn = await signIn(server.url, { account: 'Bob' })
      const { client, client_id, tokens } = signedIn
      const bob = server.emulator.directory.users.find(({ displayName }) => displayName === 'Bob')
      assert.ok(bob)
      const undo = deed(bob)
      const refused = await client.refresh(client_id, tokens.refresh_token)
      undo()
      await assertRefused(refused, 400, 'invalid_grant', new RegExp(`AADSTS${code}\\b`))
      assert.equal(await isLet(signedIn, tokens.access_token), false)
      // What is over stays over, and a new sign-in works.
      const later = await client.refresh(client_id, tokens.refresh_token)
      await assertRefused(later, 400, 'invalid_grant', /revoked \(Entra ended the sign-in\)/)
      await signIn(server.url, { account: 'Bob' })
    })
  }
})

function set(change: Partial<DirectoryUser>) {
  return (bob: DirectoryUser) => {
    const before = { ...bob }
    Object.assign(bob, change)
    return () => void Object.assign(bob, before)
  }
}

function remove(bob: DirectoryUser) {
  const { users } = server.emulator.directory
  users.splice(users.indexOf(bob), 1)
  return () => void users.push(bob)
}

function unassign() {
  const [principal] = server.emulator.directory.servicePrincipals
  assert.ok(principal)
  const before = { ...principal }
  Object.assign(principal, { appRoleAssignmentRequired: true, appRoleAssignedTo: [] })
  return () => void Object.assign(principal, before)
}

suite('an answer of Entra that is odd and does no harm', () => {
  for (const [name, change] of [
    ['no life of the access token', { expires_in: undefined }],
    ['a life of nothing (fastmcp W37)', { expires_in: 0 }],
    ['a life as text', { expires_in: '3599' }],
    ['no scope', { scope: undefined }],
    ['no ID token', { id_token: undefined }],
    ['fields that nobody knows', { foci: '1', scope_of_tomorrow: ['x'] }],
  ] as const) {
    test(`renews: ${name}`, async () => {
      const signedIn = await signIn(server.url)
      const { client, client_id, tokens } = signedIn
      using _ = during((_url, go) => changed(go, change))
      const renewed = await json<TokenResponse>(
        await client.refresh(client_id, tokens.refresh_token),
      )
      assert.equal(renewed.expires_in, 3600)
      assert.equal(await isLet(signedIn, renewed.access_token), true)
    })
  }

  test('without a new refresh token: the one before goes on being used', async () => {
    const { client, client_id, tokens } = await signIn(server.url)
    using _ = during((_url, go) => changed(go, { refresh_token: undefined }))
    const first = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
    const second = await json<TokenResponse>(await client.refresh(client_id, first.refresh_token))
    assert.notEqual(second.refresh_token, first.refresh_token)
    const used = server.emulator.seen.map(({ params }) => params.get('refresh_token'))
    assert.equal(used.at(-1), used.at(-2))
  })
})

suite('an unknown grant', () => {
  test('is 400 invalid_grant, never 401 (fastmcp W6)', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const { tokens } = await signIn(server.url)
    const { authorization } = await signIn(server.url)
    const answers = [
      await client.refresh(client_id, 'nonsense'),
      await client.refresh(client_id, tokens.access_token),
      await client.exchange({ ...authorization, client_id }, 'nonsense'),
      await client.exchange({ ...authorization, client_id }, tokens.refresh_token),
    ]
    for (const refused of answers) {
      await assertRefused(refused, 400, 'invalid_grant', /not one that this server/)
    }
  })
})

suite('a refresh at which Entra answers with something else', () => {
  test('and brings another person gives no tokens of theirs', async () => {
    const alice = await signIn(server.url, { account: 'Alice' })
    const bob = await signIn(server.url, { account: 'Bob' })
    const bodies: string[] = []
    // What Entra says to Bob is put into the answer to Alice.
    using _ = during(async (_url, go) => {
      const text = await (await go()).text()
      bodies.push(text)
      return new Response(bodies[0], { headers: { 'content-type': 'application/json' } })
    })
    const { client, client_id } = bob
    const renewed = await client.refresh(client_id, bob.tokens.refresh_token)
    assert.equal((await json<TokenResponse>(renewed)).token_type, 'Bearer')
    const refused = await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    assert.equal(bodies.length, 2)
    await assertRefused(refused, 400, 'invalid_grant', /does not renew this sign-in any more/)
  })
})

/** Stands in for Entra's token endpoint until disposed. */
function during(intercept: Intercept): Disposable {
  detour.intercept = (url, go) => (url.pathname.endsWith('/token') ? intercept(url, go) : go())
  return {
    [Symbol.dispose]: () => {
      detour.intercept = undefined
    },
  }
}

function fail(reason: string): Promise<never> {
  return Promise.reject(new TypeError('fetch failed', { cause: new Error(reason) }))
}

async function answer(status: number, body: string, type = 'application/json'): Promise<Response> {
  return new Response(body, { status, headers: { 'content-type': type } })
}

/** What Entra answers, with some of it changed. */
async function changed(go: () => Promise<Response>, change: object): Promise<Response> {
  const body = (await (await go()).json()) as object
  return answer(200, JSON.stringify({ ...body, ...change }))
}

function aadsts(code: number, error: string): Promise<Response> {
  const error_description = `AADSTS${code}: It is so. Trace ID: 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00`
  const status = error === 'invalid_client' ? 401 : 400
  return answer(status, JSON.stringify({ error, error_description, error_codes: [code] }))
}

import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import type { PermissionScope } from '../../src/emulator/emulator.ts'
import { createEntrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  createOAuthClient,
  json,
  type Parameters,
  type SignedIn,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { claimsOf, exposeScopes, takeConsentBack } from '../support/scopes.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { type Claims, createForger } from './detour.ts'
import { assertRefused, countEntraCalls, stopClock } from './support.ts'

const READ = 'expenses.read'
const APPROVE = 'expenses.approve'
const ALL = `mcp-access ${READ} ${APPROVE}`

let server: RunningEntrance
let forger: ReturnType<typeof createForger>
let approve: PermissionScope
before(async () => {
  forger = createForger()
  const entrance = { additionalScopes: [READ, APPROVE], fetch: forger.fetch }
  server = await startEntrance({ entrance })
  const [, second] = exposeScopes(server.emulator, READ, APPROVE)
  approve = second as PermissionScope
})
after(() => server.stop())
afterEach(() => {
  forger.forgery = {}
  approve.isEnabled = true
})

/** Signs in with a scope; Alice has consented to all of them by then. */
const signInFor = (scope: string | undefined): Promise<SignedIn> =>
  signIn(server.url, { overrides: { scope } })

async function refresh(
  { client, client_id }: SignedIn,
  { refresh_token }: TokenResponse,
  overrides: Parameters = {},
): Promise<TokenResponse> {
  return json<TokenResponse>(await client.refresh(client_id, refresh_token, overrides))
}

function assertScope(tokens: TokenResponse, scope: string): void {
  assert.equal(tokens.scope, scope)
  assert.equal(claimsOf(tokens.access_token).scope, scope)
}

/** What Entra was asked for last, at an endpoint. */
function lastAsked(endpoint: string): string | null | undefined {
  return server.emulator.seen.findLast((seen) => seen.endpoint === endpoint)?.params.get('scope')
}

function entraScope(...names: string[]): string {
  const prefixed = names.map((name) => `api://${server.emulator.application.clientId}/${name}`)
  return [...prefixed, 'openid profile email offline_access'].join(' ')
}

suite('a client that asks for scopes', () => {
  test('gets the base scope where it names none, and no more than it names', async () => {
    for (const [asked, granted] of [
      [undefined, 'mcp-access'],
      ['', 'mcp-access'],
      ['openid offline_access', 'mcp-access'],
      [READ, `mcp-access ${READ}`],
      [`${APPROVE} ${READ} ${APPROVE}`, ALL],
      [`api://${server.emulator.application.clientId}/${APPROVE}`, `mcp-access ${APPROVE}`],
    ] as const) {
      const { tokens } = await signInFor(asked)
      assertScope(tokens, granted)
      assert.equal(lastAsked('authorize'), entraScope(...granted.split(' ')))
      assert.equal(lastAsked('token'), entraScope(...granted.split(' ')))
    }
  })

  test('gets nothing that was consented to at another time, though Entra’s token has it (ts-peers row 7)', async () => {
    await signInFor(ALL)
    const { tokens, ...signedIn } = await signInFor(READ)
    assertScope(tokens, `mcp-access ${READ}`)
    const renewed = await refresh({ ...signedIn, tokens }, tokens)
    assertScope(renewed, `mcp-access ${READ}`)
    const consented = server.emulator.directory.oauth2PermissionGrants.map(({ scope }) => scope)
    assert.ok(consented.join(' ').includes(APPROVE))
  })

  test('has none of its own words passed on to Entra, at /authorize or at a refresh (ts-peers row 7)', async () => {
    const { tokens, ...signedIn } = await signInFor(READ)
    const calls = server.emulator.seen.length
    for (const scope of [
      ...['Mail.ReadWrite', 'https://graph.microsoft.com/Mail.ReadWrite', '.default', 'admin'],
      `api://${server.emulator.application.clientId}/.default`,
    ]) {
      const asked = `${READ} ${scope}`
      const { url } = signedIn.client.authorization(signedIn.client_id, { scope: asked })
      const answer = await fetch(url, { redirect: 'manual' })
      const location = new URL(answer.headers.get('location') ?? '')
      assert.equal(location.searchParams.get('error'), 'invalid_scope', scope)
      const refused = await signedIn.client.refresh(signedIn.client_id, tokens.refresh_token, {
        scope: asked,
      })
      await assertRefused(refused, 400, 'invalid_scope', /ask for mcp-access or expenses\.read or/)
    }
    assert.equal(server.emulator.seen.length, calls)
  })

  test('is shown to the person with all that it asks for', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const { url } = client.authorization(client_id, { scope: `${APPROVE} ${READ}` })
    const page = await createBrowser().open(url)
    assert.match(page.html, new RegExp(ALL.replaceAll('.', '\\.')))
  })

  test('has its scope ignored with a code: the grant was settled at /authorize (RFC 6749 §4.1.3)', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id, { scope: READ })
    const until = authorization.redirect_uri
    const page = await createBrowser().signIn(authorization.url, { until })
    const code = page.url.searchParams.get('code') ?? ''
    const answer = await client.exchange(authorization, code, { scope: `${APPROVE} Mail.Read` })
    assertScope(await json<TokenResponse>(answer), `mcp-access ${READ}`)
  })
})

suite('a refresh that names scopes (RFC 6749 §6)', () => {
  test('gives an access token with these and the base scope; the grant keeps its own', async () => {
    const signedIn = await signInFor(ALL)
    const narrow = await refresh(signedIn, signedIn.tokens, { scope: READ })
    assertScope(narrow, `mcp-access ${READ}`)
    const least = await refresh(signedIn, narrow, { scope: 'mcp-access' })
    assertScope(least, 'mcp-access')
    assertScope(await refresh(signedIn, least), ALL)
  })

  test('asks Entra for what was granted, and never for what the client names', async () => {
    const signedIn = await signInFor(ALL)
    await refresh(signedIn, signedIn.tokens, { scope: READ })
    assert.equal(lastAsked('token'), entraScope(...ALL.split(' ')))
  })

  test('beyond what was granted is refused, uses nothing up and asks Entra nothing', async () => {
    const signedIn = await signInFor(READ)
    const { client, client_id, tokens } = signedIn
    const calls = countEntraCalls(server.emulator, 'refresh_token')
    const refused = await client.refresh(client_id, tokens.refresh_token, {
      scope: `${READ} ${APPROVE}`,
    })
    const text = `The scope '${APPROVE}' is not part of this sign-in, which has: mcp-access ${READ}. Sign in again and ask for it.`
    await assertRefused(refused, 400, 'invalid_scope', text)
    assert.equal(countEntraCalls(server.emulator, 'refresh_token'), calls)
    assertScope(await refresh(signedIn, tokens), `mcp-access ${READ}`)
  })

  test('and is repeated within 60 seconds gives the same successor, with the scopes that each names', async () => {
    const signedIn = await signInFor(ALL)
    const { tokens } = signedIn
    const first = await refresh(signedIn, tokens, { scope: READ })
    const repeat = await refresh(signedIn, tokens, { scope: READ })
    assertScope(repeat, first.scope)
    assert.equal(repeat.refresh_token, first.refresh_token)
    const other = await refresh(signedIn, tokens)
    assertScope(other, ALL)
    assert.equal(other.refresh_token, first.refresh_token)
  })

  test('with a token that was replaced long before still ends the family', async () => {
    const signedIn = await signInFor(READ)
    const { client, client_id, tokens } = signedIn
    using clock = stopClock()
    await refresh(signedIn, tokens)
    clock.forward(61)
    const reused = await client.refresh(client_id, tokens.refresh_token, { scope: 'nonsense' })
    await assertRefused(reused, 400, 'invalid_grant', /its use now has revoked the sign-in/)
  })
})

const set = (change: Claims) => (claims: Claims) => ({ ...claims, ...change })

suite('what Entra grants bounds what is granted here (fastmcp #3492, W37)', () => {
  test('at the sign-in: an additional scope that Entra left out is not in the token, and in the log', async () => {
    forger.forgery = { access_token: set({ scp: `mcp-access ${READ}` }) }
    const { tokens } = await signInFor(ALL)
    assertScope(tokens, `mcp-access ${READ}`)
    assertWithheld(APPROVE)
  })

  test('at the sign-in: without the base scope there is no code', async () => {
    forger.forgery = { access_token: set({ scp: `${READ} ${APPROVE}` }) }
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const { url, redirect_uri } = client.authorization(client_id, { scope: ALL })
    const page = await createBrowser().signIn(url, { until: redirect_uri })
    assert.equal(page.status, 500)
    assert.match(page.text, /access token lacks the scope mcp-access; it grants: expenses\.read/)
  })

  test('at the sign-in: what nobody asked for is not granted, whatever Entra says', async () => {
    forger.forgery = { access_token: set({ scp: `mcp-access ${READ} ${APPROVE} admin` }) }
    assertScope((await signInFor(READ)).tokens, `mcp-access ${READ}`)
  })

  test('at the sign-in: a scope that the app registration lacks is named, and stops nobody who does not ask for it', async () => {
    approve.isEnabled = false
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const { url, redirect_uri } = client.authorization(client_id, { scope: APPROVE })
    const page = await createBrowser().signIn(url, { until: redirect_uri })
    assert.match(page.text, /AADSTS650053.*expenses\.approve.*those of additionalScopes/s)
    assertScope((await signInFor(READ)).tokens, `mcp-access ${READ}`)
  })

  test('at a refresh: the grant narrows and does not widen again', async () => {
    const signedIn = await signInFor(ALL)
    forger.forgery = { access_token: set({ scp: `mcp-access ${APPROVE}` }) }
    const narrow = await refresh(signedIn, signedIn.tokens)
    assertScope(narrow, `mcp-access ${APPROVE}`)
    assertWithheld(READ)
    forger.forgery = {}
    assertScope(await refresh(signedIn, narrow), `mcp-access ${APPROVE}`)
  })

  test('at a refresh: a repeat names what the first had, and gets what is left', async () => {
    const signedIn = await signInFor(ALL)
    forger.forgery = { access_token: set({ scp: `mcp-access ${READ}` }) }
    const { client, client_id, tokens } = signedIn
    const first = await refresh(signedIn, tokens, { scope: ALL })
    const repeat = await refresh(signedIn, tokens, { scope: ALL })
    assertScope(first, `mcp-access ${READ}`)
    assertScope(repeat, first.scope)
    assert.equal(repeat.refresh_token, first.refresh_token)
    const beyond = await client.refresh(client_id, first.refresh_token, { scope: ALL })
    await assertRefused(beyond, 400, 'invalid_scope', /is not part of this sign-in/)
  })

  test('at a refresh: consent that was taken back costs that scope, not the sign-in (AADSTS65001)', async () => {
    const signedIn = await signInFor(ALL)
    takeConsentBack(server.emulator, APPROVE)
    const renewed = await refresh(signedIn, signedIn.tokens)
    // The other additional scope is consented to: Entra's token has it without being asked.
    assertScope(renewed, `mcp-access ${READ}`)
    assertWithheld(APPROVE)
    assert.equal(lastAsked('token'), entraScope('mcp-access'))
  })

  test('at a refresh: a scope that was switched off costs itself, not the sign-in (AADSTS650053)', async () => {
    const signedIn = await signInFor(ALL)
    approve.isEnabled = false
    assertScope(await refresh(signedIn, signedIn.tokens), `mcp-access ${READ}`)
  })

  test('at a refresh: consent to the base scope taken back ends the sign-in', async () => {
    const signedIn = await signInFor(ALL)
    takeConsentBack(server.emulator, 'mcp-access', APPROVE)
    const { client, client_id, tokens } = signedIn
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', /\(AADSTS65001\)\. Sign in again\.$/)
  })
})

function assertWithheld(scope: string): void {
  const told = server.logs.findLast(({ event }) => event === 'scope.withheld')
  assert.equal(told?.level, 'warn')
  assert.match(told?.message ?? '', new RegExp(`the client goes on without ${scope}\\.$`))
}

suite('what an operator changes about the scopes', () => {
  test('metadata has all of them, the challenge and the resource’s metadata the base one only (RS-5, RS-13)', async () => {
    const client = createOAuthClient(server.url)
    const serverMetadata = await json<Claims>(await client.authorizationServer())
    const resource = await json<Claims>(await client.protectedResource())
    assert.deepEqual(serverMetadata.scopes_supported, ALL.split(' '))
    assert.deepEqual(resource.scopes_supported, ['mcp-access'])
    const challenge = await client.mcp(undefined, { method: 'ping' })
    assert.match(challenge.headers.get('www-authenticate') ?? '', / scope="mcp-access"$/)
  })

  for (const [name, change, refused] of [
    ['an additional scope taken away is in no further token', { additionalScopes: [READ] }, ''],
    [
      'a renamed base scope asks for a new sign-in',
      { scope: 'expenses.use' },
      `This sign-in is for the scope ${ALL}; the server asks for expenses.use by now. Sign in again.`,
    ],
  ] as const) {
    test(name, async () => {
      const store = memoryStore()
      const secret = 'the-master-key-of-two-servers-one-after-the-other'
      const entrance = { additionalScopes: [READ, APPROVE], store, secret }
      await using before = await startEntrance({ entrance, emulator: server.emulator })
      const { client_id, tokens } = await signIn(before.url, { overrides: { scope: ALL } })
      const { tenantId, application, origin: authority } = before.emulator
      const entra = { tenantId, ...application, authority }
      const after = createEntrance({ ...entrance, url: before.url, entra, ...change })
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id,
        refresh_token: tokens.refresh_token,
        scope: ALL,
      })
      const answer = await after.fetch(new Request(`${before.url}/token`, { method: 'POST', body }))
      if (refused) await assertRefused(answer, 400, 'invalid_grant', refused)
      else assertScope(await json<TokenResponse>(answer), `mcp-access ${READ}`)
    })
  }
})

import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import type { Application } from '../../src/emulator/emulator.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { type Claims, createDetour, createForger, type Forgery } from './detour.ts'
import { assertRefused, isLet } from './support.ts'

let server: RunningEntrance
let forger: ReturnType<typeof createForger>
before(async () => {
  forger = createForger()
  server = await startEntrance({ entrance: { fetch: forger.fetch } })
})
after(() => server.stop())
afterEach(() => {
  forger.forgery = {}
})

const OTHER = '99999999-8888-4777-a666-555555555555'
const now = () => Math.floor(Date.now() / 1000)
const set = (change: Claims) => (claims: Claims) => ({ ...claims, ...change })

type Case = { forgery: Forgery; message: RegExp; cure: RegExp }

const AGAIN = /Sign in again; if it happens again, report it\./
const TENANT = /Check AZURE_TENANT_ID and sign in with an account of that tenant\./
const CLOCK = /Check this machine's clock and ENTRANCE_AUTHORITY/

/** Entra's tokens as they must not be, each with what the page has to say. */
const WRONG: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'an access token of version 1 (fastmcp W9)',
    {
      forgery: { access_token: set({ ver: '1.0' }) },
      message: /Entra issues version 1\.0 access tokens for this app registration/,
      cure: /"api": { "requestedAccessTokenVersion": 2 }/,
    },
  ],
  [
    'an access token without the scope (fastmcp W9)',
    {
      forgery: { access_token: set({ scp: 'User.Read' }) },
      message: /access token lacks the scope mcp-access; it grants: User\.Read\./,
      cure: /Under 'Expose an API', add the scope mcp-access/,
    },
  ],
  [
    'an access token of an application, without any scp (fastmcp W9)',
    {
      forgery: { access_token: set({ scp: undefined, roles: ['mcp-access'] }) },
      message: /access token lacks the scope mcp-access; it grants none\./,
      cure: /Under 'Expose an API', add the scope mcp-access/,
    },
  ],
  [
    'an access token for another audience (fastmcp W9)',
    {
      forgery: { access_token: set({ aud: '00000003-0000-0000-c000-000000000000' }) },
      message: /access token is for the audience 00000003-/,
      cure: /the scope must belong to this very app registration/,
    },
  ],
  [
    'an access token for a list of audiences',
    {
      forgery: { access_token: (claims) => ({ ...claims, aud: [claims.aud, OTHER] }) },
      message: /access token is for the audience/,
      cure: /the scope must belong to this very app registration/,
    },
  ],
  [
    'an access token that another application asked for (azp)',
    {
      forgery: { access_token: set({ azp: OTHER }) },
      message: /was given to another application \(azp 99999999-/,
      cure: AGAIN,
    },
  ],
  [
    'an access token without azp',
    {
      forgery: { access_token: set({ azp: undefined }) },
      message: /was given to another application/,
      cure: AGAIN,
    },
  ],
  [
    'an access token of another tenant (ts-peers row 8)',
    {
      forgery: { access_token: set({ tid: OTHER }) },
      message: /access token is of another tenant \(99999999-/,
      cure: TENANT,
    },
  ],
  [
    "an access token of another tenant's issuer (ts-peers row 8)",
    {
      forgery: {
        access_token: (claims) => ({
          ...claims,
          tid: OTHER,
          iss: String(claims.iss).replace(/\/[0-9a-f-]{36}\//, `/${OTHER}/`),
        }),
      },
      message: /access token has the issuer http:\/\/localhost:\d+\/99999999-/,
      cure: TENANT,
    },
  ],
  [
    "an access token of the v1 issuer under a v2 version's name",
    {
      forgery: { access_token: set({ iss: `https://sts.windows.net/${OTHER}/` }) },
      message: /has the issuer https:\/\/sts\.windows\.net\//,
      cure: TENANT,
    },
  ],
  [
    'an access token without an oid',
    {
      forgery: { access_token: set({ oid: undefined }) },
      message: /does not say who it is about/,
      cure: /scope profile brings it/,
    },
  ],
  [
    'an access token that has expired',
    {
      forgery: { access_token: () => ({ iss: 'x', exp: now() - 301, nbf: 0, iat: 0, aud: 'x' }) },
      message: /access token cannot be accepted: .*"exp" claim/,
      cure: CLOCK,
    },
  ],
  [
    'an access token without an expiry (fastmcp W23)',
    {
      forgery: { access_token: set({ exp: undefined }) },
      message: /access token cannot be accepted: .*"exp" claim/,
      cure: CLOCK,
    },
  ],
  [
    'an access token that begins tomorrow (fastmcp W23)',
    {
      forgery: { access_token: (claims) => ({ ...claims, nbf: now() + 86_400 }) },
      message: /access token cannot be accepted: .*"nbf" claim/,
      cure: CLOCK,
    },
  ],
  [
    'an access token with a critical header',
    {
      forgery: { access_token: set({}), header: { crit: ['x'], x: 1 } },
      message: /access token cannot be accepted/,
      cure: CLOCK,
    },
  ],
  [
    'an access token signed with an unknown key',
    {
      forgery: { access_token: set({}), header: { kid: 'unknown' } },
      message: /access token cannot be accepted: no applicable key found/,
      cure: /let this server read the keys of Entra/,
    },
  ],
  [
    'an access token with the algorithm none',
    {
      forgery: { access_token: set({}), header: { alg: 'none' } },
      message: /access token cannot be accepted/,
      cure: CLOCK,
    },
  ],
  [
    'the ID token in place of the access token',
    {
      forgery: { response: (body) => ({ ...body, access_token: body.id_token }) },
      message: /was given to another application|lacks the scope/,
      cure: AGAIN,
    },
  ],
  [
    'the access token in place of the ID token',
    {
      forgery: { response: (body) => ({ ...body, id_token: body.access_token }) },
      message: /answer cannot be accepted/,
      cure: AGAIN,
    },
  ],
  [
    'an ID token with the nonce of another sign-in',
    {
      forgery: { id_token: set({ nonce: 'of-another-sign-in' }) },
      message: /answer cannot be accepted: unexpected ID Token "nonce" claim value/,
      cure: AGAIN,
    },
  ],
  [
    'an ID token without a nonce',
    {
      forgery: { id_token: set({ nonce: undefined }) },
      message: /answer cannot be accepted: .*nonce/,
      cure: AGAIN,
    },
  ],
  [
    'an ID token for another application',
    {
      forgery: { id_token: set({ aud: OTHER }) },
      message: /answer cannot be accepted: unexpected .*"aud"/,
      cure: AGAIN,
    },
  ],
  [
    'an ID token of another issuer',
    {
      forgery: { id_token: set({ iss: 'https://evil.example/' }) },
      message: /answer cannot be accepted: unexpected .*"iss"/,
      cure: AGAIN,
    },
  ],
  [
    'an ID token of another tenant',
    {
      forgery: { id_token: set({ tid: OTHER }) },
      message: /ID token is of another tenant/,
      cure: TENANT,
    },
  ],
  [
    'an ID token about another person than the access token',
    {
      forgery: { id_token: set({ oid: OTHER }) },
      message: /ID token and access token are about different people/,
      cure: AGAIN,
    },
  ],
  [
    'no ID token at all',
    {
      forgery: { response: (body) => ({ ...body, id_token: undefined }) },
      message: /answer cannot be accepted: .*id_token/,
      cure: AGAIN,
    },
  ],
  [
    'another token type than Bearer',
    {
      forgery: { response: (body) => ({ ...body, token_type: 'mac' }) },
      message: /answer cannot be accepted/,
      cure: AGAIN,
    },
  ],
  [
    'more app roles than an access token holds',
    {
      forgery: {
        access_token: set({ roles: Array.from({ length: 200 }, (_, i) => `Role.Number.${i}`) }),
      },
      message: /The person has 200 app roles, more than fit into an access token/,
      cure: /Assign fewer app roles/,
    },
  ],
])

suite('tokens of Entra that must not be taken, at the callback', () => {
  for (const [name, { forgery, message, cure }] of WRONG) {
    test(`${name}: the page says so, and no code is issued`, async () => {
      forger.forgery = forgery
      const { page, cookies } = await attempt()
      assertNoCode(page)
      assert.match(page.text, message)
      assert.match(page.text, cure)
      assert.deepEqual(
        cookies.filter((cookie) => cookie.startsWith('entrance-tx-')),
        [],
      )
      const told = server.logs.findLast(({ event }) => event === 'entra.refused')
      assert.match(told?.message ?? '', message)
    })
  }
})

suite('tokens of Entra that must not be taken, at a refresh', () => {
  for (const name of [
    'an access token of another tenant (ts-peers row 8)',
    'an access token without the scope (fastmcp W9)',
  ]) {
    test(`${name}: no token is issued, and the sign-in is kept for when it is mended`, async () => {
      const signedIn = await signIn(server.url)
      const { client, client_id, tokens } = signedIn
      forger.forgery = WRONG.get(name)?.forgery ?? {}
      const refused = await client.refresh(client_id, tokens.refresh_token)
      await assertRefused(refused, 503, 'temporarily_unavailable', /Keep the refresh token/)
      assert.equal(await isLet(signedIn, tokens.access_token), true)
      forger.forgery = {}
      assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
    })
  }

  test('an ID token of another sign-in brings nobody else in', async () => {
    const { client, client_id, tokens } = await signIn(server.url)
    forger.forgery = { access_token: set({ oid: OTHER }), id_token: set({ oid: OTHER }) }
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', /does not renew this sign-in any more/)
  })
})

suite('an app registration that is set up wrongly', () => {
  const MISTAKES: readonly (readonly [string, (app: Application) => void, RegExp])[] = [
    [
      'with requestedAccessTokenVersion left as it came (fastmcp W9)',
      (app) => {
        app.api.requestedAccessTokenVersion = null
      },
      /version 1\.0 access tokens.*issuer https:\/\/sts\.windows\.net\/.*"requestedAccessTokenVersion": 2/,
    ],
    [
      'without the scope',
      (app) => {
        app.api.oauth2PermissionScopes = []
      },
      /AADSTS650053.*add the scope mcp-access/,
    ],
    [
      'with another Application ID URI',
      (app) => {
        app.identifierUris = ['api://something-else']
      },
      /AADSTS500011.*Application ID URI/,
    ],
    [
      'with an expired secret',
      (app) => {
        for (const secret of app.passwordCredentials) secret.endDateTime = '2020-01-01T00:00:00Z'
      },
      /AADSTS7000222.*Create a new client secret/,
    ],
  ]
  for (const [name, spoil, text] of MISTAKES) {
    test(`${name} is named on the page, with the cure; mended, the sign-in works`, async () => {
      const app = server.emulator.directory.applications[0] as Application
      const good = structuredClone(app)
      spoil(app)
      const { page } = await attempt()
      Object.assign(app, good)
      // Entra says these in the address, and the rest when it is asked for tokens.
      assertNoCode(page, page.url.searchParams.has('error') ? 400 : 500)
      assert.match(page.text, text)
      await signIn(server.url)
    })
  }
})

suite("Entra's metadata", () => {
  const FALSE: ReadonlyMap<string, Claims> = new Map<string, Claims>([
    ["another tenant's issuer", { issuer: `http://localhost/${OTHER}/v2.0` }],
    ['an issuer at another host', { issuer: `https://evil.example/${OTHER}/v2.0` }],
    ['the issuer of every tenant', { issuer: 'http://localhost/{tenantid}/v2.0' }],
    ['keys by another protocol', { jwks_uri: 'data:application/json,{"keys":[]}' }],
    ['no token endpoint', { token_endpoint: undefined }],
  ])
  for (const [name, change] of FALSE) {
    test(`with ${name} sends nobody anywhere`, async () => {
      const authority = server.emulator.origin
      const issuer = String(change.issuer ?? '').replace('http://localhost', authority)
      const document = { ...change, ...(change.issuer !== undefined && { issuer }) }
      const lying = createForger()
      lying.forgery = { metadata: (real) => ({ ...real, ...document }) }
      const { emulator } = server
      await using misled = await startEntrance({ emulator, entrance: { fetch: lying.fetch } })
      const { page } = await attempt(misled.url)
      assert.equal(page.url.pathname, '/consent')
      assert.ok(page.status >= 500)
      assert.match(page.text, /Entra.s metadata is not that of the tenant|is not answering/)
    })
  }
})

suite("Entra's key set", () => {
  test('with odd keys in it lets people in all the same (fastmcp #4515)', async () => {
    const detour = createDetour()
    detour.intercept = async ({ pathname }, go) => {
      const response = await go()
      if (!pathname.endsWith('/keys')) return response
      const { keys } = (await response.json()) as { keys: object[] }
      const odd = [{}, { kty: 'XYZ', kid: 'odd' }, { kty: 'RSA', kid: 'no-modulus', use: 'sig' }]
      return Response.json({ keys: [...odd, ...keys] })
    }
    const { emulator } = server
    await using strange = await startEntrance({ emulator, entrance: { fetch: detour.fetch } })
    await signIn(strange.url)
  })
})

/** A sign-in that is not expected to succeed. */
async function attempt(url = server.url): Promise<{ page: Page; cookies: string[] }> {
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const browser = createBrowser()
  const page = await browser.signIn(authorization.url, { until: authorization.redirect_uri })
  return { page, cookies: browser.cookies.all().map((cookie) => cookie.name) }
}

function assertNoCode(page: Page, status = 500): void {
  assert.throws(() => codeOf({ ...page, url: new URL('/x', page.url) }), /No code/)
  assert.equal(page.url.pathname, '/auth/callback')
  assert.equal(page.status, status)
  // The way on that it offers says no, too.
  const [, href = ''] = /<a class="button primary" href="([^"]*)"/.exec(page.html) ?? []
  const offered = new URL(href.replaceAll('&amp;', '&'))
  assert.equal(offered.searchParams.has('code'), false)
  assert.equal(offered.searchParams.get('error'), 'server_error')
}

import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import {
  CONSUMERS_TENANT_ID,
  type RunningEmulator,
  SEED,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import { trySignIn } from '../support/admission.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { type Claims, createDetour, createForger, type Forgery } from './detour.ts'
import { assertRefused, isLet } from './support.ts'

const OTHER = '99999999-8888-4777-a666-555555555555'

let emulator: RunningEmulator
before(async () => {
  emulator = await startEmulator({ port: 0 })
  const [application] = emulator.directory.applications
  if (application) application.signInAudience = 'AzureADandPersonalMicrosoftAccount'
})
after(() => emulator.close())

/** A server for accounts of several tenants. */
function startFor(tenants: readonly string[] | 'any', entra: typeof fetch, tenantId: string) {
  return startEntrance({
    emulator,
    entrance: { allow: { tenants }, entra: { tenantId }, fetch: entra },
  })
}

/** Has both tokens say so. */
const both = (edit: (claims: Claims) => Claims): Forgery => ({ id_token: edit, access_token: edit })
/** Tokens of that tenant in every respect. */
const of = (tid: string) =>
  both((claims) => ({ ...claims, tid, iss: `${emulator.origin}/${tid}/v2.0` }))

/** No code of ours goes anywhere, and the page or the client is told why. */
async function assertRefusedWith(server: RunningEntrance, message: RegExp): Promise<void> {
  const { page, authorization } = await trySignIn(server.url)
  const isAtClient = page.url.href.startsWith(authorization.redirect_uri)
  const said = isAtClient ? page.url.searchParams.get('error_description') : page.text
  assert.ok(!isAtClient || page.url.searchParams.get('code') === null, page.url.href)
  assert.ok(isAtClient || page.status >= 400, page.text)
  assert.match(said ?? '', message)
}

suite('tokens that Entra signs for everybody, where two tenants may come in', () => {
  const forger = createForger()
  let server: RunningEntrance
  before(async () => {
    server = await startFor([SEED.tenantId, CONSUMERS_TENANT_ID], forger.fetch, 'organizations')
  })
  after(() => server.stop())
  afterEach(() => {
    forger.forgery = {}
  })

  const FOREIGN = /tenant/
  const ISSUER = /answer cannot be accepted: unexpected .*"iss"/
  const NO_ID = /ID token does not name its tenant by an id/
  const CASES: readonly (readonly [string, () => Forgery, RegExp])[] = [
    ['of a tenant that is not listed (fastmcp azure.py:761)', () => of(OTHER), FOREIGN],
    [
      "of personal accounts, listed or not: it is for organisations'",
      personal,
      /personal Microsoft/,
    ],
    ['whose issuer is another tenant than tid', () => both(set({ tid: OTHER })), ISSUER],
    ['whose tid is another tenant than the issuer', () => both(set(issuer(OTHER))), ISSUER],
    ['with a path for a tid', () => of(`${SEED.tenantId}/v2.0/x`), NO_ID],
    ['with a way out for a tid', () => of(`x/../${SEED.tenantId}`), NO_ID],
    ['with the blank of the issuer for a tid', () => of('{tenantid}'), NO_ID],
    ['with a word for a tid', () => of('organizations'), NO_ID],
    ['with a tid in capitals', () => of(SEED.tenantId.toUpperCase()), NO_ID],
    ['without a tid', () => both(set({ tid: undefined })), NO_ID],
    ['with a list for a tid', () => both(set({ tid: [SEED.tenantId] })), NO_ID],
    [
      'of another host',
      () => both(set({ iss: `https://evil.example/${SEED.tenantId}/v2.0` })),
      ISSUER,
    ],
    ['of version 1', () => both(set({ iss: `https://sts.windows.net/${SEED.tenantId}/` })), ISSUER],
    [
      'of which one is of another tenant',
      () => ({ access_token: of(OTHER).access_token as (claims: Claims) => Claims }),
      /access token has the issuer/,
    ],
  ]
  for (const [name, forgery, message] of CASES) {
    test(`${name}, bring nobody in`, async () => {
      forger.forgery = forgery()
      await assertRefusedWith(server, message)
    })
  }

  test('of another tenant renew nobody', async () => {
    const signedIn = await signIn(server.url)
    const { client, client_id, tokens } = signedIn
    forger.forgery = of(OTHER)
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 503, 'temporarily_unavailable', /Keep the refresh token/)
    assert.equal(await isLet(signedIn, tokens.access_token), true)
  })

  function set(change: Claims) {
    return (claims: Claims) => ({ ...claims, ...change })
  }
  function issuer(tid: string) {
    return { iss: `${emulator.origin}/${tid}/v2.0` }
  }
  function personal() {
    return of(CONSUMERS_TENANT_ID)
  }
})

suite("a key of Entra's common key set", () => {
  const SIGNERS: readonly (readonly [string, (origin: string) => unknown, isTaken: boolean])[] = [
    ['of personal accounts', (origin) => `${origin}/${CONSUMERS_TENANT_ID}/v2.0`, false],
    ['of another tenant', (origin) => `${origin}/${OTHER}/v2.0`, false],
    ['of another cloud', () => 'https://login.microsoftonline.us/{tenantid}/v2.0', false],
    ['of nobody', () => '', false],
    ['of a list', (origin) => [`${origin}/{tenantid}/v2.0`], false],
    ['of every tenant', (origin) => `${origin}/{tenantid}/v2.0`, true],
    ['of that very tenant', (origin) => `${origin}/${SEED.tenantId}/v2.0`, true],
    ['that names nobody, as those of version 1', () => undefined, true],
  ]
  for (const tenantId of ['common', SEED.tenantId]) {
    for (const [name, signer, isTaken] of SIGNERS) {
      test(`${name} ${isTaken ? 'vouches' : 'does not vouch'} for an organisation at ${tenantId}`, async () => {
        const forger = createForger({ issuer: signer(emulator.origin) })
        const tenants = tenantId === 'common' ? 'any' : [SEED.tenantId]
        await using server = await startFor(tenants, forger.fetch, tenantId)
        forger.forgery = both((claims) => claims)
        if (isTaken) await signIn(server.url)
        else await assertRefusedWith(server, /signed with a key of another issuer/)
      })
    }
  }
})

suite("Entra's metadata for several tenants", () => {
  const FALSE: readonly (readonly [string, (origin: string) => string])[] = [
    ['one tenant alone', (origin) => `${origin}/${SEED.tenantId}/v2.0`],
    ['another host', () => 'https://evil.example/{tenantid}/v2.0'],
    ['a host below', (origin) => origin.replace('//', '//{tenantid}.').concat('/{tenantid}/v2.0')],
    ['two blanks', (origin) => `${origin}/{tenantid}{tenantid}/v2.0`],
    ['another blank', (origin) => `${origin}/{tid}/v2.0`],
    ['more behind it', (origin) => `${origin}/{tenantid}/v2.0/x`],
  ]
  for (const [name, issuer] of FALSE) {
    test(`with an issuer that has ${name} sends nobody anywhere`, async () => {
      const forger = createForger()
      await using server = await startFor('any', forger.fetch, 'organizations')
      forger.forgery = { metadata: (real) => ({ ...real, issuer: issuer(emulator.origin) }) }
      const { page } = await trySignIn(server.url)
      assert.equal(page.url.pathname, '/consent')
      assert.equal(page.status, 500)
      assert.match(page.text, /metadata is not that of the tenant organizations/)
    })
  }
})

test('metadata that has Graph elsewhere gets no token sent there', async () => {
  const asked: string[] = []
  const detour = createDetour()
  detour.intercept = async (url, go) => {
    asked.push(url.host)
    if (!url.pathname.endsWith('/openid-configuration')) return go()
    const document = (await (await go()).json()) as Claims
    return Response.json({ ...document, msgraph_host: 'graph.microsoft.com.evil.example' })
  }
  await using server = await startEntrance({
    emulator,
    entrance: { allow: { groups: [OTHER] }, fetch: detour.fetch },
  })
  await assertRefusedWith(
    server,
    /names 'graph\.microsoft\.com\.evil\.example' for Microsoft Graph/,
  )
  assert.deepEqual([...new Set(asked)], [new URL(emulator.origin).host])
})

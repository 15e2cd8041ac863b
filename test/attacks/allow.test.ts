import assert from 'node:assert/strict'
import { after, afterEach, before, suite, test } from 'node:test'
import { type Group, SEED } from '../../src/emulator/emulator.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { addGroup, trySignIn } from '../support/admission.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  REDIRECT_URI,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { applicationOf } from '../support/scopes.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { locationOf } from './consent-form.ts'
import { type Claims, createDetour, createForger, type Forgery, type Intercept } from './detour.ts'
import { assertRefused, countEntraCalls, get, isLet, startReplicas } from './support.ts'

const OTHER = '99999999-8888-4777-a666-555555555555'
const FINANCE = 'f1a7ce00-0000-4000-8000-000000000001'

const set = (change: Claims) => (claims: Claims) => ({ ...claims, ...change })

/** What Entra's tokens may say, and must not be taken for membership or for a member. */
const NO_WAY_IN: ReadonlyMap<string, { allow: object; forgery: Forgery }> = new Map(
  Object.entries({
    'one of other groups': {
      allow: { groups: [FINANCE] },
      forgery: { access_token: set({ groups: [OTHER, OTHER.toUpperCase()] }) },
    },
    "another tenant's group of the same id": {
      allow: { groups: [`${OTHER}/${FINANCE}`] },
      forgery: { access_token: set({ groups: [FINANCE] }) },
    },
    "another tenant's person of the same object id": {
      allow: { users: [`${OTHER}/${SEED.alice}`] },
      forgery: {},
    },
    'a person whose name is that of somebody else': {
      allow: { users: [SEED.bob] },
      forgery: {
        access_token: set({ preferred_username: SEED.bob, upn: SEED.bob, sub: SEED.bob }),
        id_token: set({ preferred_username: SEED.bob, name: SEED.bob, sub: SEED.bob }),
      },
    },
    'a role of the ID token alone': {
      allow: { roles: ['Expenses.Approver'] },
      forgery: { id_token: set({ roles: ['Expenses.Approver'] }) },
    },
    'a role in another case': {
      allow: { roles: ['Expenses.Approver'] },
      forgery: { access_token: set({ roles: ['expenses.approver', 'EXPENSES.APPROVER'] }) },
    },
    'roles that are no list': {
      allow: { roles: ['Expenses.Approver'] },
      forgery: { access_token: set({ roles: 'Expenses.Approver' }) },
    },
    'a guest whom the ID token calls a member': {
      allow: { guests: false },
      forgery: { access_token: set({ acct: 1 }), id_token: set({ acct: 0 }) },
    },
  }),
)

suite('a person who may not come in', () => {
  for (const [name, { allow, forgery }] of NO_WAY_IN) {
    test(`is not let in as ${name}`, async () => {
      const forger = createForger()
      forger.forgery = forgery
      const store = memoryStore()
      await using server = await startEntrance({ entrance: { allow, store, fetch: forger.fetch } })
      const { page } = await trySignIn(server.url)
      assert.deepEqual([page.status, page.url.pathname], [403, '/auth/callback'], page.text)
      assert.match(page.text, /This account is not let in/)
      assert.deepEqual(await store.list({ person: `${SEED.tenantId}/${SEED.alice}` }), [])
    })
  }
})

suite('a refusal', () => {
  let server: RunningEntrance
  let store: Store
  before(async () => {
    store = memoryStore()
    server = await startEntrance({
      entrance: {
        store,
        consent: 'remember',
        registration: { adopt: true },
        allow: { users: [SEED.bob], contact: '<img src=x onerror=alert(1)> & "Co"' },
      },
    })
  })
  after(() => server.stop())

  test('leaves nothing behind: no grant, no session, no sign-in under way', async () => {
    const browser = createBrowser()
    const { page } = await trySignIn(server.url, { browser })
    assert.equal(page.status, 403)
    assert.deepEqual(await store.list({ person: `${SEED.tenantId}/${SEED.alice}` }), [])
    const cookies = browser.cookies.header(new URL(server.url), {
      method: 'GET',
      isCrossSite: false,
    })
    assert.doesNotMatch(cookies ?? '', /entrance-(session|tx)/)
  })

  test('is final: the same answer of Entra, loaded again, brings no code', async () => {
    const browser = createBrowser()
    const { page } = await trySignIn(server.url, { browser })
    const again = await browser.open(page.url)
    assert.equal(again.status, 403)
    assert.doesNotMatch(again.text, /code/)
  })

  test('shows what the operator wrote as text, and tells the application in plain ASCII', async () => {
    const { page } = await trySignIn(server.url)
    assert.doesNotMatch(page.html, /<img/)
    assert.match(page.text, /<img src=x onerror=alert\(1\)> & "Co"/)
    const [, description = ''] = /error_description=([^&"]+)/.exec(page.html) ?? []
    assert.match(decodeURIComponent(description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  test('does not tell who else may come in', async () => {
    const { page } = await trySignIn(server.url)
    assert.ok(!page.html.includes(SEED.bob), page.html)
  })

  test('holds for a client that is adopted, which is not recorded either', async () => {
    const client = createOAuthClient(server.url)
    const { url } = client.authorization('lost')
    const consentPage = locationOf(await get(url))
    const page = await createBrowser().signIn(consentPage, { until: REDIRECT_URI })
    assert.equal(page.status, 403)
    assert.match(page.text, /This account is not let in/)
    const token = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'lost' }
    await assertRefused(await client.token(token), 401, 'invalid_client', /./)
  })

  test('holds on a consent that is remembered', async () => {
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const browser = createBrowser()
    const first = client.authorization(client_id)
    const consent = await browser.open(first.url)
    const remembered = await browser.signIn(consent.url, { account: 'Bob', until: REDIRECT_URI })
    assert.ok(codeOf(remembered))
    // Bob's browser, and at Entra somebody else: nobody is asked, and nobody is let in.
    const second = client.authorization(client_id)
    const page = await browser.signIn(second.url, { account: 'Alice', until: REDIRECT_URI })
    assert.equal(page.status, 403)
    assert.match(page.text, /You signed in as alice@entrance\.example/)
  })
})

suite('a person who is taken out of a group', () => {
  let server: RunningEntrance
  let group: Group
  before(async () => {
    server = await startEntrance({ entrance: { allow: { groups: [FINANCE] } } })
    group = addGroup(server.emulator, 'Finance', [])
    group.id = FINANCE
    applicationOf(server.emulator).groupMembershipClaims = 'SecurityGroup'
    addGroup(server.emulator, 'Staff', [SEED.alice, SEED.bob])
  })
  after(() => server.stop())
  afterEach(() => {
    group.members = []
  })

  test('keeps the access token that there is, and gets no other', async () => {
    group.members = [SEED.alice]
    const alice = await signIn(server.url)
    group.members = []
    assert.equal(await isLet(alice, alice.tokens.access_token), true)
    const refused = await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', /\(rule 'groups'\)/)
    assert.equal(await isLet(alice, alice.tokens.access_token), false)
  })

  test('does not get back in by the old refresh token when they are in the group again', async () => {
    group.members = [SEED.alice]
    const alice = await signIn(server.url)
    group.members = []
    await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    group.members = [SEED.alice]
    const again = await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    await assertRefused(again, 400, 'invalid_grant', /has been revoked \(the rule 'groups' is not/)
  })

  test('is refused at once, however many replicas and requests ask: Entra is asked once', async () => {
    await using replicas = await startReplicas({ allow: { groups: [FINANCE] } })
    const { emulator } = replicas.server
    applicationOf(emulator).groupMembershipClaims = 'SecurityGroup'
    addGroup(emulator, 'Staff', [SEED.alice])
    const finance = addGroup(emulator, 'Finance', [SEED.alice])
    finance.id = FINANCE
    const { client_id, tokens } = await signIn(replicas.server.url)
    finance.members = []
    const parameters = { client_id, refresh_token: tokens.refresh_token }
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, turn) =>
        replicas.token(turn, { grant_type: 'refresh_token', ...parameters }),
      ),
    )
    for (const answer of answers) {
      await assertRefused(answer, 400, 'invalid_grant', /rule 'groups'/)
    }
    assert.equal(countEntraCalls(emulator, 'refresh_token'), 1)
  })

  test('is let in again where it was a matter of somebody else alone', async () => {
    group.members = [SEED.alice, SEED.bob]
    const alice = await signIn(server.url)
    const bob = await signIn(server.url, { account: 'Bob' })
    group.members = [SEED.bob]
    await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    const renewed = await bob.client.refresh(bob.client_id, bob.tokens.refresh_token)
    assert.ok((await json<TokenResponse>(renewed)).access_token)
  })
})

suite('where Entra does not say who is a guest', () => {
  test('nobody comes in, and the operator is told what to add', async () => {
    await using server = await startEntrance({ entrance: { allow: { guests: false } } })
    const { page } = await trySignIn(server.url)
    assert.equal(page.status, 500)
    assert.match(page.text, /does not say whether the account is a guest/)
    assert.match(page.text, /add the optional claim acct to access tokens/)
    assert.match(page.html, /error=server_error/)
  })

  test('nobody is signed out: it is to be mended, and their sign-in goes on then', async () => {
    const forger = createForger()
    await using server = await startEntrance({
      entrance: { allow: { guests: false }, fetch: forger.fetch },
    })
    forger.forgery = { access_token: set({ acct: 0 }) }
    const alice = await signIn(server.url)
    forger.forgery = {}
    const { refresh_token } = alice.tokens
    const refused = await alice.client.refresh(alice.client_id, refresh_token)
    await assertRefused(refused, 503, 'temporarily_unavailable', /Keep the refresh token/)
    assert.equal(await isLet(alice, alice.tokens.access_token), true)
    forger.forgery = { access_token: set({ acct: 0 }) }
    const renewed = await alice.client.refresh(alice.client_id, refresh_token)
    assert.ok((await json<TokenResponse>(renewed)).access_token)
  })
})

/** What happens to the question whether Alice is in the group, or to the token for it. */
const LOST: ReadonlyMap<string, Intercept> = new Map<string, Intercept>([
  ['Graph is down', graph(() => new Response('<h1>Down</h1>', { status: 503 }))],
  ['Graph is busy', graph(() => Response.json({}, { status: 429 }))],
  ['Graph cannot be reached', graph(() => Promise.reject(new TypeError('fetch failed')))],
  ['Graph answers nonsense', graph(() => new Response('yes'))],
  ['Graph says yes to everything', graph(() => Response.json({ value: true }))],
  ['Entra is down for this', onBehalfOf(() => new Response('', { status: 502 }))],
  ['Entra is busy', onBehalfOf(() => Response.json({ error: 'x' }, { status: 429 }))],
])

function graph(answer: () => Response | Promise<Response>): Intercept {
  return async ({ pathname }, go) => (pathname.startsWith('/v1.0/') ? answer() : go())
}

function onBehalfOf(answer: () => Response): Intercept {
  return async (_url, go, init) => (String(init?.body).includes('on_behalf_of') ? answer() : go())
}

const isMember = graph(() => Response.json({ value: [FINANCE] }))

suite('where the groups of a person cannot be looked up', () => {
  let server: RunningEntrance
  let store: Store
  const detour = createDetour()
  before(async () => {
    store = memoryStore()
    server = await startEntrance({
      entrance: { store, fetch: detour.fetch, allow: { groups: [FINANCE] } },
    })
  })
  after(() => server.stop())
  afterEach(() => {
    detour.intercept = undefined
  })

  for (const [name, intercept] of LOST) {
    test(`nobody comes in: ${name}`, async () => {
      detour.intercept = intercept
      const { page } = await trySignIn(server.url)
      assert.equal(page.status, 503)
      assert.match(page.text, /The groups of the account cannot be looked up\./)
      assert.doesNotMatch(page.text, /is in none of them|fetch failed|Down/)
      assert.match(page.html, /error=temporarily_unavailable/)
      assert.ok(Number(page.headers.get('retry-after')) > 0)
      assert.deepEqual(await store.list({ person: `${SEED.tenantId}/${SEED.alice}` }), [])
    })

    test(`nobody is signed out: ${name}`, async () => {
      detour.intercept = isMember
      const { client, client_id, tokens } = await signIn(server.url, { account: 'Bob' })
      detour.intercept = intercept
      const refused = await client.refresh(client_id, tokens.refresh_token)
      assert.ok(Number(refused.headers.get('retry-after')) > 0)
      await assertRefused(refused, 503, 'temporarily_unavailable', /Keep the refresh token/)
      detour.intercept = isMember
      const renewed = await client.refresh(client_id, tokens.refresh_token)
      assert.ok((await json<TokenResponse>(renewed)).access_token)
    })
  }

  test('a fault of the registration lets nobody in, and signs nobody out', async () => {
    detour.intercept = isMember
    const { client, client_id, tokens } = await signIn(server.url, { account: 'Bob' })
    const error = { code: 'Authorization_RequestDenied', message: 'inside' }
    detour.intercept = graph(() => Response.json({ error }, { status: 403 }))
    const { page } = await trySignIn(server.url)
    assert.equal(page.status, 500)
    assert.match(page.text, /status 403 \(Authorization_RequestDenied\)/)
    assert.match(page.text, /delegated permission User\.Read/)
    assert.match(page.html, /error=server_error/)
    const refused = await client.refresh(client_id, tokens.refresh_token)
    await assertRefused(refused, 503, 'temporarily_unavailable', /Keep the refresh token/)
  })

  test('a step more that Entra asks for is brought by the next sign-in', async () => {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })
    const error = { error: 'interaction_required', error_codes: [50076], claims }
    detour.intercept = onBehalfOf(() => Response.json(error, { status: 400 }))
    const browser = createBrowser()
    const { page } = await trySignIn(server.url, { browser })
    assert.equal(page.status, 403)
    assert.match(page.text, /The groups of the account cannot be looked up/)
    assert.match(page.html, /error=access_denied/)
    detour.intercept = isMember
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const consent = await browser.open(client.authorization(client_id).url)
    const entra = await browser.press(consent, 'Allow Access', { until: server.emulator.origin })
    assert.equal(entra.url.searchParams.get('claims'), claims)
    const back = await browser.signIn(entra.url, { until: REDIRECT_URI })
    assert.ok(codeOf(back))
  })

  test("Entra's token is sent to Microsoft's Graph, or to the login host, and nowhere else", async () => {
    const asked: string[] = []
    detour.intercept = async (url, go) => {
      asked.push(url.href)
      return isMember(url, go)
    }
    await signIn(server.url)
    const { origin } = server.emulator
    const others = asked.filter((href) => new URL(href).origin !== origin)
    assert.deepEqual(
      others.filter((href) => href !== 'https://graph.microsoft.com/v1.0/me/checkMemberGroups'),
      [],
    )
    assert.equal(asked.filter((href) => href.endsWith('/me/checkMemberGroups')).length, 1)
  })

  test('the address that a token of too many groups names is not followed', async () => {
    const asked: string[] = []
    const forger = createForger()
    const endpoint = 'https://evil.example/getMemberObjects'
    forger.forgery = {
      access_token: set({
        groups: undefined,
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint } },
      }),
    }
    const through: typeof fetch = async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      asked.push(url.href)
      return isMember(url, () => forger.fetch(input, init))
    }
    await using other = await startEntrance({
      entrance: { fetch: through, allow: { groups: [FINANCE] } },
    })
    const { page } = await trySignIn(other.url)
    // The token is the forger's own, which the emulator takes for nobody's.
    assert.equal(page.status, 500, page.text)
    assert.deepEqual(
      asked.filter((href) => href.startsWith('https://evil.example')),
      [],
    )
  })
})

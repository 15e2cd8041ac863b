import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import {
  createGuest,
  createTenant,
  createUser,
  SEED,
  type Tenant,
} from '../../src/emulator/emulator.ts'
import { createEntrance } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { assertRefused, formRequest, isLet, refreshOf } from '../attacks/support.ts'
import { addGroup, trySignIn } from '../support/admission.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, json, type SignedIn, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { applicationOf } from '../support/scopes.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const FINANCE = 'f1a7ce00-0000-4000-8000-000000000001'

/** What Microsoft Graph was asked. */
const lookUps = ({ emulator }: RunningEntrance) =>
  emulator.seen.filter(({ path }) => path?.endsWith('/me/checkMemberGroups'))

suite('groups that tokens do not name', () => {
  let server: RunningEntrance
  before(async () => {
    server = await startEntrance({ entrance: { allow: { groups: [FINANCE] } } })
  })
  after(() => server.stop())
  beforeEach(() => {
    const { emulator } = server
    emulator.directory.groups = []
    applicationOf(emulator).groupMembershipClaims = null
  })

  test('are looked up at Microsoft Graph, once for a sign-in and once for a refresh', async () => {
    addGroup(server.emulator, 'Finance', [SEED.alice]).id = FINANCE
    const before = lookUps(server).length
    const alice = await signIn(server.url)
    assert.equal(lookUps(server).length - before, 1)
    const renewed = await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    assert.ok((await json<TokenResponse>(renewed)).access_token)
    assert.equal(lookUps(server).length - before, 2)

    const { page } = await trySignIn(server.url, { account: 'Bob' })
    assert.equal(page.status, 403)
    assert.match(page.text, /\(rule 'groups'\)/)
  })

  test('count by way of another group, and no longer than the person is in it', async () => {
    const team = addGroup(server.emulator, 'Team', [SEED.alice])
    addGroup(server.emulator, 'Finance', [team.id]).id = FINANCE
    const alice = await signIn(server.url)
    team.members = []
    const refused = await alice.client.refresh(alice.client_id, alice.tokens.refresh_token)
    await assertRefused(refused, 400, 'invalid_grant', /\(rule 'groups'\)/)
    assert.equal(await isLet(alice, alice.tokens.access_token), false)
  })

  test('are looked up for whoever is in more than 200, too many for a token', async () => {
    const { emulator } = server
    applicationOf(emulator).groupMembershipClaims = 'SecurityGroup'
    for (let i = 0; i < 201; i++) addGroup(emulator, `Group ${i}`, [SEED.alice, SEED.bob])
    addGroup(emulator, 'Finance', [SEED.bob]).id = FINANCE
    const before = lookUps(server).length
    assert.ok((await signIn(server.url, { account: 'Bob' })).tokens.access_token)
    const { page } = await trySignIn(server.url)
    assert.equal(page.status, 403)
    assert.match(page.text, /\(rule 'groups'\)/)
    assert.equal(lookUps(server).length - before, 2)
  })

  test('are looked up for nobody whose token names them all', async () => {
    const { emulator } = server
    applicationOf(emulator).groupMembershipClaims = 'SecurityGroup'
    for (let i = 0; i < 199; i++) addGroup(emulator, `Group ${i}`, [SEED.alice])
    addGroup(emulator, 'Finance', [SEED.alice]).id = FINANCE
    const before = lookUps(server).length
    await signIn(server.url)
    assert.equal(lookUps(server).length, before)
  })

  test('are those of a guest in this tenant', async () => {
    const { directory } = server.emulator
    const home = createTenant({ domains: ['home.example'] })
    const dave = createUser({ tenantId: home.id, userPrincipalName: 'dave@home.example' })
    const guest = createGuest(dave, directory.tenants[0] as Tenant)
    directory.tenants.push(home)
    directory.users.push(dave, guest)
    addGroup(server.emulator, 'Finance', [dave.id]).id = FINANCE
    const { page } = await trySignIn(server.url, { account: 'dave' })
    assert.equal(page.status, 403, page.text)
    for (const group of directory.groups) group.members = [guest.id]
    assert.ok(codeOf((await trySignIn(server.url, { account: 'dave' })).page))
  })
})

test('of a rule with many groups, membership in the last one is enough', async () => {
  const ids = Array.from({ length: 44 }, (_, i) => FINANCE.replace(/01$/, `${i + 10}`))
  await using server = await startEntrance({ entrance: { allow: { groups: [...ids, FINANCE] } } })
  addGroup(server.emulator, 'Finance', [SEED.alice]).id = FINANCE
  await signIn(server.url)
  assert.equal(lookUps(server).length, 3)
})

test('whoever signed in before there was the rule signs in again, consents, and stays', async (t) => {
  const entrance = { store: memoryStore(), secret: 'a-master-key-of-forty-characters-at-least' }
  await using server = await startEntrance({ entrance })
  const { emulator, url } = server
  addGroup(emulator, 'Finance', [SEED.alice]).id = FINANCE
  const before = await signIn(url)

  const { tenantId, application, origin: authority } = emulator
  const changed = createEntrance({
    ...entrance,
    url,
    entra: { tenantId, ...application, authority },
    allow: { groups: [FINANCE] },
  })
  t.after(() => changed.close())
  const refresh = (signedIn: SignedIn) =>
    changed.fetch(formRequest(`${url}/token`, refreshOf(signedIn, signedIn.tokens)))
  const ended = /\(AADSTS65001\)\. Sign in again\.$/
  await assertRefused(await refresh(before), 400, 'invalid_grant', ended)

  // The person's browser reaches the server as it is now.
  const browser = createBrowser((input, init) => {
    const request = new Request(input as URL, init)
    return request.url.startsWith(url) ? changed.fetch(request) : fetch(request)
  })
  const after = await signIn(url, { browser })
  assert.ok((await json<TokenResponse>(await refresh(after))).access_token)
})

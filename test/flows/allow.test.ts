import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createTenant, createUser, SEED } from '../../src/emulator/emulator.ts'
import {
  type AllowOptions,
  createEntrance,
  type Entrance,
  type EntranceOptions,
} from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { assertRefused, formRequest, isLet, refreshOf } from '../attacks/support.ts'
import { addGroup, nameGuests, trySignIn } from '../support/admission.ts'
import { callTool } from '../support/application.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { textOf } from '../support/forms.ts'
import { json, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { applicationOf, claimsOf } from '../support/scopes.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** What the link of the page brings the application. */
function answerOf(page: Page): URLSearchParams {
  const [, href = ''] = /class="button primary" href="([^"]+)"/.exec(page.html) ?? []
  return new URL(textOf(href)).searchParams
}

/** Starts a server for Bob alone, by one rule; it is he who has a role in the seed. */
async function startFor(rule: string): Promise<RunningEntrance> {
  const allow = {
    users: [SEED.bob],
    roles: ['Expenses.Approver', 'Expenses.Auditor'],
    groups: [FINANCE],
    guests: false,
  }[rule]
  const server = await startEntrance({
    entrance: { allow: { [rule]: allow, contact: 'it-help@entrance.example' } },
  })
  const { emulator } = server
  addGroup(emulator, 'Finance', [SEED.bob]).id = FINANCE
  addGroup(emulator, 'Staff', [SEED.alice, SEED.bob])
  applicationOf(emulator).groupMembershipClaims = 'SecurityGroup'
  nameGuests(emulator)
  setGuest(server, SEED.alice)
  return server
}

const FINANCE = 'f1a7ce00-0000-4000-8000-000000000001'

function setGuest({ emulator }: RunningEntrance, id: string): void {
  const user = emulator.directory.users.find((one) => one.id === id)
  if (user) user.userType = 'Guest'
}

/** How Bob ceases to meet each rule, where Entra is who knows. */
const ENDS: ReadonlyMap<string, (server: RunningEntrance) => void> = new Map([
  [
    'groups',
    ({ emulator }) => {
      for (const group of emulator.directory.groups.filter(({ id }) => id === FINANCE)) {
        group.members = []
      }
    },
  ],
  [
    'roles',
    ({ emulator }) => {
      for (const principal of emulator.directory.servicePrincipals) {
        principal.appRoleAssignedTo = []
      }
    },
  ],
  ['guests', (server) => setGuest(server, SEED.bob)],
])

for (const rule of ['users', 'groups', 'roles', 'guests']) {
  suite(`the rule '${rule}'`, () => {
    let server: RunningEntrance
    before(async () => {
      server = await startFor(rule)
    })
    after(() => server.stop())

    test('shows whoever does not meet it a page that names it, and whom to ask', async () => {
      const { page, authorization } = await trySignIn(server.url)
      assert.deepEqual([page.status, page.url.pathname], [403, '/auth/callback'])
      assert.match(page.text, /This account is not let in/)
      assert.match(page.text, /You signed in as alice@entrance\.example\./)
      assert.ok(page.text.includes(`(rule '${rule}')`), page.text)
      assert.match(page.text, /To be let in, ask it-help@entrance\.example ?\./)
      const answer = answerOf(page)
      assert.equal(answer.get('error'), 'access_denied')
      assert.ok(answer.get('error_description')?.includes(`(rule '${rule}')`))
      assert.match(answer.get('error_description') ?? '', /ask it-help@entrance\.example/)
      assert.deepEqual(
        [answer.get('state'), answer.get('iss'), answer.get('code')],
        [authorization.state, server.url, null],
      )
    })

    test('is named in the log, with the person that it kept out', async () => {
      await trySignIn(server.url)
      const line = server.logs.findLast(({ event }) => event === 'admission.refused')
      assert.deepEqual(
        [line?.level, line?.rule, line?.tid, line?.oid, line?.client],
        ['warn', rule, SEED.tenantId, SEED.alice, 'Test client'],
      )
    })

    test('lets in whoever meets it, and renews their access', async () => {
      const bob = await signIn(server.url, { account: 'Bob' })
      const renewed = await json<TokenResponse>(
        await bob.client.refresh(bob.client_id, bob.tokens.refresh_token),
      )
      const { count } = await callTool<{ count: number }>(
        ...([bob.client, renewed.access_token, 'get_expenses'] as const),
      )
      assert.equal(count, 0)
      // Whatever decided, it is between Entra and the server: tools get what they always get.
      const text = JSON.stringify(claimsOf(renewed.access_token))
      assert.doesNotMatch(text, new RegExp(`${FINANCE}|groups|acct`))
    })

    const end = ENDS.get(rule)
    if (!end) return
    test('ends the access of whoever does not meet it any more, at the next refresh', async () => {
      const bob = await signIn(server.url, { account: 'Bob' })
      end(server)
      // Until then what was given is good: no longer than an access token lives.
      assert.equal(await isLet(bob, bob.tokens.access_token), true)
      const { refresh_token } = bob.tokens
      const refused = await bob.client.refresh(bob.client_id, refresh_token)
      await assertRefused(refused, 400, 'invalid_grant', new RegExp(`\\(rule '${rule}'\\)`))
      assert.equal(await isLet(bob, bob.tokens.access_token), false)
      const again = await bob.client.refresh(bob.client_id, refresh_token)
      await assertRefused(again, 400, 'invalid_grant', new RegExp(`the rule '${rule}' is not met`))
      const line = server.logs.findLast(({ event }) => event === 'admission.refused')
      assert.deepEqual([line?.rule, line?.oid], [rule, SEED.bob])
    })
  })
}

suite('a rule of the configuration', () => {
  test('holds for those who are signed in, at their next refresh at the latest', async () => {
    const store = memoryStore()
    await using server = await startEntrance({ entrance: { store, secret: SECRET } })
    const bob = await signIn(server.url, { account: 'Bob' })
    const { tenantId, application, origin: authority } = server.emulator
    await using changed = await createEntranceOver({
      url: server.url,
      secret: SECRET,
      store,
      entra: { tenantId, ...application, authority },
      allow: { users: [SEED.alice.toUpperCase()], contact: 'Ask Carol.' },
    })
    const request = formRequest(`${server.url}/token`, refreshOf(bob, bob.tokens))
    const expected = /is not one of them \(rule 'users'\)\. Ask Carol\.$/
    await assertRefused(await changed.fetch(request), 400, 'invalid_grant', expected)
    const authorization = `Bearer ${bob.tokens.access_token}`
    const { host } = new URL(server.url)
    assert.equal(changed.authenticate({ authorization, host, origin: null }).isAllowed, false)
  })

  test('lets a person see and end what they allowed, though they may not come in any more', async () => {
    await using server = await startEntrance({ entrance: { allow: { users: [SEED.bob] } } })
    const browser = createBrowser()
    const { page } = await trySignIn(server.url, { browser })
    assert.equal(page.status, 403)
    const apps = await browser.open(`${server.url}/auth/apps`)
    const entra = await browser.press(apps, /Sign in/)
    assert.match((await browser.press(entra, /Alice/)).text, /alice@entrance\.example/)
  })
})

suite('where people of several tenants sign in', () => {
  const other = createTenant({ domains: ['other.example'] })
  const carol = createUser({ tenantId: other.id, userPrincipalName: 'carol@other.example' })

  async function startForMany(
    allow: AllowOptions,
    options: Partial<Pick<EntranceOptions, 'store' | 'secret'>> = {},
  ): Promise<RunningEntrance> {
    const server = await startEntrance({
      entrance: { ...options, allow, entra: { tenantId: 'organizations' } },
    })
    const { directory } = server.emulator
    directory.tenants.push(other)
    directory.users.push({ ...carol })
    applicationOf(server.emulator).signInAudience = 'AzureADMultipleOrgs'
    return server
  }

  const rows: readonly (readonly [AllowOptions, alice: string, carol: string])[] = [
    [{ tenants: 'any' }, 'in', 'in'],
    [{ tenants: [SEED.tenantId] }, 'in', 'tenants'],
    [{ tenants: [other.id.toUpperCase()] }, 'tenants', 'in'],
    [{ tenants: 'any', users: [`${SEED.tenantId}/${SEED.alice}`] }, 'in', 'users'],
    // Of the right object ids, in each other's tenants.
    [
      { tenants: 'any', users: [`${other.id}/${SEED.alice}`, `${SEED.tenantId}/${carol.id}`] },
      'users',
      'users',
    ],
  ]
  for (const [allow, ...expected] of rows) {
    test(`${JSON.stringify(allow)}: Alice ${expected[0]}, Carol ${expected[1]}`, async () => {
      await using server = await startForMany(allow)
      for (const [at, account] of ['Alice', 'carol'].entries()) {
        const { page } = await trySignIn(server.url, { account })
        if (expected[at] === 'in') {
          assert.ok(page.url.searchParams.get('code'), page.text)
        } else {
          assert.equal(page.status, 403, page.text)
          assert.ok(page.text.includes(`(rule '${expected[at]}')`), page.text)
        }
      }
    })
  }

  test('a tenant that is taken off the list ends the access of its people', async () => {
    const store = memoryStore()
    await using server = await startForMany({ tenants: 'any' }, { store, secret: SECRET })
    const signedIn = await signIn(server.url, { account: 'carol' })
    const { application, origin: authority } = server.emulator
    await using changed = await createEntranceOver({
      url: server.url,
      secret: SECRET,
      store,
      entra: { tenantId: 'organizations', ...application, authority },
      allow: { tenants: [SEED.tenantId] },
    })
    const request = formRequest(`${server.url}/token`, refreshOf(signedIn, signedIn.tokens))
    const refused = await changed.fetch(request)
    await assertRefused(refused, 400, 'invalid_grant', /\(rule 'tenants'\)/)
  })
})

const SECRET = 'a-master-key-of-forty-characters-at-least'

async function createEntranceOver(options: EntranceOptions): Promise<Entrance & AsyncDisposable> {
  const entrance = createEntrance(options)
  await entrance.ready()
  return { ...entrance, [Symbol.asyncDispose]: () => entrance.close() }
}

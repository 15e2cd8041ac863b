import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  createEmulator,
  createGroup,
  type RunningEmulator,
  SEED,
  type StartOptions,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import { launchChromium, withoutChromium } from '../support/chromium.ts'
import {
  type Answer,
  account,
  assertRefused,
  entrance,
  getCode,
  heading,
  openBrowser,
  redeem,
  refresh,
  signIn,
} from './support.ts'

const ALICE = `/_directory/users/${SEED.alice}`

test('a person is disabled and enabled, and their sessions revoked', async (t) => {
  const { emulator, open, submit } = await start(t)
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.match(await submit(ALICE, 'disable'), /The account is disabled/)
  assertRefused(await refresh(emulator, body.refresh_token), 50057, 'invalid_grant')
  assert.match(await submit(ALICE, 'enable'), /The account is enabled/)
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  emulator.clock.advance(1)
  await submit(ALICE, 'revokeSessions')
  assertRefused(await refresh(emulator, body.refresh_token), 50173, 'invalid_grant')
  assert.equal(heading(await open(ALICE)), 'Alice')
})

test('redirect URIs are set by platform; what Entra would not take is refused', async (t) => {
  const { emulator, app, submit } = await start(t)
  const web = 'https://a.example/cb\r\n\r\n http://localhost:1/cb \n'
  await submit(app, 'redirectUris', { web, spa: '', publicClient: 'myapp://auth' })
  const { web: saved, publicClient } = entrance(emulator)
  assert.deepEqual(saved.redirectUris, ['https://a.example/cb', 'http://localhost:1/cb'])
  assert.deepEqual(publicClient.redirectUris, ['myapp://auth'])
  for (const wrong of ['http://a.example/', 'nonsense', 'https://a.example/#x', 'https://*.x/']) {
    const page = await submit(app, 'redirectUris', { web: wrong, spa: '', publicClient: '' })
    assert.match(page, /class="notice bad" role="alert"/, wrong)
  }
  const many = Array.from({ length: 257 }, (_, i) => `https://a.example/${i}`).join('\n')
  assert.match(await submit(app, 'redirectUris', { web: many }), /No more than 256/)
  assert.equal(entrance(emulator).web.redirectUris.length, 2)
})

test('token version, scopes and secrets', async (t) => {
  const { emulator, app, submit } = await start(t)
  await submit(app, 'tokenVersion', { version: 'null' })
  assert.equal(entrance(emulator).api.requestedAccessTokenVersion, null)
  assert.match(await submit(app, 'tokenVersion', { version: '3' }), /null, 1 or 2/)

  await submit(app, 'addScope', { value: 'files.read' })
  assert.match(await submit(app, 'addScope', { value: 'files.read' }), /already/)
  assert.match(await submit(app, 'addScope', { value: 'two words' }), /one word/)
  const [first] = entrance(emulator).api.oauth2PermissionScopes
  await submit(app, 'disableScope', { scope: String(first?.id) })
  assert.equal(first?.isEnabled, false)
  await submit(app, 'enableScope', { scope: String(first?.id) })
  assert.deepEqual(
    entrance(emulator).api.oauth2PermissionScopes.map(({ value, isEnabled }) => [value, isEnabled]),
    [
      ['mcp-access', true],
      ['files.read', true],
    ],
  )
})

test('a new secret is shown once, an old one never; it expires and is removed', async (t) => {
  const { emulator, app, open, submit } = await start(t)
  const shown = await submit(app, 'addSecret', { name: 'CI', days: '30' })
  const secret = /<code>(entra-emulator~[\w-]{32})<\/code>/.exec(shown)?.[1]
  assert.ok(secret)
  const [old, added] = entrance(emulator).passwordCredentials
  assert.equal(added?.secretText, secret)
  const later = await open(app)
  assert.ok(!later.text.includes(secret) && !later.text.includes(SEED.clientSecret))
  await submit(app, 'expireSecret', { secret: String(old?.keyId) })
  const answer = await redeem(emulator, { code: await getCode(emulator) })
  assertRefused(answer, 7000222, 'invalid_client')
  await submit(app, 'removeSecret', { secret: String(added?.keyId) })
  assert.equal(entrance(emulator).passwordCredentials.length, 1)
  assert.match(await submit(app, 'addSecret', { name: '', days: '9999' }), /from 1 to 730/)
})

test('assignment is required, people and groups are assigned and removed', async (t) => {
  const { emulator, app, submit } = await start(t)
  const staff = createGroup({ tenantId: SEED.tenantId, displayName: 'Staff' })
  emulator.directory.groups.push(staff)
  const principal = emulator.directory.servicePrincipals[0]
  assert.ok(principal)
  const which = { principal: principal.id }
  await submit(app, 'requireAssignment', which)
  assert.equal(principal.appRoleAssignmentRequired, true)
  const [role] = entrance(emulator).appRoles
  const assignment = { principalId: staff.id, appRoleId: String(role?.id) }
  assert.match(await submit(app, 'assign', { ...which, ...assignment }), /Staff is assigned/)
  assert.deepEqual(principal.appRoleAssignedTo.at(-1), assignment)
  assert.match(await submit(app, 'assign', { ...which, ...assignment }), /already/)
  assert.match(await submit(app, 'assign', { ...which, ...assignment, appRoleId: 'x' }), /Choose/)
  const last = principal.appRoleAssignedTo.length - 1
  const wrong = { ...which, index: '0', principalId: staff.id }
  assert.match(await submit(app, 'unassign', wrong), /not there any more/)
  await submit(app, 'unassign', { ...wrong, index: String(last) })
  assert.equal(principal.appRoleAssignedTo.length, last)
  await submit(app, 'disablePrincipal', which)
  assert.equal(principal.accountEnabled, false)
  assert.match(await submit(app, 'assign', { principal: SEED.alice }), /not there any more/)
})

test('a consent is revoked, a policy switched, consent by people forbidden', async (t) => {
  const { emulator, submit } = await start(t)
  await signIn(emulator)
  const { directory } = emulator
  const [grant] = directory.oauth2PermissionGrants
  const count = directory.oauth2PermissionGrants.length
  await submit('/', 'revoke', {}, `/_directory/consents/${grant?.id}`)
  assert.equal(directory.oauth2PermissionGrants.length, count - 1)

  const id = crypto.randomUUID()
  const applications = { includeApplications: [SEED.clientId] }
  directory.conditionalAccessPolicies.push({
    id,
    displayName: 'Second factor',
    state: 'enabled',
    conditions: { applications },
    modifiedDateTime: '2026-01-01T00:00:00Z',
  })
  await submit('/', 'disable', {}, `/_directory/policies/${id}`)
  assert.equal(directory.conditionalAccessPolicies[0]?.state, 'disabled')

  await submit(`/_directory/tenants/${SEED.tenantId}`, 'policies', { blockSecrets: 'on' })
  const [tenant] = directory.tenants
  assert.equal(tenant?.allowUserConsent, false)
  assert.equal(tenant?.secretPolicy.isBlocked, true)
})

test('a form of another site, browser or name changes nothing (CSRF, DNS rebinding)', async (t) => {
  const { emulator, browser, open } = await start(t)
  const page = await open(ALICE)
  const token = tokenOf(page)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const post = (headers: Record<string, string>, form: Record<string, string>, host?: string) =>
    emulator.fetch(
      new Request(`${host ?? emulator.origin}${ALICE}`, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ action: 'disable', ...form }),
      }),
    )
  const own = { cookie, 'sec-fetch-site': 'same-origin' }
  const theirs = tokenOf(await openBrowser(emulator).get(`${emulator.origin}${ALICE}`))
  for (const [name, answer] of [
    ['no token', await post(own, {})],
    ['a made up token', await post(own, { token: 'x' })],
    ['another browser’s token', await post(own, { token: theirs })],
    ['no cookie', await post({ 'sec-fetch-site': 'same-origin' }, { token })],
    ['another site', await post({ ...own, 'sec-fetch-site': 'cross-site' }, { token })],
    ['another origin', await post({ cookie, origin: 'https://evil.example' }, { token })],
  ] as const) {
    assert.equal(answer.status, 403, name)
  }
  const elsewhere = await post(own, { token }, `http://evil.example:${emulator.port}`)
  assert.equal(elsewhere.status, 421)
  assert.equal(account(emulator, 'Alice').accountEnabled, true)
  assert.equal((await post(own, { token })).status, 303)
  assert.equal(account(emulator, 'Alice').accountEnabled, false)
})

test('a page asked for by another name has no form to steal (DNS rebinding)', async (t) => {
  const { emulator } = await start(t)
  const page = await emulator.fetch(new Request(`http://evil.example:${emulator.port}${ALICE}`))
  assert.equal(page.status, 421)
  assert.ok(!(await page.text()).includes('<'))
})

test('where others can reach it, or it does not listen, nothing can be changed', async (t) => {
  const reachable = await start(t, { host: '0.0.0.0' })
  for (const emulator of [reachable.emulator, createEmulator()]) {
    const browser = openBrowser(emulator)
    for (const path of ['/', ALICE, `/_directory/applications/${entrance(emulator).id}`]) {
      const page = await browser.get(`${emulator.origin}${path}`)
      assert.equal(page.status, 200)
      assert.ok(!page.text.includes('<form'), path)
    }
    const body = new URLSearchParams({ action: 'disable' })
    const url = `${emulator.origin}${ALICE}`
    assert.equal((await emulator.fetch(new Request(url, { method: 'POST', body }))).status, 403)
  }
})

test('what is not there is 404, and a link cannot put words on the page', async (t) => {
  const { open } = await start(t)
  for (const path of [
    '/_directory/',
    '/_directory/users/x',
    '/_directory/people/x',
    '/_directory/consents/x',
  ]) {
    assert.equal((await open(path)).status, 404, path)
  }
  assert.ok(!(await open('/?notice=Give%20me%20your%20password')).text.includes('password'))
})

test('names from the directory are escaped', async (t) => {
  const { emulator, app, open } = await start(t)
  const evil = '"><script>alert(1)</script>'
  entrance(emulator).displayName = evil
  entrance(emulator).web.redirectUris = [`https://x.example/</textarea>${evil}`]
  account(emulator, 'Alice').displayName = evil
  for (const path of ['/', app, ALICE])
    assert.ok(!(await open(path)).text.includes('<script'), path)
})

test('by keyboard alone: in Chromium, in light and dark, wide and narrow, nothing sticks out', {
  skip: withoutChromium,
}, async (t) => {
  const { emulator, app } = await start(t)
  await signIn(emulator)
  await using chromium = await launchChromium()
  const page = await chromium.context.newPage()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 })
      for (const path of ['/', app, ALICE, `/_directory/tenants/${SEED.tenantId}`]) {
        await page.goto(`${emulator.origin}${path}`)
        const widths = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        assert.equal(widths, 0, `${path} at ${width}`)
      }
    }
  }
  await page.goto(`${emulator.origin}${ALICE}`)
  await page.getByRole('button', { name: 'Disable the account' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  assert.equal(account(emulator, 'Alice').accountEnabled, false)
  await page.reload()
  assert.equal(account(emulator, 'Alice').accountEnabled, false)
})

async function start(t: TestContext, options: StartOptions = {}) {
  const emulator: RunningEmulator = await startEmulator({ port: 0, ...options })
  t.after(() => emulator.close())
  const browser = openBrowser(emulator)
  const open = (path: string) => browser.get(`${emulator.origin}${path}`)
  /** Fills in the form of a page; gives what is shown then. */
  const submit = async (
    path: string,
    action: string,
    fields: Record<string, string> = {},
    to = path,
  ): Promise<string> => {
    const page = await open(path)
    assert.ok(page.text.includes(`<form method="post" action="${to}">`), `${path} has a form`)
    const body = new URLSearchParams({ token: tokenOf(page), action, ...fields })
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const init = { method: 'POST', body, headers: { cookie }, redirect: 'manual' as const }
    const answer = await fetch(`${emulator.origin}${to}`, init)
    const next = answer.headers.get('location')
    return next === null ? answer.text() : (await open(next)).text
  }
  return {
    emulator,
    browser,
    open,
    submit,
    app: `/_directory/applications/${entrance(emulator).id}`,
  }
}

function tokenOf(page: Answer): string {
  return /name="token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
}

import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import { SEED } from '../../src/emulator/emulator.ts'
import { trySignIn } from '../support/admission.ts'
import { createBrowser, type Page } from '../support/browser.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

let server: RunningEntrance
before(async () => {
  server = await startEntrance()
})
after(() => server.stop())
beforeEach(() => {
  const { directory } = server.emulator
  directory.oauth2PermissionGrants.length = 0
  const [tenant] = directory.tenants
  assert.ok(tenant)
  tenant.allowUserConsent = false
})

/** Bob signs in, meets Entra's "Need admin approval", and goes back. */
async function signInBob() {
  const browser = createBrowser()
  const { page, authorization } = await trySignIn(server.url, { account: 'Bob', browser })
  assert.match(page.text, /Need admin approval/)
  const until = authorization.redirect_uri
  return { page: await browser.press(page, /Return/, { until }), authorization, browser }
}

/** The address of the link whose attribute or text has this in it. */
function linkIn({ html }: Page, words: RegExp): URL {
  const [link = ''] = html.match(/<a [^>]*>[^<]*/g)?.filter((tag) => words.test(tag)) ?? []
  const [, href = ''] = /href="([^"]*)"/.exec(link) ?? []
  return new URL(href.replaceAll('&amp;', '&').replaceAll('&#39;', "'"))
}

suite('where people may not consent themselves', () => {
  test('the person is shown the address to send to an administrator, and the way back', async () => {
    const { page } = await signInBob()
    assert.equal(page.status, 403)
    assert.match(page.text, /AADSTS90094/)
    const address = linkIn(page, /adminconsent/)
    assert.equal(
      address.origin + address.pathname,
      `${server.emulator.origin}/${SEED.tenantId}/v2.0/adminconsent`,
    )
    assert.equal(address.searchParams.get('redirect_uri'), `${server.url}/auth/callback`)
    assert.match(address.searchParams.get('scope') ?? '', /^api:\/\/[\w-]+\/mcp-access openid /)
    const told = linkIn(page, /Return to the application/).searchParams
    assert.equal(told.get('error'), 'access_denied')
    assert.match(told.get('error_description') ?? '', /AADSTS90094: .* Trace ID: [0-9a-f-]{36}$/)
    const line = server.logs.findLast(({ event }) => event === 'entra.refused')
    assert.equal(line?.aadsts, 90094)
  })

  test('an administrator consents there for everybody, is told so, and the person signs in', async () => {
    const { page } = await signInBob()
    const given = await createBrowser().signIn(linkIn(page, /adminconsent/), { account: 'Ada' })
    assert.equal(given.status, 200)
    assert.match(given.text, /Consent is given/)
    await signIn(server.url, { account: 'Bob' })
  })

  test('whoever may not consent for everybody is told so, and nothing is granted', async () => {
    const { page } = await signInBob()
    const browser = createBrowser()
    const asked = await browser.signIn(linkIn(page, /adminconsent/), { account: 'Alice' })
    const refused = await browser.press(asked, /Return/)
    assert.equal(refused.status, 400)
    assert.match(refused.text, /Consent was not given/)
    assert.deepEqual(server.emulator.directory.oauth2PermissionGrants, [])
  })
})

suite('an answer about an administrator’s consent, which anybody can make up', () => {
  for (const query of [
    'admin_consent=True&tenant=x&scope=y',
    'error=x&error_description=Call+555-0100+at+evil.example&state=admin-consent',
    'admin_consent=True&error=x&error_description=Call+555-0100',
    'code=stolen&state=admin-consent',
  ]) {
    test(`says and does nothing of its own: ${query}`, async () => {
      const { browser, authorization } = await signInBob()
      const page = await browser.open(`${server.url}/auth/callback?${query}`, {
        until: authorization.redirect_uri,
      })
      assert.ok(page.url.href.startsWith(server.url), page.url.href)
      assert.doesNotMatch(page.html, /555-0100|evil\.example|stolen/)
      assert.deepEqual(page.headers.getSetCookie(), [])
    })
  }

  test('does not stand in the way of a sign-in that has a code', async () => {
    const response = await fetch(`${server.url}/auth/callback?code=x&state=y&admin_consent=True`)
    assert.equal(response.status, 403)
    assert.match(await response.text(), /was not started in this browser/)
  })
})

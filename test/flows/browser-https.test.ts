import assert from 'node:assert/strict'
import { after, before, mock, suite, test } from 'node:test'
import type { BrowserContext, Cookie, Page, Request } from 'playwright-core'
import { installApplication } from '../support/application.ts'
import { createCertificate, createLoopbackFetch } from '../support/certificate.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { allow, finish, openBrowser, signInAtEntra } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** Two registrable domains, as a company's and Microsoft's are. */
const ENTRANCE_HOST = 'entrance.test'
const ENTRA_HOST = 'login.emulator-idp.test'

suite('Entrance and Entra on different sites over HTTPS', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    const tls = await createCertificate([ENTRANCE_HOST, ENTRA_HOST])
    // For Entrance as for the client: the names exist in this test only.
    mock.method(globalThis, 'fetch', createLoopbackFetch(tls))
    const emulator = { tls, hostname: ENTRA_HOST }
    server = await startEntrance({ tls, hostname: ENTRANCE_HOST, emulator })
    const [registration] = server.emulator.directory.applications
    registration?.web.redirectUris.push(`${server.url}/auth/callback`)
    chromium = await launchChromium({ args: ['--host-resolver-rules=MAP *.test 127.0.0.1'] })
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
    mock.restoreAll()
  })

  test('__Host- cookies, Secure, HttpOnly and Lax, come back with Entra’s redirect', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { ignoreHTTPSErrors: true })
    const page = await browser.newPage()
    const callbacks = watchCallbacks(page)
    const authorization = application.start()
    await page.goto(authorization.url.href)
    const [own, ...others] = await cookiesOfEntrance(browser)
    assert.equal(own?.name, '__Host-entrance')
    assert.deepEqual(others, [])

    await allow(page)
    assert.equal(new URL(page.url()).hostname, ENTRA_HOST)
    const cookies = await cookiesOfEntrance(browser)
    assert.equal(cookies.length, 2)
    for (const cookie of cookies) {
      assert.match(cookie.name, /^__Host-entrance/)
      const { domain, path, secure, httpOnly, sameSite } = cookie
      const expected = { domain: ENTRANCE_HOST, path: '/', secure: true, httpOnly: true }
      assert.deepEqual({ domain, path, secure, httpOnly }, expected)
      assert.equal(sameSite, 'Lax')
    }

    // Entra's two forms are POSTs, the last of which is answered with the redirect to us.
    await signInAtEntra(page, 'Alice')
    const [callback] = callbacks
    assert.ok(callback)
    assert.equal(callback.method(), 'GET')
    assert.equal(callback.redirectedFrom()?.method(), 'POST')
    const headers = await callback.allHeaders()
    assert.equal(headers['sec-fetch-site'], 'cross-site')
    for (const { name, value } of cookies) {
      assert.ok(headers.cookie?.includes(`${name}=${value}`), name)
    }

    const response = await application.response()
    assert.equal(response.get('iss'), server.url)
    assert.ok((await application.redeem(authorization, response)).access_token)
    const left = (await cookiesOfEntrance(browser)).map(({ name }) => name)
    assert.deepEqual(left.toSorted(), ['__Host-entrance', '__Host-entrance-session'])
  })

  test('a sign-in works from a link on another site, and again once consent is given', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { ignoreHTTPSErrors: true })
    const page = await browser.newPage()
    const callbacks = watchCallbacks(page)
    for (const _ of ['first', 'second']) {
      const authorization = application.start()
      await page.goto(server.emulator.origin)
      await follow(page, authorization.url)
      const response = await finish(page, application, 'Bob')
      assert.ok((await application.redeem(authorization, response)).access_token)
    }
    const sites = await Promise.all(
      callbacks.map((callback) => callback.headerValue('sec-fetch-site')),
    )
    assert.deepEqual(sites, ['cross-site', 'cross-site'])
  })

  test('two sign-ins at once, back from Entra and Deny hold across sites too', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { ignoreHTTPSErrors: true })
    const first = await browser.newPage()
    const second = await browser.newPage()
    const authorizations = [application.start(), application.start()] as const
    await first.goto(authorizations[0].url.href)
    await second.goto(authorizations[1].url.href)
    await allow(first)
    await allow(second)
    await first.goBack()
    await allow(first)
    await signInAtEntra(second, 'Alice')
    assert.equal((await application.response()).get('state'), authorizations[1].state)
    await signInAtEntra(first, 'Alice')
    assert.equal((await application.response()).get('state'), authorizations[0].state)

    await first.goto(application.start().url.href)
    await first.getByRole('button', { name: 'Deny' }).click()
    assert.equal((await application.response()).get('error'), 'access_denied')
  })

  test('Entra’s answer as a cross-site POST does not reach the sign-in', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { ignoreHTTPSErrors: true })
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    await allow(page)
    const { seen } = server.emulator
    const asked = seen.findLast(({ endpoint }) => endpoint === 'authorize')?.params
    assert.equal(asked?.get('response_mode'), 'query')
    const answered = page.waitForResponse((answer) => answer.url().includes('/auth/callback'))
    const fields = { state: asked?.get('state') ?? '', code: 'a-code' }
    await post(page, `${server.url}/auth/callback`, fields)
    assert.equal((await answered).status(), 405)
    const { cookie = '' } = await (await answered).request().allHeaders()
    assert.ok(!cookie.includes('__Host-entrance-tx-'), 'SameSite=Lax keeps it at home')
    assert.deepEqual(application.received, [])
  })
})

/** The requests that Entra's answers make. */
function watchCallbacks(page: Page): readonly Request[] {
  const callbacks: Request[] = []
  page.on('request', (request) => {
    if (request.url().startsWith(`https://${ENTRANCE_HOST}`)) {
      if (new URL(request.url()).pathname === '/auth/callback') callbacks.push(request)
    }
  })
  return callbacks
}

async function cookiesOfEntrance(browser: BrowserContext): Promise<Cookie[]> {
  return (await browser.cookies()).filter(({ domain }) => domain.endsWith(ENTRANCE_HOST))
}

/** Follows a link from where the page is. */
async function follow(page: Page, url: URL): Promise<void> {
  await page.evaluate(`location.assign(${JSON.stringify(url.href)})`)
  await page.getByRole('button', { name: 'Allow Access' }).waitFor()
}

/** Submits a form from where the page is. */
async function post(page: Page, url: string, fields: Record<string, string>): Promise<void> {
  await page.evaluate(`(() => {
    const form = document.createElement('form')
    form.method = 'post'
    form.action = ${JSON.stringify(url)}
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      const input = document.createElement('input')
      form.append(Object.assign(input, { name, value }))
    }
    document.body.append(form)
    form.submit()
  })()`)
}

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { allow, openBrowser } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

/** How long the browser may take, in milliseconds; a busy machine is slow. */
const TIMEOUT = 20_000

/** Whatever an attribute or a refresh could spoil. */
const STATE = `a+b "c" 'd' <e>; url=https://evil.example & f`

suite('a client with a private-use scheme, in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    chromium = await launchChromium()
    server = await startEntrance()
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
  })

  test('its code is on a page that goes to the program by itself, and by a button', async () => {
    await using application = await installApplication(server.url, { redirect_uris: [CURSOR] })
    await using browser = await openBrowser(chromium, { javaScriptEnabled: false })
    const page = await browser.newPage()
    const attempts = await watchNavigations(page)
    const authorization = application.start({ redirect_uri: CURSOR, state: STATE })
    await page.goto(authorization.url.href)
    await allow(page)
    await page.getByRole('button', { name: 'Alice' }).click()
    const callback = page.waitForResponse((answer) => answer.url().includes('/auth/callback?'))
    await page.getByRole('button', { name: 'Accept' }).click()

    const answer = await callback
    assert.equal(answer.status(), 200)
    const headers = await answer.allHeaders()
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'/)
    const href = await checkReturnPage(page)
    // By itself: the browser has asked the system to open the address.
    await attempts.until(1)
    const expected = href.replaceAll("'", '%27')
    assert.deepEqual(attempts.urls, [expected])
    // The page is still there, and so is the button, which leads to the same address.
    await page.getByRole('heading', { name: 'Back to the application' }).waitFor()
    assert.ok(await page.getByRole('link', { name: 'Open the application' }).isVisible())

    const response = new URL(href).searchParams
    assert.equal(response.get('state'), STATE)
    assert.equal(response.get('iss'), server.url)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('Deny leads there too', async () => {
    await using application = await installApplication(server.url, { redirect_uris: [CURSOR] })
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const attempts = await watchNavigations(page)
    await page.goto(application.start({ redirect_uri: CURSOR }).url.href)
    await page.getByRole('button', { name: 'Deny' }).click()
    const href = await checkReturnPage(page)
    assert.equal(new URL(href).searchParams.get('error'), 'access_denied')
    await attempts.until(1)
  })

  test('an error leads there too', async () => {
    await using application = await installApplication(server.url, { redirect_uris: [CURSOR] })
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const attempts = await watchNavigations(page)
    const { url } = application.start({ redirect_uri: CURSOR, scope: 'everything' })
    const answer = await page.goto(url.href).catch(() => undefined)
    if (answer) assert.equal(answer.status(), 200)
    const href = await checkReturnPage(page)
    assert.equal(new URL(href).searchParams.get('error'), 'invalid_scope')
    await attempts.until(1)
  })
})

/** Gives the address that the page goes to. */
async function checkReturnPage(page: Page): Promise<string> {
  await page.getByRole('heading', { name: 'Back to the application' }).waitFor()
  assert.match(await page.getByRole('main').innerText(), /takes cursor: addresses/)
  const href = await page.getByRole('link', { name: 'Open the application' }).getAttribute('href')
  assert.ok(href?.startsWith(`${CURSOR}?`), href ?? 'no link')
  return href ?? ''
}

/** The addresses of that scheme that the browser sets out for, as its own protocol reports them. */
async function watchNavigations(page: Page) {
  const session = await page.context().newCDPSession(page)
  const urls: string[] = []
  const seen = new EventEmitter()
  session.on('Page.frameRequestedNavigation', ({ url }) => {
    if (url.startsWith('cursor:')) seen.emit('navigation', urls.push(url))
  })
  await session.send('Page.enable')
  return {
    urls,
    async until(count: number) {
      const signal = AbortSignal.timeout(TIMEOUT)
      while (urls.length < count) await once(seen, 'navigation', { signal })
    },
  }
}

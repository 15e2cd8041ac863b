import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { type Application, installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { findOverflow, measureContrasts } from '../support/measure.ts'
import { finish, openBrowser } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

suite('the page of a person in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    chromium = await launchChromium()
    server = await startEntrance({ entrance: { name: 'Expenses', consent: 'remember' } })
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
  })

  test('a person signs in to it, sees what has access, and revokes it, without JavaScript', async () => {
    await using editor = await installApplication(server.url, { client_name: 'Editor' })
    await using assistant = await installApplication(server.url, { client_name: 'Assistant' })
    await using elsewhere = await openBrowser(chromium)
    const tokens = new Map<Application, string>()
    for (const application of [editor, assistant]) {
      tokens.set(application, await signInTo(elsewhere, application))
    }

    // From another computer, say: this browser has never been here.
    await using browser = await openBrowser(chromium, { javaScriptEnabled: false })
    const page = await openApps(browser, server)
    const names = await page.getByRole('heading', { level: 2 }).allInnerTexts()
    assert.deepEqual(names.toSorted(), ['Assistant', 'Editor'])
    const entry = page.getByRole('listitem').filter({ hasText: 'Editor' })
    assert.match(await entry.innerText(), /127\.0\.0\.1 on a computer of yours/)
    assert.match(await entry.innerText(), /Since\s+\d+ \w+ \d{4}, \d\d:\d\d UTC/)

    await page.getByRole('button', { name: 'Revoke Editor' }).click()
    await page.getByRole('heading', { name: 'Editor' }).waitFor({ state: 'detached' })
    assert.equal(await isLet(editor, tokens), false)
    assert.equal(await isLet(assistant, tokens), true)
    await page.getByRole('button', { name: 'Revoke Assistant' }).click()
    await page.getByText('No application has access.').waitFor()
    assert.equal(await isLet(assistant, tokens), false)

    await page.getByRole('button', { name: 'Sign out here' }).click()
    await page.getByRole('button', { name: 'Sign in with Microsoft Entra ID' }).waitFor()
    const cookies = (await browser.cookies(server.url)).map(({ name }) => name)
    assert.ok(!cookies.includes('entrance-session'))
  })

  test('an address typed in with 127.0.0.1 leads to the configured host', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.port}/auth/apps`)
    assert.equal(page.url(), `${server.url}/auth/apps`)
  })

  test('the keyboard does for all of it, and the focus is seen', async () => {
    await using editor = await installApplication(server.url, { client_name: 'Keyboard' })
    await using browser = await openBrowser(chromium)
    await signInTo(browser, editor)
    const page = await browser.newPage()
    await page.goto(`${server.url}/auth/apps`)
    await page.keyboard.press('Tab')
    const focus = page.locator(':focus')
    assert.equal(await focus.evaluate((element) => element.matches(':focus-visible')), true)
    assert.equal(await focus.getAttribute('aria-label'), 'Revoke Keyboard')
    await page.keyboard.press('Enter')
    await page.getByText('No application has access.').waitFor()
  })

  test('nothing is cut off on a narrow screen, and every text has the contrast of WCAG AA', async () => {
    const client_name = 'W'.repeat(80)
    const long = { client_name, redirect_uris: [`https://${'long-'.repeat(12)}x.example.com/cb`] }
    await using editor = await installApplication(server.url, { client_name })
    await using other = await installApplication(server.url, long)
    await using cursor = await installApplication(server.url, { redirect_uris: [CURSOR] })
    await using browser = await openBrowser(chromium, {
      viewport: { width: 320, height: 640 },
      reducedMotion: 'reduce',
    })
    const page = await browser.newPage()
    const consent = other.start({ redirect_uri: long.redirect_uris[0] }).url.href
    const denied = cursor.start({ redirect_uri: CURSOR, scope: 'nothing' }).url.href
    for (const url of [`${server.url}/auth/apps`, consent, denied]) {
      await page.goto(url).catch(() => {})
      await checkLooks(page)
    }
    await signInTo(browser, editor)
    await page.goto(`${server.url}/auth/apps`)
    await page.getByRole('heading', { level: 2 }).first().waitFor()
    await checkLooks(page)
  })
})

async function checkLooks(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  assert.deepEqual(await findOverflow(page), [], await page.title())
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const contrasts = await measureContrasts(page)
    assert.ok(contrasts.length > 3)
    const pale = contrasts.filter(({ ratio }) => ratio < 4.5)
    assert.deepEqual(pale, [], `${colorScheme} ${await page.title()}`)
  }
}

/** Signs Alice in to an application, and gives the access token. */
async function signInTo(browser: BrowserContext, application: Application): Promise<string> {
  const page = await browser.newPage()
  const authorization = application.start()
  await page.goto(authorization.url.href)
  const response = await finish(page, application)
  await page.close()
  return (await application.redeem(authorization, response)).access_token
}

/** Signs Alice in to her own page. */
async function openApps(browser: BrowserContext, { url }: RunningEntrance): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(`${url}/auth/apps`)
  await page.getByRole('button', { name: 'Sign in with Microsoft Entra ID' }).click()
  await page.getByRole('button', { name: 'Alice' }).click()
  await page.getByText('Signed in as').waitFor()
  return page
}

async function isLet(
  application: Application,
  tokens: ReadonlyMap<Application, string>,
): Promise<boolean> {
  const list = { method: 'tools/list' }
  const { status } = await application.client.mcp(tokens.get(application), list)
  return status === 200
}

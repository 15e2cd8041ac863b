import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { findOverflow, measureContrasts } from '../support/measure.ts'
import { openBrowser } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** As long as a registration lets them be. */
const LONG_REDIRECT_URI = `https://a-host-with-a-long-name.example.com/${'callback'.repeat(48)}`
const LONG_NAME = 'W'.repeat(500)

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

suite('the pages in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    chromium = await launchChromium()
    server = await startEntrance({ entrance: { name: 'Expenses' } })
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
  })

  test('the keyboard does for the whole sign-in, and the focus is seen', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    const { keyboard } = page

    await keyboard.press('Tab')
    assert.equal(await focused(page), 'Details')
    await keyboard.press('Enter')
    assert.ok(await page.getByText(application.client_id).isVisible())
    await keyboard.press('Space')
    assert.equal(await page.getByText(application.client_id).isVisible(), false)
    await keyboard.press('Tab')
    assert.equal(await focused(page), 'Allow Access')
    await keyboard.press('Tab')
    assert.equal(await focused(page), 'Deny')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Enter')

    await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
    await tabTo(page, /Bob/)
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Permissions requested' }).waitFor()
    await tabTo(page, /Accept/)
    await keyboard.press('Enter')
    assert.ok((await application.response()).get('code'))
  })

  test('a screen reader is told everything: roles, names, language', async () => {
    const metadata = { client_name: 'Test Editor' }
    await using application = await installApplication(server.url, metadata)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    for (const url of pagesOf(server, application.start().url)) {
      await page.goto(url)
      assert.equal(await page.locator('html').getAttribute('lang'), 'en')
      assert.equal(await page.getByRole('main').count(), 1)
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1)
      const controls = await page.locator('a, button, summary, input:not([type=hidden])').all()
      assert.ok(controls.length > 0)
      for (const control of controls) assert.match(await control.innerText(), /\w/)
    }
    await page.goto(application.start().url.href)
    const destination = page.getByRole('group', { name: 'Credentials will be sent to:' })
    assert.ok((await destination.innerText()).includes(application.redirect_uri))
    // Whoever jumps to the button hears once more where the answer goes.
    const description = `Credentials will be sent to: ${application.redirect_uri}`
    const allow = page.getByRole('button', { name: 'Allow Access', description, exact: true })
    assert.equal(await allow.count(), 1)
  })

  test('every text has the contrast of WCAG AA, light and dark', async () => {
    await using application = await installApplication(server.url)
    await using cursor = await installApplication(server.url, { redirect_uris: [CURSOR] })
    await using browser = await openBrowser(chromium, { reducedMotion: 'reduce' })
    const page = await browser.newPage()
    const starts = [application.start().url, cursor.start({ redirect_uri: CURSOR }).url]
    for (const url of starts.flatMap((start) => pagesOf(server, start))) {
      await page.goto(url)
      await openDetails(page)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const contrasts = await measureContrasts(page)
        assert.ok(contrasts.length > 5, `${contrasts.length} texts`)
        const pale = contrasts.filter(({ ratio }) => ratio < 4.5)
        assert.deepEqual(pale, [], `${colorScheme} ${url}`)
      }
    }
  })

  test('nothing is cut off or scrolls sideways on a narrow screen, however long', async () => {
    const metadata = { client_name: LONG_NAME, redirect_uris: [LONG_REDIRECT_URI] }
    await using application = await installApplication(server.url, metadata)
    await using browser = await openBrowser(chromium, { viewport: { width: 320, height: 640 } })
    const page = await browser.newPage()
    const redirect_uri = LONG_REDIRECT_URI
    const foreign = application.start({ redirect_uri: `${redirect_uri}/${'other'.repeat(9)}` }).url
    for (const url of [...pagesOf(server, application.start({ redirect_uri }).url), foreign.href]) {
      await page.goto(url)
      await openDetails(page)
      assert.deepEqual(await findOverflow(page), [], await page.title())
    }
  })

  test('a page asks for nothing else, and the console stays silent', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      // That a page came with a status of 400 or more is what it is about.
      const isStatus = /^Failed to load resource: .* status of 4\d\d/.test(message.text())
      if (!isStatus) complaints.push(`${message.type()}: ${message.text()}`)
    })
    for (const url of pagesOf(server, application.start().url)) {
      requests.length = 0
      await page.goto(url, { waitUntil: 'networkidle' })
      await openDetails(page)
      const sent = requests.filter((address) => !address.startsWith('data:'))
      // The address itself, and where it leads.
      assert.deepEqual(sent, [...new Set([url, page.url()])])
    }
    assert.deepEqual(complaints, [])
  })

  const NAMES: readonly (readonly [what: string, name: string, shown: string])[] = [
    ['with markup', '<script>alert(1)</script><b>&amp;', '<script>alert(1)</script><b>&amp;'],
    ['that turns the direction of the text', 'a\u202Egnp.exe\u2066\u200F b', 'agnp.exe b'],
    ['of 500 characters', 'x'.repeat(500), 'x'.repeat(80)],
    ['of emoji', '🦊 Fox 🦊', '🦊 Fox 🦊'],
    ['from right to left', 'עורך (1)', 'עורך (1)'],
  ]
  for (const [what, client_name, expected] of NAMES) {
    test(`a client name ${what} is shown as text and changes nothing else`, async () => {
      await using application = await installApplication(server.url, { client_name })
      await using browser = await openBrowser(chromium)
      const page = await browser.newPage()
      page.on('dialog', () => assert.fail('A script ran.'))
      await page.goto(application.start().url.href)
      assert.equal(await page.locator('.lead bdi').first().innerText(), expected)
      assert.equal(await page.locator('script, b').count(), 0)
      assert.equal(await page.getByRole('button').count(), 2)
      const shown = await page.getByRole('main').innerText()
      assert.match(shown, /wants to access the MCP server Expenses in your name\./)
      assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/)
      assert.ok(shown.includes(`Credentials will be sent to:\n\n${application.redirect_uri}\n`))
    })
  }
})

/** Consent, and the three kinds of error page. */
function pagesOf({ url }: RunningEntrance, start: URL): string[] {
  const unknown = new URL(start)
  unknown.searchParams.set('client_id', 'e1.unknown')
  return [
    start.href,
    unknown.href,
    `${url}/consent?request=changed`,
    `${url}/auth/callback?code=c&state=s`,
  ]
}

/** The text of what has the focus, which must be seen to have it. */
async function focused(page: Page): Promise<string> {
  const focus = page.locator(':focus')
  assert.equal(await focus.evaluate((element) => element.matches(':focus-visible')), true)
  return (await focus.innerText()).trim()
}

async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press('Tab')
    if (name.test(await focused(page))) return
  }
  assert.fail(`${name} cannot be reached with Tab.`)
}

async function openDetails(page: Page): Promise<void> {
  for (const details of await page.locator('details:not([open]) > summary').all()) {
    await details.click()
  }
}

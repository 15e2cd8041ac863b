import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { createOAuthClient, json } from '../support/oauth-client.ts'
import { allow, finish, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

const TEN_MINUTES = 10 * 60 * 1000

suite('what a person in Chromium is told when something is wrong', {
  skip: withoutChromium,
}, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('a consent address that was changed is refused, and says so', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    const address = new URL(page.url())
    const sealed = address.searchParams.get('request') ?? ''
    const middle = Math.floor(sealed.length / 2)
    const changed = sealed[middle] === 'A' ? 'B' : 'A'
    address.searchParams.set(
      'request',
      sealed.slice(0, middle) + changed + sealed.slice(middle + 1),
    )
    await expectPage(page, address, {
      status: 400,
      heading: 'This request cannot be answered',
      text: /not started here, or its address has been changed/,
    })
  })

  test('a consent page open for more than ten minutes is refused, and says so', async (t) => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await page.goto(application.start().url.href)
    t.mock.timers.setTime(Date.now() + TEN_MINUTES + 1000)
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
    await page.getByRole('button', { name: 'Allow Access' }).click()
    assert.equal((await answered).status(), 400)
    assert.match(await page.getByRole('main').innerText(), /has taken too long/)
    assert.deepEqual(server.emulator.seen, [])
    assert.deepEqual(application.received, [])
  })

  test('more than ten minutes at Entra end on a page that says so, without a code', async (t) => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await page.goto(application.start().url.href)
    await allow(page)
    t.mock.timers.setTime(Date.now() + TEN_MINUTES + 1000)
    await page.getByRole('button', { name: 'Alice' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('heading', { name: 'This sign-in cannot go on' }).waitFor()
    assert.match(await page.getByRole('main').innerText(), /took longer than ten minutes/)
    assert.deepEqual(application.received, [])
  })

  test('an unknown client’s person is told how each client registers anew', async () => {
    await using server = await startEntrance()
    await using other = await startEntrance({ emulator: server.emulator })
    const registration = await createOAuthClient(other.url).register()
    const { client_id } = await json<{ client_id: string }>(registration)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const { url } = createOAuthClient(server.url).authorization(client_id)
    await expectPage(page, url, {
      status: 400,
      heading: 'Client Not Registered',
      text: /registers/,
    })
    const steps = await page.getByRole('listitem').allInnerTexts()
    const cures = ['VS Code', 'Claude Code', 'Cursor', 'Codex', 'Inspector', 'mcp-remote']
    for (const [at, name] of cures.entries()) {
      assert.match(steps[at] ?? '', new RegExp(`^(MCP )?${name}: .{10,}`))
    }
    for (const command of [
      'Authentication: Remove Dynamic Authentication Providers',
      'claude mcp logout NAME',
      'codex mcp login NAME',
      '--relogin',
      '~/.mcp-auth',
    ]) {
      assert.ok(steps.join('\n').includes(command), command)
    }
  })

  test('a redirect URI that is not the client’s is named, and nobody is sent there', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const redirect_uri = 'https://elsewhere.example/callback'
    await expectPage(page, application.start({ redirect_uri }).url, {
      status: 400,
      heading: 'This request cannot be answered',
      text: /https:\/\/elsewhere\.example\/callback/,
    })
    assert.equal(await page.getByRole('link').count(), 0)
  })

  test('while Entra is away Allow says so, and works again once Entra is back', async () => {
    const emulator = await startEmulator({ port: 0 })
    await using server = await startEntrance({ emulator })
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await emulator.close()
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
    await page.getByRole('button', { name: 'Allow Access' }).click()
    assert.equal((await answered).status(), 503)
    await page.getByRole('heading', { name: 'Microsoft Entra ID is not answering' }).waitFor()

    const restarted = await startEmulator({ port: emulator.port })
    try {
      await page.getByRole('link', { name: 'Try again' }).click()
      const response = await finish(page, application)
      assert.ok((await application.redeem(authorization, response)).access_token)
    } finally {
      await restarted.close()
    }
  })

  test('what the operator has to mend is shown with its cure and a way back', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const [registration] = server.emulator.directory.applications
    assert.ok(registration)
    registration.api.requestedAccessTokenVersion = null
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await allow(page)
    await page.getByRole('button', { name: 'Alice' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('heading', { name: 'The sign-in could not be completed' }).waitFor()
    assert.match(await page.getByRole('main').innerText(), /requestedAccessTokenVersion/)
    assert.deepEqual(application.received, [])
    await page.getByRole('link', { name: 'Return to the application' }).click()
    const response = await application.response()
    assert.equal(response.get('error'), 'server_error')
    assert.equal(response.get('state'), authorization.state)
  })
})

type Expected = { status: number; heading: string; text: RegExp }

async function expectPage(page: Page, url: URL, { status, heading, text }: Expected) {
  const response = await page.goto(url.href)
  assert.equal(response?.status(), status)
  assert.equal(await page.title(), heading)
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), heading)
  const shown = await page.getByRole('main').innerText()
  assert.match(shown, text)
  assert.match(shown, /What to do/)
}

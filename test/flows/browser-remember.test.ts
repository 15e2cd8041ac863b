import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { escapeHtml } from '../../src/http/html.ts'
import { type Application, installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { finish, openBrowser, signInAtEntra } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

suite('a remembered consent in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    chromium = await launchChromium()
    server = await startEntrance({ entrance: { consent: 'remember' } })
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
  })

  test('an address that a program opens goes on to Entra, by either name of this computer', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    await allowOnce(browser, application)
    for (const host of ['localhost', '127.0.0.1']) {
      const page = await browser.newPage()
      const authorization = application.start()
      await page.goto(authorization.url.href.replace('localhost', host))
      await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
      await signInAtEntra(page, 'Alice')
      const response = await application.response()
      if (host === 'localhost') await application.redeem(authorization, response)
    }
  })

  test('a link on another site is asked about, and so is the page when it is loaded again', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    await allowOnce(browser, application)
    const page = await browser.newPage()
    await using site = await serveSite(application.start().url.href)
    await page.goto(site.url)
    await page.getByRole('link', { name: 'Win' }).click()
    await isAsked(page)
    await page.reload()
    await isAsked(page)
    await page.goto(`${server.url}/health`)
    await page.goBack()
    await isAsked(page)
    // Nor does a window help that the site opens, or a page that goes on by itself.
    await page.goto(site.url)
    const opened = browser.waitForEvent('page')
    await page.evaluate(`window.open(document.links[0].href)`)
    await isAsked(await opened)
    await page.goto(`${site.url}refresh`)
    await isAsked(page)
  })

  test('a redirect of another server is not told by the browser, so Entra’s page asks (GHSA-6x8h-498w-gv8c)', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    await allowOnce(browser, application)
    await using site = await serveSite(application.start().url.href)
    const page = await browser.newPage()
    await page.goto(`${site.url}redirect`)
    await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
    assert.match(await page.getByRole('main').innerText(), /to continue to Entrance/)
    assert.equal(application.received.length, 1, 'nothing more has come to the application')
  })

  test('another account is asked before there is a code, and can allow or deny', async () => {
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    await allowOnce(browser, application)
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await page.getByRole('button', { name: 'Bob' }).click()
    const accept = page.getByRole('button', { name: 'Accept' })
    const note = page.getByText('You chose bob@entrance.example at Microsoft Entra ID')
    await accept.or(note).waitFor()
    if (await accept.isVisible()) await accept.click()
    await note.waitFor()
    await isAsked(page)
    assert.equal(application.received.length, 1)
    // Bob has just signed in at Entra, which has nothing more to ask.
    await page.getByRole('button', { name: 'Allow Access' }).click()
    await page.getByRole('heading', { name: 'Back in the application' }).waitFor()
    const tokens = await application.redeem(authorization, await application.response())
    const [, payload = ''] = tokens.access_token.split('.')
    const { oid } = JSON.parse(String(Buffer.from(payload, 'base64url')))
    assert.equal(oid, server.emulator.directory.users.find((u) => u.displayName === 'Bob')?.id)
  })
})

/** Allows the application, for the first time. */
async function allowOnce(browser: BrowserContext, application: Application): Promise<void> {
  const page = await browser.newPage()
  const authorization = application.start()
  await page.goto(authorization.url.href)
  await application.redeem(authorization, await finish(page, application))
  await page.close()
}

async function isAsked(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Application Access Request' }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/consent')
}

/** Another site, http://127.0.0.1 as seen from http://localhost, that leads somewhere in three ways. */
async function serveSite(target: string): Promise<AsyncDisposable & { url: string }> {
  const href = escapeHtml(target)
  const server = createServer((request, response) => {
    if (request.url === '/redirect') return void response.writeHead(302, { location: target }).end()
    const body =
      request.url === '/refresh'
        ? `<meta http-equiv="refresh" content="0; url=${href}">`
        : `<a href="${href}">Win</a>`
    response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html>${body}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

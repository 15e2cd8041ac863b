import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { escapeHtml } from '../../src/http/html.ts'
import { installApplication } from '../support/application.ts'
import { createBrowser } from '../support/browser.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { finish, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

suite('a sign-in belongs to the browser it was allowed in', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('the callback address of one person is refused in the browser of another', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    const authorization = application.start()
    // One who can stop before the callback and hand its address to somebody else.
    const bob = createBrowser()
    const callback = `${server.url}/auth/callback`
    const { url } = await bob.signIn(authorization.url, { account: 'Bob', until: callback })
    assert.ok(url.searchParams.get('code'))

    await using alice = await openBrowser(chromium)
    const page = await alice.newPage()
    // In the midst of a sign-in of her own, too.
    await page.goto(application.start().url.href)
    await page.getByRole('button', { name: 'Allow Access' }).click()
    await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
    const response = await page.goto(url.href)
    assert.equal(response?.status(), 403)
    await page.getByRole('heading', { name: 'This sign-in cannot go on' }).waitFor()
    assert.match(await page.getByRole('main').innerText(), /not started in this browser/)
    assert.deepEqual(application.received, [])

    // The address was not used up by it: its owner ends the sign-in.
    const ended = await bob.open(url, { until: application.redirect_uri })
    assert.ok((await application.redeem(authorization, ended.url.searchParams)).access_token)
  })

  test('the answered form of one person is refused in the browser of another', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using bob = await openBrowser(chromium)
    const stolen = await bob.newPage()
    await stolen.goto(application.start().url.href)
    const fields = await fieldsOf(stolen)

    await using alice = await openBrowser(chromium)
    const page = await alice.newPage()
    await page.goto(application.start().url.href)
    for (const [name, value] of fields) {
      const field = page.locator(`input[name=${name}]`)
      await field.evaluate((input, text) => input.setAttribute('value', text), value)
    }
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
    await page.getByRole('button', { name: 'Allow Access' }).click()
    assert.equal((await answered).status(), 403)
    await page.getByRole('heading', { name: 'This answer cannot be taken' }).waitFor()
    assert.deepEqual(server.emulator.seen, [])
    assert.deepEqual(application.received, [])

    // It was Bob's to give, and still is.
    assert.ok((await finish(stolen, application, 'Bob')).get('code'))
  })

  test('another site’s form cannot answer for the person, even with the right token', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    const inputs = [...(await fieldsOf(page)), ['action', 'allow'] as const]
      .map(([name, value]) => `<input name="${name}" value="${escapeHtml(value)}">`)
      .join('')
    const form = `<form method="post" action="${server.url}/consent">${inputs}<button>Win</button>`

    await using site = await serveHtml(form)
    await page.goto(site.url)
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
    await page.getByRole('button', { name: 'Win' }).click()
    const request = (await answered).request()
    assert.equal(await request.headerValue('sec-fetch-site'), 'cross-site')
    assert.equal((await answered).status(), 403)
    await page.getByRole('heading', { name: 'This sign-in cannot go on' }).waitFor()
    assert.deepEqual(server.emulator.seen, [])
    assert.deepEqual(application.received, [])
  })

  test('another site cannot show the consent page in a frame', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const address = escapeHtml(application.start().url.href)
    await using site = await serveHtml(`<h1>Win</h1><iframe src="${address}"></iframe>`)
    await page.goto(site.url)
    const [, frame] = page.frames()
    await frame?.waitForURL(/^chrome-error:/)
    assert.equal(await frame?.getByRole('button', { name: 'Allow Access' }).count(), 0)
    const shown = server.logs.filter(({ event }) => event === 'consent.shown')
    assert.equal(shown.length, 1, 'The frame did ask for the page.')
  })
})

/** What the consent form carries besides the button. */
async function fieldsOf(page: Page): Promise<[name: string, value: string][]> {
  const inputs = await page.locator('form input[type=hidden]').all()
  return Promise.all(
    inputs.map(async (input) => [
      (await input.getAttribute('name')) ?? '',
      (await input.getAttribute('value')) ?? '',
    ]),
  )
}

/** Another site: http://127.0.0.1, as seen from http://localhost. */
async function serveHtml(body: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_request, response) => {
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

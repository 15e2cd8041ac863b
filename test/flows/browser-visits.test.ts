import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { escapeHtml } from '../../src/http/html.ts'
import { stopClock } from '../attacks/support.ts'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { allow, finish, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

suite('visits that nobody meant, in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('a page that is fetched ahead of time starts nothing, and is there when it is opened', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const addresses = [authorization.url.href, `${server.url}/auth/apps`]
    const page = await browser.newPage()
    const ahead = await prefetch(browser, addresses)
    assert.deepEqual(
      ahead.map(({ purpose, status }) => [purpose, status]),
      addresses.map(() => ['prefetch', 503]),
    )
    assert.deepEqual(await browser.cookies(server.url), [])
    const asked = server.logs.filter(({ event }) => event === 'authorize.accepted')
    assert.deepEqual(asked, [])
    await page.goto(authorization.url.href)
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('a callback that is fetched ahead of time uses up neither code nor cookie', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await allow(page)
    // Stopped at the door, so that the address is known before it is opened.
    const door = page.waitForRequest((request) => request.url().includes('/auth/callback?'))
    await page.route('**/auth/callback?*', (route) => route.abort())
    await page.getByRole('button', { name: 'Alice' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    const callback = (await door).url()
    await page.unroute('**/auth/callback?*')

    const [ahead] = await prefetch(browser, [callback])
    assert.deepEqual([ahead?.purpose, ahead?.status], ['prefetch', 503])
    await page.goto(callback)
    const response = await application.response()
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('a link scanner that opens everything before the person does spoils nothing', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const first = await fetch(authorization.url, { redirect: 'manual' })
    const consent = first.headers.get('location') ?? ''
    for (const address of [authorization.url.href, consent, `${server.url}/auth/apps`]) {
      for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
        const answer = await fetch(address, { method })
        assert.equal(answer.status, 200, `${method} ${address}`)
      }
    }
    assert.deepEqual(server.emulator.seen, [])
    const page = await browser.newPage()
    await page.goto(consent)
    await fetch(consent)
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('a tab that is restored after its time says so, and what to do', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    using clock = stopClock()
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    const address = page.url()
    clock.forward(601)
    const restored = await browser.newPage()
    const answer = await restored.goto(address)
    assert.equal(answer?.status(), 400)
    assert.match(await restored.getByRole('main').innerText(), /taken too long.*application/s)
    // The tab that was left open is answered in the same way.
    await page.getByRole('button', { name: 'Allow Access' }).click()
    await page.getByText('This sign-in has taken too long.').waitFor()
    assert.deepEqual(application.received, [])
  })

  test('33 sign-ins that were allowed and left leave room for the next, session and all', async () => {
    await using server = await startEntrance({ entrance: { consent: 'remember' } })
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    await finish(page, application)
    await using other = await installApplication(server.url, { client_name: 'Another' })
    for (let left = 0; left < 33; left++) {
      await page.goto(other.start({ state: 's'.repeat(400) }).url.href)
      await page.getByRole('button', { name: 'Allow Access' }).click()
      await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
    }
    const size = await cookieSize(browser, server.url)
    assert.ok(size <= 6 * 1024, `${size} bytes`)
    assert.ok(size > 3 * 1024, `${size} bytes: some are kept`)
    const names = (await browser.cookies(server.url)).map(({ name }) => name)
    assert.ok(names.includes('entrance-session'))
    const authorization = other.start()
    await page.goto(authorization.url.href)
    const response = await finish(page, other)
    assert.ok((await other.redeem(authorization, response)).access_token)
  })
})

async function cookieSize(browser: BrowserContext, url: string): Promise<number> {
  const ours = (await browser.cookies(url)).filter(({ name }) => name.startsWith('entrance'))
  return ours.map(({ name, value }) => `${name}=${value}`).join('; ').length
}

type Ahead = { readonly purpose: string | null; readonly status: number }

/** Has the browser fetch addresses ahead of time, from a page on another port of localhost. */
async function prefetch(browser: BrowserContext, addresses: readonly string[]): Promise<Ahead[]> {
  const links = addresses.map((href) => `<link rel="prefetch" href="${escapeHtml(href)}">`)
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html>${links.join('')}`)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  const page = await browser.newPage()
  try {
    const answers = addresses.map((address) =>
      page.waitForResponse((answer) => answer.url() === address),
    )
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
    return await Promise.all(
      answers.map(async (answered) => {
        const answer = await answered
        const purpose = await answer.request().headerValue('sec-purpose')
        return { purpose, status: answer.status() }
      }),
    )
  } finally {
    await page.close()
    server.close()
    server.closeAllConnections()
  }
}

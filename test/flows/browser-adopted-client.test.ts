import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { finish, openBrowser } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

suite('an unknown client in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('is adopted on a page of its own, and not in a frame or by a script', async () => {
    await using server = await startEntrance({ entrance: { registration: { adopt: true } } })
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const authorization = application.start({ client_id: 'lost-registration' })
    const { href } = authorization.url

    // Another site: the application's own page will do.
    await page.goto(application.redirect_uri.replace('/callback', '/'))
    const framed = page.waitForResponse((response) => response.url() === href)
    await page.setContent(`<iframe src="${href.replaceAll('&', '&amp;')}"></iframe>`)
    assert.equal((await framed).status(), 400)
    const fetched = page.waitForResponse((response) => response.url() === href)
    await page.evaluate((url) => void fetch(url, { mode: 'no-cors' }), href)
    assert.equal((await fetched).status(), 400)

    await page.goto(href)
    const shown = await page.getByRole('main').innerText()
    assert.match(shown, /An unverified application that is not registered here wants/)
    const response = await finish(page, application)
    const code = response.get('code') ?? ''
    const own = { ...authorization, client_id: 'lost-registration' }
    assert.equal((await application.client.exchange(own, code)).status, 200)
  })
})

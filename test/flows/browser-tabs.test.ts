import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { allow, finish, openBrowser, signInAtEntra } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

suite('tabs, reloads and the back button in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('a page loaded three times works when its first copy is submitted', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const first = await browser.newPage()
    await first.goto(authorization.url.href)
    for (let copy = 2; copy <= 3; copy++) {
      const page = await browser.newPage()
      await page.goto(authorization.url.href)
      await page.getByRole('button', { name: 'Allow Access' }).waitFor()
    }
    const response = await finish(first, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('a reloaded page can be submitted, and so can a copy of its address', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const page = await browser.newPage()
    await page.goto(authorization.url.href)
    await page.reload()
    const copy = await browser.newPage()
    await copy.goto(page.url())
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
    assert.ok((await finish(copy, application)).get('code'))
  })

  test('a page whose cookie is gone offers the request again, and that works', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const page = await browser.newPage()
    await page.goto(authorization.url.href)
    await browser.clearCookies()
    await page.getByRole('button', { name: 'Allow Access' }).click()
    await page.getByRole('heading', { name: 'This answer cannot be taken' }).waitFor()
    assert.deepEqual(server.emulator.seen, [])
    await page.getByRole('link', { name: 'Show the request again' }).click()
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('back from Entra’s page, the person can allow again, or deny', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const page = await browser.newPage()
    await page.goto(authorization.url.href)
    await allow(page)
    await page.goBack()
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)

    await page.goto(application.start().url.href)
    await allow(page)
    await page.goBack()
    await page.getByRole('button', { name: 'Deny' }).click()
    assert.equal((await application.response()).get('error'), 'access_denied')
  })

  test('back after the whole sign-in, allowing again gives another code', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const authorization = application.start()
    const page = await browser.newPage()
    await page.goto(authorization.url.href)
    const first = await finish(page, application)
    const { access_token } = await application.redeem(authorization, first)

    // The consent page, Entra's two pages, the application.
    await page.evaluate('history.go(-3)')
    const second = await finish(page, application)
    assert.notEqual(second.get('code'), first.get('code'))
    assert.equal(second.get('state'), first.get('state'))
    // The second sign-in is no replay of the first, whose tokens go on.
    assert.ok((await application.redeem(authorization, second)).access_token)
    const list = { method: 'tools/list' }
    assert.equal((await application.client.mcp(access_token, list)).status, 200)
  })

  test('back to Entra after the sign-in, choosing again ends on a page that explains', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    await finish(page, application)
    await page.evaluate('history.go(-2)')
    await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
    const callback = page.waitForResponse((answer) => answer.url().includes('/auth/callback?'))
    await page.getByRole('button', { name: 'Alice' }).click()
    assert.equal((await callback).status(), 403)
    await page.getByRole('heading', { name: 'This sign-in cannot go on' }).waitFor()
    assert.match(await page.getByRole('main').innerText(), /has been finished/)
    assert.equal(application.received.length, 1)
  })

  for (const order of ['first', 'second'] as const) {
    test(`two clients sign in at once in two tabs, the ${order} to begin ends first`, async () => {
      await using server = await startEntrance()
      await using editor = await installApplication(server.url, { client_name: 'Editor' })
      await using assistant = await installApplication(server.url, { client_name: 'Assistant' })
      await using browser = await openBrowser(chromium)
      const tabs = []
      for (const application of [editor, assistant]) {
        const page = await browser.newPage()
        const authorization = application.start()
        await page.goto(authorization.url.href)
        tabs.push({ page, application, authorization })
      }
      for (const { page } of tabs) await allow(page)
      for (const tab of order === 'first' ? tabs : tabs.reverse()) {
        const { page, application, authorization } = tab
        await signInAtEntra(page, 'Alice')
        const response = await application.response()
        assert.equal(response.get('state'), authorization.state)
        assert.ok((await application.redeem(authorization, response)).access_token)
      }
      assert.deepEqual([editor.received.length, assistant.received.length], [1, 1])
    })
  }

  test('three tabs that open at once in a new browser all end in a sign-in', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const pages = await Promise.all([1, 2, 3].map(() => browser.newPage()))
    const tabs = pages.map((page) => ({ page, authorization: application.start() }))
    await Promise.all(tabs.map(({ page, authorization }) => page.goto(authorization.url.href)))
    for (const { page, authorization } of tabs) {
      await page.getByRole('button', { name: 'Allow Access' }).click()
      // Each tab may have been given a cookie of its own, of which the browser kept one.
      const again = page.getByRole('link', { name: 'Show the request again' })
      const picker = page.getByRole('heading', { name: 'Pick an account' })
      await again.or(picker).waitFor()
      if (await again.isVisible()) {
        await again.click()
        await allow(page)
      }
      await signInAtEntra(page, 'Bob')
      const response = await application.response()
      assert.equal(response.get('state'), authorization.state)
      assert.ok((await application.redeem(authorization, response)).access_token)
    }
  })
})

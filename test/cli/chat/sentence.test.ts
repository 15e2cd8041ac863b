import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { lastFriday, openScene, todayIn } from './support.ts'

const SENTENCE = 'Log expense for 75 dollars of office supplies on my visa last Friday'

const scene = await openScene()
after(() => scene[Symbol.asyncDispose]())

const { model } = scene
// What "last Friday" is, the model reckons from what the product has told it, and from nothing else.
model.always((request) => {
  const [result] = request.results
  if (result !== undefined) return { text: `Logged: ${result.split('\n')[0]}` }
  assert.equal(request.said, SENTENCE)
  const args = {
    ...{ date: lastFriday(request), amount: 75, category: 'shopping' },
    ...{ description: 'office supplies', payment_method: 'visa' },
  }
  return { calls: [{ name: 'add_user_expense', args }] }
})

/** Each day of a week and the days about a year's end, with the Friday that is meant. */
const DAYS = [
  ['Monday', '2026-11-23', '2026-11-20'],
  ['Tuesday', '2026-11-24', '2026-11-20'],
  ['Wednesday', '2026-11-25', '2026-11-20'],
  ['Thursday', '2026-11-26', '2026-11-20'],
  ['Friday', '2026-11-27', '2026-11-20'],
  ['Saturday', '2026-11-28', '2026-11-27'],
  ['Sunday', '2026-11-29', '2026-11-27'],
  ['Thursday', '2026-12-31', '2026-12-25'],
  ['Friday', '2027-01-01', '2026-12-25'],
  ['Saturday', '2027-01-02', '2027-01-01'],
  ['Thursday', '2026-01-01', '2025-12-26'],
  ['Friday', '2026-01-02', '2025-12-26'],
  ['Wednesday', '2028-03-01', '2028-02-25'],
] as const

suite('the sentence becomes the right expense, and the answer reaches the terminal', () => {
  for (const [weekday, today, friday] of DAYS) {
    test(`on ${weekday}, ${today}, for ${friday}`, async () => {
      const [year, month, day] = today.split('-').map(Number)
      const now = () => new Date(year as number, (month as number) - 1, day, 12)
      const { ended, out, screen } = scene.sit({ once: SENTENCE, now })
      assert.equal(await ended, undefined, screen())
      await checkLogged(out(), { weekday, today, friday })
    })
  }
})

suite('the command does the same, by its own clock', () => {
  for (const [weekday, today, friday] of DAYS.filter(([, day]) => /-27$|01-0[12]$/.test(day))) {
    test(`on ${weekday}, ${today}, for ${friday}`, async () => {
      const at = `${today}T12:00:00Z`
      const { code, stdout, stderr } = await scene.once(SENTENCE, { at, env: { TZ: 'UTC' } })
      assert.equal(code, 0, stderr)
      await checkLogged(stdout, { weekday, today, friday })
    })
  }
})

suite('which day it is, the person’s time zone says', () => {
  const at = '2026-11-27T11:00:00Z'
  const zones = [
    ['Pacific/Kiritimati', 'Saturday', '2026-11-28', '2026-11-27'],
    ['America/Los_Angeles', 'Friday', '2026-11-27', '2026-11-20'],
  ] as const
  for (const [TZ, weekday, today, friday] of zones) {
    test(`at ${at} it is ${weekday} in ${TZ}`, async () => {
      const { code, stdout, stderr } = await scene.once(SENTENCE, { at, env: { TZ } })
      assert.equal(code, 0, stderr)
      await checkLogged(stdout, { weekday, today, friday })
      assert.match(String(model.requests.at(-1)?.system), new RegExp(TZ))
    })
  }
})

test('a day that begins during a chat is noticed', async () => {
  let now = new Date(2026, 10, 26, 23, 59)
  const { type, sees, ended } = scene.sit({ now: () => now })
  await sees(/> /)
  type(`${SENTENCE}\n`)
  await sees(/Logged: .* on Friday, 2026-11-20/)
  now = new Date(2026, 10, 28, 0, 1)
  await sees(/> /)
  type(`${SENTENCE}\n`)
  await sees(/Logged: .* on Friday, 2026-11-27/)
  assert.match(
    String(model.requests.at(-1)?.system),
    /The conversation began on Thursday, 2026-11-26: since then, the date has changed\./,
  )
  type('/exit\n')
  assert.equal(await ended, undefined)
})

type Expected = { readonly weekday: string; readonly today: string; readonly friday: string }

/** The answer is on stdout, the model was told the day, and the expense is kept. */
async function checkLogged(stdout: string, { weekday, today, friday }: Expected): Promise<void> {
  const pattern = `^Logged: Saved 75\\.00 USD for office supplies on Friday, ${friday} .*\\n$`
  assert.match(stdout, new RegExp(pattern))
  const [first] = model.requests.slice(-2)
  assert.deepEqual(first && todayIn(first), { weekday, day: today })
  const [, id] = /Its id is (\S+)\.\n$/.exec(stdout) ?? []
  const { id: _, created, ...kept } = (await listed()).find((one) => one.id === id) ?? {}
  assert.deepEqual(kept, {
    ...{ date: friday, amount: 75, currency: 'USD', category: 'shopping' },
    ...{ description: 'office supplies', payment_method: 'visa' },
  })
}

async function listed(): Promise<readonly Record<string, unknown>[]> {
  return (await scene.callTool('get_expenses')).expenses as Record<string, unknown>[]
}

import type { Emulator } from '../../../src/emulator/emulator.ts'
import { account, heading, openBrowser } from '../../emulator/support.ts'

/** A person enters a code, picks an account, and answers whether the application is meant. */
export async function enterCode(
  emulator: Emulator,
  code: string,
  { name = 'Alice', decision = 'continue' } = {},
): Promise<void> {
  const browser = openBrowser(emulator)
  const form = await browser.get(`${emulator.origin}/devicelogin`)
  const entered = await browser.submit(form, { otc: code })
  if (!entered.location) throw new Error(`the code is not taken: ${heading(entered)}`)
  const picker = await browser.get(entered.location.href)
  const chosen = await browser.submit(picker, { account: account(emulator, name).id })
  const last = chosen.location ? chosen : await browser.submit(chosen, { decision: 'accept' })
  const page = last.location ? await browser.get(last.location.href) : last
  await browser.submit(page, { decision })
}

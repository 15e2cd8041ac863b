import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Application } from './application.ts'
import type { Chromium } from './chromium.ts'

/** How long anything may take in a browser, in milliseconds; a busy machine is slow. */
const TIMEOUT = 20_000

/** The browser of one more person, or a fresh one of the same: it has no cookie yet. */
export async function openBrowser(
  { context }: Chromium,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const browser = context.browser()
  if (!browser) throw new Error('Chromium does not run any more.')
  const opened = await browser.newContext(options)
  opened.setDefaultTimeout(TIMEOUT)
  return opened
}

/** Allows the application on the consent page that is shown, and waits for Entra's page. */
export async function allow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Allow Access' }).click()
  await page.getByRole('heading', { name: 'Pick an account' }).waitFor()
}

/** Chooses the account, accepts what Entra asks where it asks, and ends in the application. */
export async function signInAtEntra(page: Page, account: string): Promise<void> {
  const accept = page.getByRole('button', { name: 'Accept' })
  const back = page.getByRole('heading', { name: 'Back in the application' })
  await page.getByRole('button', { name: account }).click()
  await accept.or(back).waitFor()
  if (await accept.isVisible()) await accept.click()
  await back.waitFor()
}

/** A whole sign-in from the consent page on; gives what came to the application. */
export async function finish(
  page: Page,
  application: Application,
  account = 'Alice',
): Promise<URLSearchParams> {
  await allow(page)
  await signInAtEntra(page, account)
  return application.response()
}

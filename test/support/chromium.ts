import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium as playwright } from 'playwright-core'
import { chromium, find, howToInstall } from '../../scripts/needs.js'

const executablePath = find(chromium)

/**
 * The `skip` option of a test that needs Chromium: false where there is one, else why it is
 * skipped and what to do.
 */
export const withoutChromium: string | false = executablePath
  ? false
  : `Chromium is not on this machine. ${howToInstall(chromium)}`

export type Chromium = {
  readonly context: BrowserContext
  [Symbol.asyncDispose](): Promise<void>
}

export type ChromiumOptions = {
  /** More switches, e.g. `--host-resolver-rules=…`. */
  args?: readonly string[]
  /** Takes certificates that nobody vouches for: those that a test makes. */
  ignoreHTTPSErrors?: boolean
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
}

/** A real browser with a profile of its own, which goes with it. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  if (withoutChromium) throw new Error(withoutChromium)
  const { args = [], ...rest } = options
  const profile = mkdtempSync(join(tmpdir(), 'entrance-chromium-'))
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const context = await playwright.launchPersistentContext(profile, {
      ...rest,
      executablePath: executablePath as string,
      headless: true,
      args: [...SWITCHES, ...args],
    })
    const close = async () => {
      await context.close()
      remove()
    }
    return { context, [Symbol.asyncDispose]: close }
  } catch (error) {
    remove()
    throw error
  }
}

/** No sandbox: tests run as root in containers too. The rest keeps it from calling home. */
const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

// What the programs of this folder share. Each uses one library as its own documentation has it,
// in a process that trusts the emulator's certificate, and prints what came of each step. Plain
// JavaScript outside the type check: the libraries' packages are installed by `npm test` only.
import { createBrowser } from '../../support/browser.ts'

/** Who is asked, and as whom. */
export const settings = JSON.parse(process.env.SETTINGS ?? '{}')

/** Takes the steps, and prints what each gave, or how it failed, as one line of JSON. */
export async function report(steps) {
  const outcomes = await Promise.all(
    Object.entries(steps).map(async ([name, step]) => {
      try {
        return [name, { value: (await step()) ?? null }]
      } catch (error) {
        return [name, { error: describe(error) }]
      }
    }),
  )
  process.stdout.write(`${JSON.stringify(Object.fromEntries(outcomes))}\n`)
}

/** Signs Alice in at an authorization URL; gives the address that leads back to the application. */
export async function signIn(url, until = settings.redirectUri) {
  const page = await createBrowser().signIn(url, { until })
  return page.url
}

/** Enters a device's code, signs Alice in and confirms the application. */
export async function enterCode(verificationUri, userCode) {
  const browser = createBrowser()
  const form = await browser.open(verificationUri)
  const [fields] = form.forms
  const filled = { ...fields, fields: [['otc', userCode]] }
  let page = await browser.press({ ...form, forms: [filled] }, 'Next')
  for (const wanted of ['Alice', 'Accept', 'Continue']) {
    const labels = page.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))
    const label = labels.find((text) => text.startsWith(wanted))
    if (label) page = await browser.press(page, label)
  }
  return page.text
}

/** Lets the five seconds between a device's questions pass at once. */
export function hurry() {
  const { setTimeout } = globalThis
  globalThis.setTimeout = (callback, ms, ...args) =>
    setTimeout(callback, ms === 5000 ? 20 : ms, ...args)
}

/** What a token says. */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
}

function describe(error) {
  const { name, message, errorCode, errorNo, subError, claims, code, cause, errorResponse } = error
  return { name, message, errorCode, errorNo, subError, claims, code, cause, errorResponse }
}

import type { Browser, Page } from '../../support/browser.ts'
import type { Form } from '../../support/forms.ts'
import {
  type Authorization,
  authorization,
  type Client,
  type Parameters,
  redeem,
  says,
  type Tokens,
  tokensOf,
} from './client.ts'
import { patiently } from './patient.ts'
import { isProducts, type Target } from './target.ts'

/** Where a browser ended up. */
export type Place = 'consent' | 'entra' | 'page' | 'outside'

const ALLOW = /^(allow|approve|authorize|accept)/i
const DENY = /^(deny|cancel|reject|decline)/i

/** Goes to an address, up to Entra's door. */
export function open(target: Target, browser: Browser, url: URL): Promise<Page> {
  return browser.open(url, { until: target.entra.origin })
}

export function placeOf({ site, entra }: Target, page: Page): Place {
  if (page.url.origin === entra.origin) return 'entra'
  if (!isProducts(site, page.url)) return 'outside'
  return page.forms.some((form) => buttonOf(form, ALLOW)) ? 'consent' : 'page'
}

/** Where an authorization request leads, for the evidence. */
export function describe(target: Target, page: Page): string {
  const place = placeOf(target, page)
  if (place === 'page') return `${page.status} page`
  if (place !== 'outside') return place === 'entra' ? 'Entra' : 'the consent page'
  const error = page.url.searchParams.get('error')
  return `a redirect to ${page.url.protocol}//${page.url.host}${error ? ` with ${error}` : ''}`
}

/** Opens the consent page of a request in a browser; throws where there is none. */
export async function openConsent(
  target: Target,
  browser: Browser,
  request: Authorization,
): Promise<Page> {
  const page = await open(target, browser, request.url)
  if (placeOf(target, page) === 'consent') return page
  throw new Error(`no consent page but ${describe(target, page)}: ${page.text.slice(0, 120)}`)
}

/** Presses Allow; gives where the browser is then, Entra's own authorization request if allowed. */
export function allow(target: Target, browser: Browser, page: Page): Promise<Page> {
  return browser.press(page, ALLOW, { until: target.entra.origin })
}

export function deny(target: Target, browser: Browser, page: Page): Promise<Page> {
  return browser.press(page, DENY, { until: target.entra.origin })
}

/** Signs in at Entra; gives the callback with Entra's answer in it, which is not requested yet. */
export async function signInAtEntra(
  browser: Browser,
  entraUrl: URL,
  account = 'Alice',
): Promise<URL> {
  const until = entraUrl.searchParams.get('redirect_uri') ?? ''
  let page = await browser.open(entraUrl, { until })
  for (let steps = 0; steps < 6 && !page.url.href.startsWith(until); steps++) {
    const labels = page.forms.flatMap((form) => form.buttons.map(({ label }) => label))
    const label = labels.find((one) => one.startsWith(account) || one === 'Accept')
    if (!label) throw new Error(`Entra asks for something else: ${page.text.slice(0, 200)}`)
    page = await browser.press(page, label, { until })
  }
  return page.url
}

export type Halfway = {
  readonly authorization: Authorization
  readonly browser: Browser
  /** Entra's authorization request. */
  readonly entraUrl: URL
  /** The callback, with Entra's answer; it has not been requested. */
  readonly callback: URL
}

export type SignInOptions = {
  readonly account?: string
  readonly browser?: Browser
  readonly client?: Client
  readonly overrides?: Parameters
}

/** A sign-in up to the callback. */
export async function signInHalfway(
  target: Target,
  { account, browser = target.browser(), client, overrides }: SignInOptions = {},
): Promise<Halfway> {
  const request = authorization(target, overrides, client)
  const consent = await openConsent(target, browser, request)
  const { url: entraUrl } = await allow(target, browser, consent)
  if (entraUrl.origin !== target.entra.origin) throw new Error(`Allow led to ${entraUrl.pathname}`)
  const callback = await signInAtEntra(browser, entraUrl, account)
  return { authorization: request, browser, entraUrl, callback }
}

export type Pending = {
  readonly authorization: Authorization
  readonly browser: Browser
  readonly code: string
  /** What came back to the client. */
  readonly response: URLSearchParams
}

/** A sign-in up to the code; throws where none comes. */
export async function getCode(target: Target, options: SignInOptions = {}): Promise<Pending> {
  const { authorization: request, browser, callback } = await signInHalfway(target, options)
  const page = await open(target, browser, callback)
  const response = page.url.searchParams
  const code = response.get('code')
  if (placeOf(target, page) !== 'outside' || !code) {
    throw new Error(`no code but ${describe(target, page)}: ${page.text.slice(0, 200)}`)
  }
  return { authorization: request, browser, code, response }
}

export type SignedIn = Pending & { readonly tokens: Tokens; readonly client: Client }

/** A whole sign-in; throws where it does not succeed. */
export async function signIn(target: Target, options: SignInOptions = {}): Promise<SignedIn> {
  const pending = await getCode(target, options)
  const answer = await redeem(target, pending.authorization, pending.code)
  const tokens = tokensOf(answer)
  if (!tokens) throw new Error(`no tokens but ${says(answer)}: ${answer.text.slice(0, 200)}`)
  return { ...pending, tokens, client: pending.authorization.client }
}

/** Whether a code came to the client. */
export function hasCode(target: Target, page: Page): boolean {
  return placeOf(target, page) === 'outside' && page.url.searchParams.has('code')
}

/** What pressing Allow would send: for whoever sends it without the browser. */
export function allowForm(page: Page): { action: URL; fields: Record<string, string> } {
  for (const form of page.forms) {
    const button = buttonOf(form, ALLOW)
    if (!button) continue
    const own = button.name ? { [button.name]: button.value } : {}
    return { action: form.action, fields: { ...Object.fromEntries(form.fields), ...own } }
  }
  throw new Error('no button that allows')
}

/** Sends a consent form with a `Cookie` header of one's choice. */
export function submit(
  { action, fields }: { action: URL; fields: Readonly<Record<string, string>> },
  cookie: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const given = { ...(cookie && { cookie }), ...headers }
  const body = new URLSearchParams(fields)
  return patiently(action, { method: 'POST', redirect: 'manual', headers: given, body })
}

/** Whether an answer sends the browser on to Entra. */
export function leadsToEntra({ entra }: Target, response: Response): boolean {
  return (response.headers.get('location') ?? '').startsWith(entra.origin)
}

function buttonOf(form: Form, label: RegExp) {
  return form.buttons.find((button) => label.test(button.label))
}

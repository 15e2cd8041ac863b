import { type CookieJar, createCookieJar } from './cookie-jar.ts'
import { type Form, parseForms, textOf } from './forms.ts'
import { noteAnswer } from './secrets.ts'

/**
 * A browser without a screen: cookies, redirects and forms over `fetch`. Quick, for the flows;
 * what only a real one shows (SameSite across sites, rendering) is for `chromium.ts`.
 */
export type Browser = {
  readonly cookies: CookieJar
  /** Goes to an address, as typed in, and follows where it leads. */
  open(url: string | URL, options?: OpenOptions): Promise<Page>
  /** Presses the button of a page that is labelled so. */
  press(page: Page, label: string | RegExp, options?: OpenOptions): Promise<Page>
  /**
   * Signs in as a person does: allows the application, chooses the account, accepts what Entra
   * asks; until no page asks for anything any more.
   */
  signIn(url: string | URL, options?: OpenOptions & { account?: string }): Promise<Page>
}

export type OpenOptions = {
  /** Does not request an address that starts so: a redirect URI at which nobody listens. */
  until?: string | undefined
}

/** Where the browser is. */
export type Page = {
  readonly url: URL
  /** 0 for an address that was not requested: see `until`. */
  readonly status: number
  readonly headers: Headers
  readonly html: string
  /** What a person reads. */
  readonly text: string
  readonly forms: readonly Form[]
  /** Every address on the way, the last one included. */
  readonly trail: readonly URL[]
}

type Step = {
  method: 'GET' | 'POST'
  url: URL
  body?: string
  /** The page whose link or form led here; none when the address was typed in. */
  from?: Page
}

type Profile = { readonly cookies: CookieJar; readonly network: typeof fetch }

const MAX_REDIRECTS = 20

/** A fresh profile. `network` is how it reaches servers. */
export function createBrowser(network: typeof fetch = fetch): Browser {
  const profile = { cookies: createCookieJar(), network }
  const { cookies } = profile
  const go = (step: Step, options: OpenOptions = {}) => navigate(profile, step, options)
  const open: Browser['open'] = (url, options) => go({ method: 'GET', url: new URL(url) }, options)
  const press: Browser['press'] = (page, label, options) => go(submission(page, label), options)
  return { cookies, open, press, signIn: (url, options) => signIn(open, press, url, options) }
}

async function signIn(
  open: Browser['open'],
  press: Browser['press'],
  url: string | URL,
  { account = 'Alice', ...options }: OpenOptions & { account?: string } = {},
): Promise<Page> {
  let page = await open(url, options)
  for (let steps = 0; steps < 6; steps++) {
    const labels = page.forms.flatMap((form) => form.buttons.map((button) => button.label))
    const wanted = ['Allow Access', account, 'Approve', 'Accept']
    const label = labels.find((text) => wanted.some((word) => text.startsWith(word)))
    if (!label) return page
    page = await press(page, label, options)
  }
  throw new Error(`The sign-in does not come to an end: ${page.text}`)
}

/** What pressing the button sends. */
function submission(page: Page, label: string | RegExp): Step {
  const isMeant = (text: string) => (typeof label === 'string' ? text === label : label.test(text))
  for (const form of page.forms) {
    const button = form.buttons.find(({ label: text }) => isMeant(text))
    if (!button) continue
    const data = new URLSearchParams()
    for (const [name, value] of form.fields) data.append(name, value)
    if (button.name) data.append(button.name, button.value)
    if (form.method === 'POST') {
      return { method: 'POST', url: form.action, body: String(data), from: page }
    }
    const url = new URL(form.action)
    url.search = String(data)
    return { method: 'GET', url, from: page }
  }
  throw new Error(`No button ${label} on ${page.url.pathname} (${page.status}): ${page.text}`)
}

async function navigate(profile: Profile, first: Step, { until }: OpenOptions): Promise<Page> {
  const trail: URL[] = []
  // Once a redirect has crossed sites, the rest of the chain counts as cross-site.
  let isCrossSite = false
  let fetchSite: FetchSite = 'none'
  let step = first
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const { url } = step
    trail.push(url)
    if (until && url.href.startsWith(until)) return toPage(url, undefined, '', trail)
    const before = trail.at(-2) ?? step.from?.url
    isCrossSite ||= before !== undefined && siteOf(before) !== siteOf(url)
    if (step.from) fetchSite = worse(fetchSite, relation(before as URL, url))
    const response = await request(profile, step, { isCrossSite, fetchSite })
    const html = await response.text()
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || !location) {
      const next = refreshOf(html)
      // A page leads to a program's address by itself, as the browser of a desktop does.
      if (!next || !until || !next.href.startsWith(until)) return toPage(url, response, html, trail)
      return toPage(next, undefined, '', [...trail, next])
    }
    step = redirected(step, response.status, new URL(location, url))
  }
  throw new Error(`More than ${MAX_REDIRECTS} redirects, the last to ${step.url.origin}.`)
}

/**
 * `Sec-Fetch-Site`, as Chromium sends it: `none` for an address that was typed in or opened by a
 * program, wherever redirects lead from there; else the worst relation of the chain.
 */
type FetchSite = 'none' | 'same-origin' | 'same-site' | 'cross-site'

const FETCH_SITES: readonly FetchSite[] = ['none', 'same-origin', 'same-site', 'cross-site']

function worse(a: FetchSite, b: FetchSite): FetchSite {
  return FETCH_SITES.indexOf(a) > FETCH_SITES.indexOf(b) ? a : b
}

function relation(from: URL, to: URL): FetchSite {
  if (from.origin === to.origin) return 'same-origin'
  return siteOf(from) === siteOf(to) ? 'same-site' : 'cross-site'
}

async function request(
  profile: Profile,
  step: Step,
  { isCrossSite, fetchSite }: { isCrossSite: boolean; fetchSite: FetchSite },
): Promise<Response> {
  const { cookies, network } = profile
  const { method, url, body, from } = step
  const headers = new Headers({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })
  headers.set('sec-fetch-site', fetchSite)
  const cookie = cookies.header(url, { method, isCrossSite })
  if (cookie) headers.set('cookie', cookie)
  if (body !== undefined) {
    headers.set('content-type', 'application/x-www-form-urlencoded')
    // Fetch, "append a request Origin header": `no-referrer` hides it from a form's target.
    const isHidden = from?.headers.get('referrer-policy') === 'no-referrer'
    headers.set('origin', isHidden || !from ? 'null' : from.url.origin)
  }
  const response = await network(url, { method, headers, redirect: 'manual', body: body ?? null })
  cookies.store(url, response.headers)
  await noteAnswer(url, response)
  return response
}

/** Where a page leads on by itself, as to a program that takes a scheme of its own. */
function refreshOf(html: string): URL | undefined {
  const [, address] = /<meta http-equiv="refresh" content="\d+; ?url=([^"]+)">/i.exec(html) ?? []
  return address === undefined ? undefined : new URL(textOf(address))
}

/** Fetch, "HTTP-redirect fetch": 307 and 308 repeat the request, else a POST becomes a GET. */
function redirected(step: Step, status: number, url: URL): Step {
  if (status === 307 || status === 308) return { ...step, url }
  return { method: 'GET', url, ...(step.from && { from: step.from }) }
}

function toPage(url: URL, response: Response | undefined, html: string, trail: URL[]): Page {
  return {
    url,
    status: response?.status ?? 0,
    headers: response?.headers ?? new Headers(),
    html,
    text: textOf(html),
    forms: parseForms(html, url),
    trail,
  }
}

/** Scheme and host: nothing here has a registrable domain to look for. */
function siteOf(url: URL): string {
  return `${url.protocol}//${url.hostname}`
}

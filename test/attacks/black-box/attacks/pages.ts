import type { Page } from '../../../support/browser.ts'
import { type Attack, fell, holds, notApplicable, partly, withstood } from '../attack.ts'
import { authorization, register, registerClient, says } from '../client.ts'
import { allow, open, openConsent, placeOf } from '../flow.ts'
import type { Target } from '../target.ts'

const MARKUP = `"><img src=x onerror=alert(1)><script>alert(1)</script>`

/** What people see, and what may be done with it. */
export const pages: readonly Attack[] = [
  {
    name: 'markup in the name of a client is text on the consent page',
    rows: ['fastmcp #3418', 'CVE-2025-62800'],
    severity: 'critical',
    run: async (target) => {
      const answer = await register(target, { client_name: MARKUP })
      if (answer.status >= 400) return withstood(`not registered: ${says(answer)}`)
      const client = await registerClient(target, { client_name: MARKUP })
      const request = authorization(target, {}, client)
      return hasNoMarkup(await openConsent(target, target.browser(), request))
    },
  },
  {
    name: 'markup in the parameters of a request is text on the error page',
    rows: ['CVE-2025-62800', 'fastmcp #3418'],
    severity: 'critical',
    run: async (target) => {
      const wrong = [
        { client_id: MARKUP },
        { redirect_uri: `http://127.0.0.1:49152/${MARKUP}` },
        { client_id: MARKUP, state: MARKUP, scope: MARKUP, response_type: MARKUP },
      ]
      for (const overrides of wrong) {
        const page = await open(target, target.browser(), authorization(target, overrides).url)
        const verdict = hasNoMarkup(page)
        if (verdict.outcome !== 'withstood') return verdict
      }
      return withstood('three requests with markup: shown as text, or not at all')
    },
  },
  {
    name: "markup in Entra's answer is text on the error page",
    rows: ['CVE-2025-62800'],
    severity: 'critical',
    run: async (target) => {
      const browser = target.browser()
      const consent = await openConsent(target, browser, authorization(target))
      const { url } = await allow(target, browser, consent)
      const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
      const state = url.searchParams.get('state') ?? ''
      const said = { error: 'server_error', error_description: `AADSTS50000: ${MARKUP}` }
      for (const answer of [said, { ...said, state }, { error: MARKUP, state }]) {
        callback.search = String(new URLSearchParams(answer))
        const verdict = hasNoMarkup(await open(target, browser, callback))
        if (verdict.outcome !== 'withstood') return verdict
      }
      return withstood('three answers with markup: shown as text, or not at all')
    },
  },
  {
    name: 'characters that turn or hide text do not reach the consent page',
    rows: ['fastmcp W14'],
    severity: 'medium',
    run: async (target) => {
      const client_name = 'Safe\u202Egnp.exe\u2066\u200B\u0007'
      const answer = await register(target, { client_name })
      if (answer.status >= 400) return withstood(`not registered: ${says(answer)}`)
      const client = await registerClient(target, { client_name })
      const page = await openConsent(target, target.browser(), authorization(target, {}, client))
      const found = /[\u202A-\u202E\u2066-\u2069\u200B]/.exec(page.html)?.[0]
      const evidence = found ? `U+${found.charCodeAt(0).toString(16)} on the page` : 'none is left'
      return holds(!found, evidence)
    },
  },
  {
    name: 'a name of 10,000 letters does not bury the consent page',
    rows: ['fastmcp W14'],
    severity: 'low',
    run: async (target) => {
      const client_name = 'A'.repeat(10_000)
      const answer = await register(target, { client_name })
      if (answer.status >= 400) return withstood(`not registered: ${says(answer)}`)
      const client = await registerClient(target, { client_name })
      const page = await openConsent(target, target.browser(), authorization(target, {}, client))
      const longest = Math.max(0, ...(page.html.match(/A+/g) ?? []).map(({ length }) => length))
      return holds(longest < 1000, `${longest} letters on the page`)
    },
  },
  {
    name: 'the consent page says who asks, for what, and where the code goes',
    rows: ['ts-peers 15', 'PX-3', 'fastmcp W26'],
    severity: 'high',
    run: async (target) => {
      const client_name = 'Ledger Friend'
      const client = await registerClient(target, { client_name })
      const page = await openConsent(target, target.browser(), authorization(target, {}, client))
      const wanted = [client_name, '127.0.0.1:49152', 'mcp-access']
      const missing = wanted.filter((text) => !page.text.includes(text))
      if (missing.length === 0) return withstood('name, address and scope are shown')
      const evidence = `not shown: ${missing.join(', ')}`
      return missing.includes('127.0.0.1:49152') ? fell(evidence) : partly(evidence)
    },
  },
  {
    name: 'the consent page cannot be framed',
    rows: ['ts-peers 15', 'PX-3'],
    severity: 'high',
    run: async (target) => {
      const { headers } = await openConsent(target, target.browser(), authorization(target))
      const csp = headers.get('content-security-policy') ?? ''
      const frames = /frame-ancestors 'none'/.test(csp)
      const options = headers.get('x-frame-options') ?? 'none'
      const evidence = `X-Frame-Options ${options}, frame-ancestors ${frames ? "'none'" : 'not set'}`
      return holds(frames || /^deny$/i.test(options), evidence)
    },
  },
  {
    name: 'error pages cannot be framed either',
    rows: ['fastmcp W25'],
    severity: 'low',
    run: async (target) => {
      const wrong = await errorPages(target)
      const open_ = wrong.filter(({ headers }) => !isFrameless(headers))
      if (wrong.length === 0) return notApplicable('its errors are no pages')
      const evidence = `${open_.length} of ${wrong.length} error pages can be framed`
      if (open_.length === 0) return withstood(evidence)
      return open_.length < wrong.length ? partly(evidence) : fell(evidence)
    },
  },
  {
    name: 'pages are kept by nobody, run no script and tell nobody their address',
    rows: ['fastmcp W25', 'ts-peers 15'],
    severity: 'medium',
    run: async (target) => {
      const { headers, html } = await openConsent(target, target.browser(), authorization(target))
      const header = headers.get('content-security-policy') ?? ''
      const meta =
        /<meta\b[^>]*content-security-policy[^>]*content="([^"]*)"/i.exec(html)?.[1] ?? ''
      const policy = `${header};${meta.replaceAll(/&#(?:x27|39);/g, "'")}`
      const protections: [string, boolean][] = [
        ['Cache-Control: no-store', /no-store/.test(headers.get('cache-control') ?? '')],
        ['a policy against scripts', /(default|script)-src 'none'/.test(policy)],
        ['Referrer-Policy', headers.has('referrer-policy')],
        ['nosniff', /nosniff/.test(headers.get('x-content-type-options') ?? '')],
      ]
      const missing = protections.filter(([, isThere]) => !isThere).map(([name]) => name)
      if (missing.length === 0) return withstood('all four are set')
      const evidence = `missing: ${missing.join(', ')}`
      return missing.length < protections.length ? partly(evidence) : fell(evidence)
    },
  },
  {
    name: 'pages load nothing from anywhere else',
    rows: ['fastmcp W25'],
    severity: 'low',
    run: async (target) => {
      const { html } = await openConsent(target, target.browser(), authorization(target))
      const found = [
        ...html.matchAll(/<(?:img|script|link|iframe)\b[^>]*?(?:src|href)="(https?:[^"]+)/gi),
      ]
      const hosts = [...new Set(found.map(([, url]) => new URL(url as string).host))]
      return holds(hosts.length === 0, hosts.join(', ') || 'no address of another host')
    },
  },
  {
    name: 'cookies are out of reach of scripts and of other sites',
    rows: ['PX-4', 'gateways 6g', 'fastmcp §5.1'],
    severity: 'high',
    run: async (target) => {
      const page = await openConsent(target, target.browser(), authorization(target))
      const lines = page.headers.getSetCookie()
      const weak = lines.filter(
        (line) => !/;\s*httponly/i.test(line) || !/;\s*samesite=(lax|strict)/i.test(line),
      )
      if (lines.length === 0) return notApplicable('it sets no cookie')
      return holds(
        weak.length === 0,
        `${lines.length - weak.length} of ${lines.length} are HttpOnly and SameSite`,
      )
    },
  },
]

/** Whether what was sent came back as markup. */
function hasNoMarkup(page: Page) {
  const found = /<img src=x|<script>alert/i.exec(page.html)?.[0]
  if (found && /^text\/html/.test(page.headers.get('content-type') ?? '')) {
    return fell(`${found} in the page at ${page.url.pathname}`)
  }
  return withstood(`${page.status} at ${page.url.pathname}, as text`)
}

function isFrameless(headers: Headers): boolean {
  const csp = headers.get('content-security-policy') ?? ''
  return /frame-ancestors 'none'/.test(csp) || /^deny$/i.test(headers.get('x-frame-options') ?? '')
}

/** An unknown client, a lost consent page, a callback of nobody. */
async function errorPages(target: Target): Promise<Page[]> {
  const browser = target.browser()
  const consent = await openConsent(target, browser, authorization(target))
  const { url } = await allow(target, browser, consent)
  const lost = new URL(consent.url)
  for (const name of lost.searchParams.keys()) lost.searchParams.set(name, 'x'.repeat(43))
  const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
  callback.search = 'code=x&state=y'
  const unknown = authorization(target, { client_id: 'nobody' }).url
  const shown: Page[] = []
  for (const address of [unknown, lost, callback]) {
    const page = await open(target, target.browser(), address)
    const isHtml = /^text\/html/.test(page.headers.get('content-type') ?? '')
    if (isHtml && placeOf(target, page) === 'page') shown.push(page)
  }
  return shown
}

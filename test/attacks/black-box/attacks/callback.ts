import { type Attack, fell, holds, notApplicable, partly, withstood } from '../attack.ts'
import { authorization, isLet, redeem, says, tokensOf } from '../client.ts'
import { allow, describe, hasCode, open, openConsent, placeOf, signInHalfway } from '../flow.ts'
import type { Forgery } from '../forge.ts'
import type { Target } from '../target.ts'

const OTHER_TENANT = '00000000-0000-4000-8000-00000000e711'

/** What comes back from Entra, or seems to. */
export const callback: readonly Attack[] = [
  {
    name: 'a callback counts once',
    rows: ['PX-6', 'gateways 6c'],
    severity: 'high',
    run: async (target) => {
      const { browser, callback: url } = await signInHalfway(target)
      const first = await open(target, browser, url)
      if (!hasCode(target, first)) throw new Error(`no code but ${describe(target, first)}`)
      const again = await open(target, browser, url)
      const same = again.url.searchParams.get('code') === first.url.searchParams.get('code')
      const evidence = `the callback again: ${describe(target, again)}`
      return holds(!hasCode(target, again) || same, evidence)
    },
  },
  {
    name: 'a callback with an invented state reaches no client',
    rows: ['gateways 6g', 'gateways 6h', 'PX-6'],
    severity: 'high',
    run: async (target) => {
      const { browser, callback: url } = await signInHalfway(target)
      const places: string[] = []
      for (const state of ['x'.repeat(43), '__proto__', '../../clients', '']) {
        const forged = new URL(url)
        forged.searchParams.set('state', state)
        const page = await open(target, browser, forged)
        if (placeOf(target, page) === 'outside') return fell(`state ${state}: a redirect`)
        places.push(String(page.status))
      }
      const isFault = places.some((status) => status.startsWith('5'))
      return holds(!isFault, `four invented states: ${places.join(', ')}`)
    },
  },
  {
    name: "Entra's refusal comes to the client, with its state",
    rows: ['ts-peers 17', 'user-asks T16'],
    severity: 'medium',
    run: async (target) => {
      const { browser, url, state } = await refusedAtEntra(target)
      const page = await open(target, browser, url)
      const { searchParams } = page.url
      const isTold = placeOf(target, page) === 'outside' && searchParams.has('error')
      const evidence = `access_denied from Entra led to ${describe(target, page)}`
      return holds(isTold && searchParams.get('state') === state, evidence)
    },
  },
  {
    name: 'an error from another browser reaches no client, and ends nothing',
    rows: ['fastmcp W28'],
    severity: 'medium',
    run: async (target) => {
      const { browser, url } = await refusedAtEntra(target)
      const stranger = await open(target, target.browser(), url)
      if (placeOf(target, stranger) === 'outside') {
        return fell(`a browser that only knew the state was sent on: ${describe(target, stranger)}`)
      }
      const own = await open(target, browser, url)
      const evidence = `stranger: ${describe(target, stranger)}; owner: ${describe(target, own)}`
      return withstood(evidence)
    },
  },
  ...forgeries(),
  {
    name: 'a token that /mcp can never take is found out at the callback, not in an endless loop',
    rows: ['fastmcp W9', 'user-asks T11'],
    severity: 'medium',
    run: async (target) => {
      const [application] = target.entra.emulator.directory.applications
      if (!application) throw new Error('the directory has no application')
      const { requestedAccessTokenVersion: before } = application.api
      application.api.requestedAccessTokenVersion = 1
      try {
        const outcome = await comesIn(target)
        const evidence = `Entra issues v1 access tokens: ${outcome}`
        return outcome === NO_CODE || outcome === LET_IN ? withstood(evidence) : fell(evidence)
      } finally {
        application.api.requestedAccessTokenVersion = before
      }
    },
  },
  {
    name: "Entra's outage shows nobody the inside of the server",
    rows: ['fastmcp W5'],
    severity: 'medium',
    run: async (target) => {
      const { browser, callback: url } = await signInHalfway(target)
      const secret = 'db-17.internal.example'
      target.entra.tamper = async ({ pathname }, answer) => {
        if (!pathname.endsWith('/token')) return answer()
        return new Response(`upstream connect error ${secret}:5432`, { status: 503 })
      }
      try {
        const page = await open(target, browser, url)
        const shown = `${page.html} ${page.url.href}`
        const leaks = [secret, 'Traceback', 'node_modules', 'site-packages']
        const found = leaks.filter((text) => shown.includes(text))
        const evidence = `Entra answered 503 at the callback: ${describe(target, page)}`
        if (found.length > 0) return fell(`${evidence}, showing ${found.join(', ')}`)
        const isRaw = shown.includes(`${target.entra.host}/`)
        return isRaw ? partly(`${evidence}, with the URL that it called`) : withstood(evidence)
      } finally {
        target.entra.tamper = undefined
      }
    },
  },
]

/** Allowed, and sent to Entra, which says no. */
async function refusedAtEntra(target: Target) {
  const browser = target.browser()
  const request = authorization(target)
  const page = await openConsent(target, browser, request)
  const { url: entraUrl } = await allow(target, browser, page)
  const url = new URL(entraUrl.searchParams.get('redirect_uri') ?? '')
  url.searchParams.set('error', 'access_denied')
  url.searchParams.set('error_description', 'AADSTS65004: User declined to consent.')
  url.searchParams.set('state', entraUrl.searchParams.get('state') ?? '')
  return { browser, url, state: request.state }
}

function forgeries(): Attack[] {
  const cases: [string, readonly string[], Forgery][] = [
    [
      "tokens that are not signed with Entra's key",
      ['ts-peers 8', 'gateways 6e'],
      { isForeign: true },
    ],
    [
      'tokens of another tenant',
      ['ts-peers 8', 'fastmcp W8', '#3405'],
      {
        claims: {
          tid: OTHER_TENANT,
          iss: `https://login.microsoftonline.com/${OTHER_TENANT}/v2.0`,
        },
      },
    ],
    [
      'tokens that Entra made for another application',
      ['ts-peers 8', '#3405', 'gateways 6e'],
      { claims: { aud: OTHER_TENANT } },
    ],
    [
      'the ID token of another sign-in',
      ['ts-peers 8'],
      { idToken: { nonce: 'of-another-sign-in' } },
    ],
    [
      'tokens that expired an hour ago',
      ['ts-peers 8', 'fastmcp W23'],
      { claims: { exp: Math.floor(Date.now() / 1000) - 3600 } },
    ],
  ]
  return cases.map(([what, rows, forgery]) => ({
    name: `${what}, in Entra's answer, let nobody in`,
    rows,
    severity: 'high' as const,
    run: async (target) => {
      if (forgery.idToken && !(await sendsNonce(target))) {
        return notApplicable('it sends Entra no nonce, and does not use the ID token')
      }
      target.entra.tamper = target.entra.forger.tamper(forgery)
      try {
        const outcome = await comesIn(target)
        if (outcome === NO_CODE) return withstood(outcome)
        return outcome === LET_IN ? fell(outcome) : partly(outcome)
      } finally {
        target.entra.tamper = undefined
      }
    },
  }))
}

async function sendsNonce(target: Target): Promise<boolean> {
  const { entraUrl } = await signInHalfway(target)
  return entraUrl.searchParams.has('nonce')
}

const NO_CODE = 'refused at the callback'
const LET_IN = 'signed in, and let in at /mcp'

/** How far a sign-in comes while Entra says what it says. */
async function comesIn(target: Target): Promise<string> {
  const { authorization: request, browser, callback: url } = await signInHalfway(target)
  const page = await open(target, browser, url)
  const code = page.url.searchParams.get('code')
  if (!hasCode(target, page) || !code) return NO_CODE
  const answer = await redeem(target, request, code)
  const tokens = tokensOf(answer)
  if (!tokens) return `a code came, and /token said ${says(answer)}`
  const isIn = await isLet(target, tokens.access_token)
  return isIn ? LET_IN : 'a code and tokens came, and /mcp refuses them for ever'
}

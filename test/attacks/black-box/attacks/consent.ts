import { type Attack, fell, holds, partly, withstood } from '../attack.ts'
import { authorization, redeem, registerClient, says, tokensOf } from '../client.ts'
import {
  allow,
  allowForm,
  deny,
  describe,
  hasCode,
  leadsToEntra,
  open,
  openConsent,
  placeOf,
  signIn,
  signInAtEntra,
  submit,
} from '../flow.ts'
import type { Target } from '../target.ts'

/** What an attacker does about consent: get it without the person, or from the wrong browser. */
export const consent: readonly Attack[] = [
  {
    name: 'a new client stops at the consent page, however signed in the person is',
    rows: ['gateways 6a', 'GHSA-c2jp-c369-7pvx', 'PX-1'],
    severity: 'critical',
    run: async (target) => {
      const { browser } = await signIn(target)
      const other = await registerClient(target, { client_name: 'Evil' })
      const page = await open(target, browser, authorization(target, {}, other).url)
      const place = placeOf(target, page)
      const evidence = `a second client, in the signed-in browser, got to ${describe(target, page)}`
      return holds(place === 'consent' || place === 'page', evidence)
    },
  },
  {
    name: 'a client that was allowed once is not allowed silently the next time',
    rows: ['GHSA-6x8h-498w-gv8c', 'fastmcp W12'],
    severity: 'high',
    run: async (target) => {
      const { browser } = await signIn(target)
      const page = await open(target, browser, authorization(target).url)
      const evidence = `the second sign-in of the same browser got to ${describe(target, page)}`
      return holds(placeOf(target, page) === 'consent', evidence)
    },
  },
  {
    name: 'the consent form does not count without the cookie of the browser that was shown it',
    rows: ['ts-peers 1', 'CVE-2026-27124'],
    severity: 'critical',
    run: async (target) => {
      const page = await openConsent(target, target.browser(), authorization(target))
      const response = await submit(allowForm(page), undefined)
      const evidence = `the form sent without a cookie: ${response.status}`
      return leadsToEntra(target, response) ? fell(`${evidence}, on to Entra`) : withstood(evidence)
    },
  },
  {
    name: "an attacker's own form does not count in the browser of a victim",
    rows: ['CVE-2026-27124', 'gateways 6g'],
    severity: 'critical',
    run: crossSubmit,
  },
  {
    name: 'a sign-in that an attacker has allowed does not end in the browser of a victim',
    rows: ['ts-peers 1', 'CVE-2026-27124', 'gateways 6g', 'PX-6'],
    severity: 'critical',
    run: async (target) => {
      const attacker = target.browser()
      const page = await openConsent(target, attacker, authorization(target))
      const { url } = await allow(target, attacker, page)
      const victim = target.browser()
      const callback = await signInAtEntra(victim, url)
      const end = await open(target, victim, callback)
      const evidence = `the victim's browser, sent to Entra, ended at ${describe(target, end)}`
      return hasCode(target, end) ? fell(`${evidence} with the code`) : withstood(evidence)
    },
  },
  {
    name: 'a request that nobody has allowed gets nothing at the callback',
    rows: ['ts-peers 2', 'PX-6'],
    severity: 'critical',
    run: callbackBeforeConsent,
  },
  {
    name: 'the state that Entra gets is not known before Allow',
    rows: ['ts-peers 2', 'PX-6'],
    severity: 'medium',
    run: async (target) => {
      const browser = target.browser()
      const page = await openConsent(target, browser, authorization(target))
      const { url } = await allow(target, browser, page)
      const state = url.searchParams.get('state') ?? ''
      if (!state) return fell('Entra gets no state')
      const known = [...page.trail.map(({ href }) => href), page.html]
      const isKnown = known.some((text) => text.includes(state))
      return holds(!isKnown, `Entra's state ${isKnown ? 'stands' : 'does not stand'} on the page`)
    },
  },
  {
    name: 'Deny holds when it is pressed after Allow',
    rows: ['fastmcp W12'],
    severity: 'low',
    run: async (target) => {
      const browser = target.browser()
      const request = authorization(target)
      const page = await openConsent(target, browser, request)
      const { url } = await allow(target, browser, page)
      const denied = await deny(target, browser, page)
      const callback = await signInAtEntra(browser, url)
      const end = await open(target, browser, callback)
      const evidence = `Deny led to ${describe(target, denied)}, the callback to ${describe(target, end)}`
      if (!hasCode(target, end)) return withstood(evidence)
      const code = end.url.searchParams.get('code') ?? ''
      const answer = await redeem(target, request, code)
      return holds(!tokensOf(answer), `${evidence}, the code to ${says(answer)}`)
    },
  },
  {
    name: 'a page that was loaded three times can be answered from its first copy',
    rows: ['user-asks T8', 'gateways 6w', 'fastmcp #4818'],
    severity: 'low',
    run: async (target) => {
      const browser = target.browser()
      const first = await openConsent(target, browser, authorization(target))
      for (let load = 0; load < 2; load++) await browser.open(first.url)
      const page = await allow(target, browser, first)
      return holds(placeOf(target, page) === 'entra', `Allow led to ${describe(target, page)}`)
    },
  },
  {
    name: '40 sign-ins that were left at Entra do not keep the next one from its end',
    rows: ['fastmcp W11', '#3747'],
    severity: 'medium',
    run: async (target) => {
      // One that succeeds shows that it is the 40 that keep the other from its end.
      await signIn(target)
      const browser = target.browser()
      const size = () =>
        browser.cookies.all().reduce((sum, { name, value }) => sum + name.length + value.length, 0)
      try {
        for (let count = 0; count < 40; count++) {
          await allow(target, browser, await openConsent(target, browser, authorization(target)))
        }
        await signIn(target, { browser })
        return withstood(`the 41st succeeded, with ${size()} bytes of cookies`)
      } catch (error) {
        return fell(`with ${size()} bytes of cookies: ${error}`)
      }
    },
  },
]

/** The attacker's form, posted by a page of theirs in a browser that has cookies of its own. */
async function crossSubmit(target: Target) {
  const evil = await openConsent(target, target.browser(), authorization(target))
  const victim = target.browser()
  await openConsent(target, victim, authorization(target))
  const form = allowForm(evil)
  const cookie = victim.cookies.header(form.action, { method: 'POST', isCrossSite: false })
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const response = await submit(form, cookie, headers)
  const evidence = `the attacker's form with the victim's cookies: ${response.status}`
  return leadsToEntra(target, response) ? fell(`${evidence}, on to Entra`) : withstood(evidence)
}

/** Every value on the consent page is tried as the state, with a code that Entra really gave. */
async function callbackBeforeConsent(target: Target) {
  const other = target.browser()
  const otherPage = await openConsent(target, other, authorization(target))
  const genuine = (await allow(target, other, otherPage)).url

  const browser = target.browser()
  const page = await openConsent(target, browser, authorization(target))
  const values = [
    ...page.forms.flatMap(({ fields }) => fields.map(([, value]) => value)),
    ...page.url.searchParams.values(),
  ].filter((value) => value.length >= 16)
  let asked = 0
  for (const state of new Set(values)) {
    const entraUrl = new URL(genuine)
    entraUrl.searchParams.set('state', state)
    for (const name of ['code_challenge', 'code_challenge_method']) {
      entraUrl.searchParams.delete(name)
    }
    const callback = await signInAtEntra(target.browser(), entraUrl)
    target.entra.tamper = (url, answer) => {
      if (url.pathname.endsWith('/token')) asked++
      return answer()
    }
    const end = await open(target, browser, callback).finally(() => {
      target.entra.tamper = undefined
    })
    if (hasCode(target, end))
      return fell(
        "the page's own value as state, and a code that Entra gave without PKCE: a code came",
      )
  }
  const evidence = `${new Set(values).size} values of the page tried as state: no code`
  return asked > 0 ? partly(`${evidence}, but Entra was asked for tokens`) : withstood(evidence)
}

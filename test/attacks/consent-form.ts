import { type Form, parseForms } from '../support/forms.ts'
import { assertRefused, formRequest } from './support.ts'

/** A consent page as it was shown, with the cookie that came with it. */
export type Shown = {
  readonly form: Form
  readonly fields: Readonly<Record<string, string>>
  /** The `Cookie` header of a browser that was shown it. */
  readonly cookie: string
  readonly html: string
  readonly response: Response
}

/** Follows an authorization request to its consent page, as a browser with these cookies. */
export async function showConsent(authorization: URL, cookie = ''): Promise<Shown> {
  const first = await fetch(authorization, { redirect: 'manual' })
  const location = first.headers.get('location')
  if (!location) throw new Error(`No redirect: ${first.status} ${await first.text()}`)
  return openConsent(location, cookie)
}

/** Opens a consent page at its own address. */
export async function openConsent(location: URL | string, cookie = ''): Promise<Shown> {
  const response = await fetch(location, { headers: cookie ? { cookie } : {} })
  const html = await response.text()
  const [form] = parseForms(html, new URL(response.url))
  if (!form) throw new Error(`No form: ${response.status} ${html}`)
  const set = response.headers.getSetCookie().map((line) => line.split(';')[0] as string)
  const fields = Object.fromEntries(form.fields)
  return { form, fields, cookie: [cookie, ...set].filter(Boolean).join('; '), html, response }
}

export type Answering = {
  readonly action?: string
  /** Changes to the form; undefined leaves a field out. */
  readonly fields?: Readonly<Record<string, string | undefined>>
  /** `''` sends none. */
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Submits the form of a consent page; what is not given is as the browser that saw it sends it. */
export function answerConsent(shown: Shown, answering: Answering = {}): Promise<Response> {
  const { action = 'allow', cookie = shown.cookie } = answering
  const fields = { ...shown.fields, action, ...answering.fields }
  const sent = Object.entries(fields).filter(([, value]) => value !== undefined)
  return fetch(shown.form.action, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(sent as [string, string][]),
    headers: {
      accept: 'text/html',
      origin: shown.form.action.origin,
      ...(cookie && { cookie }),
      ...answering.headers,
    },
  })
}

/** The `Cookie` header after an answer that set some. */
export function withCookies(cookie: string, response: Response): string {
  const cookies = new Map<string, string>()
  const pairs = [...cookie.split('; '), ...response.headers.getSetCookie()]
  for (const pair of pairs) {
    const [name = '', value = ''] = (pair.split(';')[0] ?? '').split(/=(.*)/s)
    if (value) cookies.set(name, value)
    else cookies.delete(name)
  }
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** Where a redirect goes; throws where there is none. */
export function locationOf(response: Response): URL {
  const location = response.headers.get('location')
  if (!location) throw new Error(`No redirect but ${response.status}.`)
  return new URL(location)
}

/**
 * Holds that a server of today's policy takes a sign-in of yesterday's no further: not on its consent
 * page, at Allow, or at the callback of what was allowed before.
 */
export async function assertTakenNoFurther(
  later: { fetch(request: Request): Promise<Response> },
  shown: Shown,
  url: string,
): Promise<void> {
  const isOver = /may not sign people in here any more/
  const page = new URL(shown.form.action)
  page.searchParams.set('request', shown.fields.request ?? '')
  const looked = await later.fetch(new Request(page))
  await assertRefused(looked, 400, 'invalid_request', isOver)
  const headers = { cookie: shown.cookie, origin: url }
  const allow = formRequest(page.href, { ...shown.fields, action: 'allow' }, headers)
  await assertRefused(await later.fetch(allow), 400, 'invalid_request', isOver)

  const allowed = await answerConsent(shown)
  const state = locationOf(allowed).searchParams.get('state') ?? ''
  const cookie = withCookies(shown.cookie, allowed)
  const callback = `${url}/auth/callback?${new URLSearchParams({ code: 'x', state })}`
  const returned = await later.fetch(new Request(callback, { headers: { cookie } }))
  await assertRefused(returned, 403, 'access_denied', isOver)
}

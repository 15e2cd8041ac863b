// A whole sign-in at any OAuth server in front of Entra, from registration to tokens: what a client
// and a browser send, without the browser's rendering.
import { createHash, randomBytes } from 'node:crypto'
import { createCookieJar } from '../../test/support/cookie-jar.ts'
import { type Form, parseForms } from '../../test/support/forms.ts'
import type { SignedIn } from '../subjects/subject.ts'
import type { Answer, Ask, Question } from './ask.ts'

/** What an authorization server says of itself (RFC 8414), as far as a sign-in needs it. */
export type Endpoints = {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly registration_endpoint: string
  /** The protected resource (RFC 8707). */
  readonly resource: string
  readonly scope: string
}

/** Nobody listens there: it is where the browser stops. */
const REDIRECT_URI = 'http://127.0.0.1:49152/callback'

/** What a person presses who wants in; and the emulator's button of an account. */
const YES = /^(Allow|Accept|Approve)/
const ACCOUNT = 'account'

/** Redirects and pages of one sign-in; the longest has nine. */
const MAX_STEPS = 20

/** Reads what the server at `origin` says of itself and of its MCP endpoint. */
export async function discover(ask: Ask, origin: string): Promise<Endpoints> {
  const read = async (path: string) => {
    const answer = await ask({ method: 'GET', url: new URL(path, origin) })
    return JSON.parse(accepted(answer, path)) as Record<string, string & string[]>
  }
  const server = await read('/.well-known/oauth-authorization-server')
  const document = '/.well-known/oauth-protected-resource'
  // Where there is none for the path, there is one for the origin, as MCP has it.
  const own = await read(`${document}/mcp`).catch(() => read(document))
  const at = (name: string) => {
    const value = server[name]
    if (value === undefined) throw new Error(`${origin} names no ${name}.`)
    return value
  }
  return {
    authorization_endpoint: at('authorization_endpoint'),
    token_endpoint: at('token_endpoint'),
    registration_endpoint: at('registration_endpoint'),
    resource: own.resource ?? `${origin}/mcp`,
    scope: (own.scopes_supported ?? server.scopes_supported ?? ['mcp-access']).join(' '),
  }
}

/**
 * Registers, signs in as the person of the directory whose object id is `account`, in a browser of
 * its own, and redeems the code.
 */
export async function signIn(ask: Ask, server: Endpoints, account: string): Promise<SignedIn> {
  const client_id = await register(ask, server)
  const code_verifier = randomBytes(32).toString('base64url')
  const address = authorization(server, client_id, code_verifier)
  const code = await browse(ask, address, account)
  const answer = await ask(
    form(new URL(server.token_endpoint), {
      grant_type: 'authorization_code',
      ...{ client_id, redirect_uri: REDIRECT_URI, code_verifier, code },
      resource: server.resource,
    }),
  )
  return { ...(JSON.parse(accepted(answer, 'the token endpoint')) as SignedIn), client_id }
}

/** Renews what a sign-in or the renewal before gave. */
export async function refresh(ask: Ask, server: Endpoints, given: SignedIn): Promise<SignedIn> {
  const { client_id, refresh_token = '' } = given
  const { resource } = server
  const parameters = { grant_type: 'refresh_token', client_id, refresh_token, resource }
  const answer = await ask(form(new URL(server.token_endpoint), parameters))
  const renewed = JSON.parse(accepted(answer, 'the token endpoint')) as SignedIn
  // RFC 6749 §6: one that gives no new one lets the old one be.
  return { refresh_token, ...renewed, client_id }
}

/** Registers a public client; gives its client_id (RFC 7591). */
export async function register(ask: Ask, server: Endpoints): Promise<string> {
  const metadata = {
    client_name: 'One of the bench',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: server.scope,
  }
  const answer = await ask({
    method: 'POST',
    url: new URL(server.registration_endpoint),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(metadata),
  })
  const registered = JSON.parse(accepted(answer, 'the registration')) as { client_id: string }
  return registered.client_id
}

/** Where a client sends the browser: PKCE and a state that no other has. */
export function authorization(server: Endpoints, client_id: string, code_verifier: string): URL {
  const url = new URL(server.authorization_endpoint)
  const parameters = {
    response_type: 'code',
    ...{ client_id, redirect_uri: REDIRECT_URI },
    state: randomBytes(16).toString('base64url'),
    ...{ scope: server.scope, resource: server.resource },
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url
}

/** Follows redirects and presses a button on each page; gives the code. */
async function browse(ask: Ask, address: URL, account: string): Promise<string> {
  const cookies = createCookieJar()
  let step: Question = { method: 'GET', url: address }
  for (let count = 0; count < MAX_STEPS; count++) {
    const { method, url } = step
    const code = url.href.startsWith(REDIRECT_URI) ? url.searchParams.get('code') : undefined
    if (code) return code
    if (code === null) throw new Error(`The client got no code: ${url.search}`)
    const cookie = cookies.header(url, { method, isCrossSite: false })
    const headers = { accept: 'text/html', ...step.headers, ...(cookie && { cookie }) }
    const answer = await ask({ ...step, headers })
    cookies.store(url, answer.headers)
    const location = answer.headers.get('location')
    step = location
      ? { method: 'GET', url: new URL(location, url) }
      : press(parseForms(answer.text, url), account, { url, answer })
  }
  throw new Error(`The sign-in has no end; it came to ${step.url.origin}${step.url.pathname}.`)
}

function press(
  forms: readonly Form[],
  account: string,
  { url, answer }: { url: URL; answer: Answer },
): Question {
  for (const { action, method, fields, buttons } of forms) {
    const button = buttons.find(({ label, name }) => name === ACCOUNT || YES.test(label))
    if (!button) continue
    const values = new URLSearchParams(fields.map(([...field]) => field))
    // Twenty of the directory are offered; the form takes each.
    if (button.name) values.set(button.name, button.name === ACCOUNT ? account : button.value)
    if (method === 'GET') return { method, url: new URL(`?${values}`, action) }
    const isHidden = answer.headers.get('referrer-policy') === 'no-referrer'
    return form(action, values, { origin: isHidden ? 'null' : url.origin })
  }
  const page = answer.text.replace(/<(style|script)\b.*?<\/\1>|<[^>]*>/gs, ' ').replace(/\s+/g, ' ')
  throw new Error(`${url.origin}${url.pathname} (${answer.status}) leads nowhere: ${page}`)
}

function form(
  url: URL,
  values: URLSearchParams | Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Question {
  const body = String(new URLSearchParams(values))
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', url, headers: { ...type, ...headers }, body }
}

function accepted({ status, text }: Answer, what: string): string {
  if (status === 200 || status === 201) return text
  throw new Error(`${what} answered ${status}: ${text.slice(0, 500)}`)
}

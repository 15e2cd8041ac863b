import { randomBytes } from 'node:crypto'
import { cookieName, deleteCookie, writeCookie } from '../http/cookies.ts'
import type { EntraExchange } from './entra/entra.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'
import { createCodeVerifier } from './pkce.ts'
import { SESSION_COOKIE_MAX_BYTES } from './session.ts'

/** Absolute life of a consent page, and of a transaction after it, in seconds. */
export const TRANSACTION_TTL = 600

/** All cookies of ours together, in bytes; a proxy's usual limit for one header is 8 kB. */
const COOKIES_MAX_BYTES = 6 * 1024

/** Of these, what the browser's own cookie takes and the session's can take at most. */
const RESERVED_BYTES = 64 + SESSION_COOKIE_MAX_BYTES

const TRANSACTION_COOKIE = 'entrance-tx-'

/** Where cookies come from, and what seals them. */
export type CookieContext = {
  readonly cookies: ReadonlyMap<string, string>
  readonly keyring: Keyring
  readonly isSecure: boolean
}

/**
 * Starts an exchange with Entra: a state, a nonce and a verifier, sealed with `content` into a cookie
 * of its own. Gives also the deletion of the oldest where all would be too large.
 */
export function startExchange(
  purpose: string,
  requestId: string,
  content: object,
  context: CookieContext,
) {
  const exchange: EntraExchange = {
    state: randomBytes(32).toString('base64url'),
    nonce: randomBytes(32).toString('base64url'),
    codeVerifier: createCodeVerifier(),
  }
  const startedAt = Math.floor(Date.now() / 1000)
  const { state, ...secrets } = exchange
  const text = JSON.stringify({ ...content, ...secrets, startedAt })
  const name = transactionCookieName(state, context.isSecure)
  const sealed = seal(context.keyring, purpose, text, state)
  const value = `${startedAt.toString(36)}.${requestId}.${sealed}`
  const cookie = writeCookie(name, value, { maxAge: TRANSACTION_TTL, isSecure: context.isSecure })
  const dropped = dropOldest(context.cookies, name.length + value.length, context.isSecure)
  return { exchange, startedAt, setCookies: [...dropped, cookie] }
}

/** Finds the exchange of a `state` among this browser's cookies, by what it was started for. */
export function findExchange(purpose: string, state: string, context: CookieContext) {
  const name = transactionCookieName(state, context.isSecure)
  const { sealed } = readTransactionCookie(context.cookies.get(name) ?? '')
  const text = open(context.keyring, purpose, sealed, state)
  if (text === undefined) return undefined
  const { nonce, codeVerifier, ...content } = JSON.parse(text)
  if (content.startedAt + TRANSACTION_TTL <= Date.now() / 1000) return undefined
  const exchange: EntraExchange = { state, nonce, codeVerifier }
  return { ...content, exchange, endCookie: deleteCookie(name, context.isSecure) }
}

/** The deletion of every exchange that was started for a request. */
export function endExchanges(
  requestId: string,
  cookies: ReadonlyMap<string, string>,
  isSecure: boolean,
): string[] {
  return transactionCookies(cookies, isSecure)
    .filter(([, value]) => readTransactionCookie(value).requestId === requestId)
    .map(([name]) => deleteCookie(name, isSecure))
}

function transactionCookieName(state: string, isSecure: boolean): string {
  return cookieName(`${TRANSACTION_COOKIE}${digest(state).slice(0, 12)}`, isSecure)
}

/** An unfinished sign-in that nobody comes back to must not use up the room for the next one. */
function dropOldest(
  cookies: ReadonlyMap<string, string>,
  added: number,
  isSecure: boolean,
): string[] {
  const startOf = (value: string) => readTransactionCookie(value).startedAt
  const transactions = transactionCookies(cookies, isSecure).sort(
    ([, a], [, b]) => startOf(a) - startOf(b),
  )
  const sizeOf = ([name, value]: [string, string]) => name.length + value.length + 3
  let size = added + RESERVED_BYTES + transactions.reduce((sum, cookie) => sum + sizeOf(cookie), 0)
  const dropped: string[] = []
  for (const cookie of transactions) {
    if (size <= COOKIES_MAX_BYTES) break
    size -= sizeOf(cookie)
    dropped.push(deleteCookie(cookie[0], isSecure))
  }
  return dropped
}

function transactionCookies(
  cookies: ReadonlyMap<string, string>,
  isSecure: boolean,
): [name: string, value: string][] {
  const prefix = cookieName(TRANSACTION_COOKIE, isSecure)
  return [...cookies].filter(([name]) => name.startsWith(prefix))
}

/** Start and request stand in front, readable without the state that opens the rest. */
function readTransactionCookie(value: string) {
  const [startedAt = '', requestId = '', ...sealed] = value.split('.')
  return {
    startedAt: Number.parseInt(startedAt, 36) || 0,
    requestId,
    sealed: sealed.join('.'),
  }
}

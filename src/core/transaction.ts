import { randomBytes } from 'node:crypto'
import { cookieName, deleteCookie, writeCookie } from '../http/cookies.ts'
import type { EntraExchange } from './entra/entra.ts'
import { OAuthError } from './errors.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest, isMac, mac } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'
import { createCodeVerifier } from './pkce.ts'

/** A checked authorization request, as it travels sealed from `/authorize` to `/consent`. */
export type AuthorizationRequest = {
  /** Names the transaction in the log. */
  readonly id: string
  readonly clientId: string
  readonly redirectUri: string
  /** The client's state, byte for byte as it came. */
  readonly state: string | undefined
  readonly codeChallenge: string
  readonly scope: string
  /** The issuer the client came by; it is told so again in `iss` (RFC 9207). */
  readonly issuer: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** A sign-in under way: from Allow until Entra's answer, in one cookie of one browser. */
export type Transaction = {
  readonly request: Omit<AuthorizationRequest, 'clientId' | 'expiresAt'> & {
    readonly client: { readonly digest: string; readonly name: string | undefined }
  }
  readonly exchange: EntraExchange
  /** The id that its grant gets, and no other transaction's. */
  readonly grantId: string
}

/** Absolute life of a consent page, and of a transaction after it, in seconds. */
export const TRANSACTION_TTL = 600

/** How large a request may be for its transaction to fit into a cookie, in bytes of JSON. */
export const REQUEST_MAX_BYTES = 2400

/** All cookies of ours together, in bytes; a proxy's usual limit for one header is 8 kB. */
const COOKIES_MAX_BYTES = 6 * 1024

const REQUEST_PURPOSE = 'authorization request'
const TRANSACTION_PURPOSE = 'transaction'
const FORM_PURPOSE = 'consent form'
const BROWSER_COOKIE = 'entrance'
const TRANSACTION_COOKIE = 'entrance-tx-'

/** Names a new transaction, for the log. */
export function createTransactionId(): string {
  return randomBytes(6).toString('base64url').replaceAll(/[_-]/g, 'x')
}

export function sealRequest(request: AuthorizationRequest, keyring: Keyring): string {
  const { state, ...rest } = request
  const transported = JSON.stringify({ ...rest, ...(state !== undefined && { state }) })
  if (Buffer.byteLength(transported) - request.clientId.length > REQUEST_MAX_BYTES) {
    throw new OAuthError(
      'invalid_request',
      'The request is too long: shorten state or redirect_uri.',
    )
  }
  return seal(keyring, REQUEST_PURPOSE, transported)
}

/** Opens a sealed request; undefined when it is not ours, 'expired' when its time is over. */
export function openRequest(
  sealed: string,
  keyring: Keyring,
): AuthorizationRequest | 'expired' | undefined {
  const text = open(keyring, REQUEST_PURPOSE, sealed)
  if (text === undefined) return undefined
  const request = { state: undefined, ...(JSON.parse(text) as object) } as AuthorizationRequest
  return request.expiresAt > Date.now() / 1000 ? request : 'expired'
}

/** The browser's own cookie, shared by all its tabs; made when there is none. */
export function recogniseBrowser(cookies: ReadonlyMap<string, string>, isSecure: boolean) {
  const name = cookieName(BROWSER_COOKIE, isSecure)
  const value = cookies.get(name)
  if (value && /^[\w-]{43}$/.test(value)) return { browser: value, setCookie: undefined }
  const browser = randomBytes(32).toString('base64url')
  return { browser, setCookie: writeCookie(name, browser, { isSecure }) }
}

/** The browser's cookie as it came; undefined when it sent none. */
export function findBrowser(
  cookies: ReadonlyMap<string, string>,
  isSecure: boolean,
): string | undefined {
  return cookies.get(cookieName(BROWSER_COOKIE, isSecure))
}

/** What ties a consent form to the browser that it was shown in and to the request that it shows. */
export function formToken(browser: string, sealedRequest: string, keyring: Keyring): string {
  return mac(keyring.current, FORM_PURPOSE, browser, sealedRequest).toString('base64url')
}

export function isFormToken(
  token: string,
  browser: string,
  sealedRequest: string,
  keyring: Keyring,
): boolean {
  return keyring.keys.some((key) => isMac(mac(key, FORM_PURPOSE, browser, sealedRequest), token))
}

/**
 * Starts the transaction that Allow stands for: only now is there a state, a nonce and a verifier.
 * Gives also the cookies to set: its own, and the deletion of the oldest where all would be too large.
 */
export function startTransaction(
  request: AuthorizationRequest,
  client: { digest: string; name: string | undefined },
  context: { cookies: ReadonlyMap<string, string>; keyring: Keyring; isSecure: boolean },
): { transaction: Transaction; setCookies: string[] } {
  const exchange = {
    state: randomBytes(32).toString('base64url'),
    nonce: randomBytes(32).toString('base64url'),
    codeVerifier: createCodeVerifier(),
  }
  const { clientId: _, expiresAt: __, ...rest } = request
  const transaction = toTransaction({ ...rest, client }, exchange)
  const startedAt = Math.floor(Date.now() / 1000)
  const { state, ...secrets } = exchange
  const sealed = seal(
    context.keyring,
    TRANSACTION_PURPOSE,
    JSON.stringify({
      request: transaction.request,
      ...secrets,
      expiresAt: startedAt + TRANSACTION_TTL,
    }),
    state,
  )
  const name = transactionCookieName(state, context.isSecure)
  const value = `${startedAt.toString(36)}.${request.id}.${sealed}`
  const cookie = writeCookie(name, value, { maxAge: TRANSACTION_TTL, isSecure: context.isSecure })
  const dropped = dropOldest(context.cookies, name.length + value.length, context.isSecure)
  return { transaction, setCookies: [...dropped, cookie] }
}

/**
 * Finds the transaction that Entra's `state` belongs to, among this browser's cookies; undefined
 * when another browser started it, when it is over, or when there never was one.
 */
export function findTransaction(
  state: string,
  context: { cookies: ReadonlyMap<string, string>; keyring: Keyring; isSecure: boolean },
): { transaction: Transaction; endCookie: string } | undefined {
  const name = transactionCookieName(state, context.isSecure)
  const { sealed } = readTransactionCookie(context.cookies.get(name) ?? '')
  const text = open(context.keyring, TRANSACTION_PURPOSE, sealed, state)
  if (text === undefined) return undefined
  const { request, expiresAt, ...secrets } = JSON.parse(text)
  if (expiresAt <= Date.now() / 1000) return undefined
  const transaction = toTransaction(request, { state, ...secrets })
  return { transaction, endCookie: deleteCookie(name, context.isSecure) }
}

/** Ends what an earlier Allow of the same request began; gives the cookies that say so. */
export function endTransactions(
  { id }: AuthorizationRequest,
  cookies: ReadonlyMap<string, string>,
  isSecure: boolean,
): string[] {
  return transactionCookies(cookies, isSecure)
    .filter(([, value]) => readTransactionCookie(value).requestId === id)
    .map(([name]) => deleteCookie(name, isSecure))
}

function toTransaction(request: Transaction['request'], exchange: EntraExchange): Transaction {
  return { request, exchange, grantId: digest(`grant ${exchange.state}`).slice(0, 22) }
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
  let size = added + 64 + transactions.reduce((sum, cookie) => sum + sizeOf(cookie), 0)
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

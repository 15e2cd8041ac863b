import { randomBytes } from 'node:crypto'
import { cookieName, writeCookie } from '../http/cookies.ts'
import type { ClientSource } from './clients/client.ts'
import type { EntraExchange } from './entra/entra.ts'
import { OAuthError } from './errors.ts'
import { type CookieContext, endExchanges, findExchange, startExchange } from './exchange-cookie.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest, isMac, mac } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'

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
  /** Where it began, as `traceparent` has it: later steps point to it. */
  readonly trace?: string | undefined
  /** The account that was chosen at Entra, where the person is asked only after that. */
  readonly account?: string
}

/** What a transaction keeps of the client. */
export type AskingClient = {
  readonly digest: string
  readonly name: string | undefined
  /** One that is adopted is recorded when a person has signed in for it. */
  readonly source: ClientSource
  /** Whether it has to authenticate (RFC 6749 §2.1). */
  readonly isConfidential: boolean
}

/** A sign-in under way: from Allow until Entra's answer, in one cookie of one browser. */
export type Transaction = {
  readonly request: Omit<AuthorizationRequest, 'clientId' | 'expiresAt' | 'account'> & {
    readonly client: AskingClient
  }
  readonly exchange: EntraExchange
  /** The id that its grant gets, and no other transaction's. */
  readonly grantId: string
  /** When it began, in seconds since the epoch. */
  readonly startedAt: number
} & Circumstances

/** What the callback has to know of how a transaction began. */
export type Circumstances = {
  /**
   * Who allowed the client before, where nobody was asked this time: Entra has to return that very
   * person. The whole client_id goes along, so that another one can be asked.
   */
  readonly remembered?: { readonly person: string; readonly clientId: string } | undefined
  /** Whether the person's yes is kept when they have signed in. */
  readonly isToBeRemembered?: boolean | undefined
  /** The person whose claims challenge Entra was given. */
  readonly challenged?: string | undefined
}

/** How large a request may be for its transaction to fit into a cookie, in bytes of JSON. */
export const REQUEST_MAX_BYTES = 2400

/** The longest sealed request whose transaction still fits into a cookie with the client_id. */
const CARRIED_MAX_LENGTH = 2800

const REQUEST_PURPOSE = 'authorization request'
const TRANSACTION_PURPOSE = 'transaction'
// A key of its own: what it seals never opens as a transaction, so it never becomes a grant.
const APPS_PURPOSE = 'apps sign-in'
const FORM_PURPOSE = 'consent form'
const BROWSER_COOKIE = 'entrance'

/** Names a new transaction, for the log. */
export function createTransactionId(): string {
  return randomBytes(6).toString('base64url').replaceAll(/[_-]/g, 'x')
}

export function sealRequest(request: AuthorizationRequest, keyring: Keyring): string {
  const { state, ...rest } = request
  const transported = JSON.stringify({ ...rest, ...(state !== undefined && { state }) })
  if (Buffer.byteLength(transported) - request.clientId.length > REQUEST_MAX_BYTES) {
    // To be followed costs nobody the sign-in.
    if (request.trace !== undefined) return sealRequest({ ...request, trace: undefined }, keyring)
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

/** What ties a form to the browser that it was shown in, and to what it is about. */
export function formToken(browser: string, subject: string, keyring: Keyring): string {
  return mac(keyring.current, FORM_PURPOSE, browser, subject).toString('base64url')
}

export function isFormToken(
  token: string,
  browser: string,
  subject: string,
  keyring: Keyring,
): boolean {
  return keyring.keys.some((key) => isMac(mac(key, FORM_PURPOSE, browser, subject), token))
}

/** Whether a request is short enough for its transaction to carry the whole client_id. */
export function canCarryClientId(sealedRequest: string): boolean {
  return sealedRequest.length <= CARRIED_MAX_LENGTH
}

/**
 * Starts the transaction that Allow stands for: only now is there a state, a nonce and a verifier.
 * Gives also the cookies to set: its own, and the deletion of the oldest where all would be too large.
 */
export function startTransaction(
  request: AuthorizationRequest,
  client: AskingClient,
  context: CookieContext,
  circumstances: Circumstances = {},
): { transaction: Transaction; setCookies: string[] } {
  const { clientId: _, expiresAt: __, account: ___, ...rest } = request
  const sealed = { request: { ...rest, client }, ...circumstances }
  const { exchange, startedAt, setCookies } = startExchange(
    TRANSACTION_PURPOSE,
    request.id,
    sealed,
    context,
  )
  return { transaction: toTransaction({ ...sealed, startedAt }, exchange), setCookies }
}

/** Starts a sign-in that is for the person's own page alone. */
export function startAppsSignIn(context: CookieContext) {
  return startExchange(APPS_PURPOSE, 'apps', {}, context)
}

/**
 * Finds the transaction that Entra's `state` belongs to, among this browser's cookies; undefined
 * when another browser started it, when it is over, or when there never was one.
 */
export function findTransaction(
  state: string,
  context: CookieContext,
): { transaction: Transaction; endCookie: string } | undefined {
  const found = findExchange(TRANSACTION_PURPOSE, state, context)
  if (!found) return undefined
  const { exchange, endCookie, ...sealed } = found
  return { transaction: toTransaction(sealed as Sealed, exchange), endCookie }
}

/** Finds the sign-in for the person's own page that Entra's `state` belongs to, likewise. */
export function findAppsSignIn(
  state: string,
  context: CookieContext,
): { exchange: EntraExchange; endCookie: string } | undefined {
  return findExchange(APPS_PURPOSE, state, context)
}

/** Ends what an earlier Allow of the same request began; gives the cookies that say so. */
export function endTransactions(
  { id }: AuthorizationRequest,
  cookies: ReadonlyMap<string, string>,
  isSecure: boolean,
): string[] {
  return endExchanges(id, cookies, isSecure)
}

type Sealed = Pick<Transaction, 'request' | 'startedAt'> & Circumstances

function toTransaction(sealed: Sealed, exchange: EntraExchange): Transaction {
  return { ...sealed, exchange, grantId: digest(`grant ${exchange.state}`).slice(0, 22) }
}

import { timingSafeEqual } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import type { Application } from '../directory.ts'
import { findClient } from '../lookup.ts'
import { optional, required } from '../params.ts'
import type { Platform } from '../sign-in/redirect-uri.ts'
import { checkClientAssertion } from './client-assertion.ts'

/** What a token request says about who sends it. */
type ClientCredentials = {
  readonly clientId: string
  readonly secret: string | undefined
  readonly hasAssertion: boolean
}

/** How the client showed who it is: `azpacr`, where 0 is not at all, 1 by secret, 2 by assertion. */
export type Authentication = '0' | '1' | '2'

/** A client that has shown who it is, as far as it has to. */
export type AuthenticatedClient = {
  readonly client: Application
  readonly authentication: Authentication
}

/**
 * Finds out who sends a token request. What was issued to a platform says whether its client is a
 * public one. Without one, a client that shows no credentials is public where the registration
 * allows that, unless the grant is for confidential clients. `missing` is what those are told that
 * show none.
 */
export async function authenticate(
  call: Call,
  issuedTo: Platform | 'confidential' | undefined,
  missing = 7000218,
): Promise<AuthenticatedClient> {
  const { directory } = call.sts
  const authority = findAuthority(call.sts, call.segment)
  const credentials = readCredentials(call.request, call.form)
  const client = findClient(directory, authority, credentials.clientId)
  checkOrigin(call.request, issuedTo, credentials.secret !== undefined)
  const { secret, hasAssertion } = credentials
  const hasCredentials = secret !== undefined || hasAssertion
  if (isPublic(client, issuedTo ?? (hasCredentials ? 'confidential' : undefined))) {
    if (hasCredentials) throw aadsts(700025)
    return { client, authentication: '0' }
  }
  if (hasAssertion) {
    await checkClientAssertion(call, client)
    return { client, authentication: '2' }
  }
  if (secret === undefined) throw aadsts(missing)
  checkSecret(client, secret, call.sts.now())
  return { client, authentication: '1' }
}

/** Reads client id and secret, from the body or from a Basic header. */
function readCredentials(request: Request, form: URLSearchParams): ClientCredentials {
  const basic = readBasic(request.headers.get('authorization'))
  const hasAssertion = optional(form, 'client_assertion') !== undefined
  if (basic) return { ...basic, hasAssertion }
  return {
    clientId: required(form, 'client_id'),
    secret: optional(form, 'client_secret'),
    hasAssertion,
  }
}

function checkSecret(client: Application, sent: string, now: number): void {
  const id = client.appId
  const found = client.passwordCredentials.find(({ secretText }) => isEqual(secretText, sent))
  if (!found || Date.parse(found.startDateTime) > now) throw aadsts(7000215, { id })
  if (Date.parse(found.endDateTime) <= now) throw aadsts(7000222, { id })
}

function isEqual(expected: string, sent: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(sent)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Only a page redeems what belongs to a single-page app, and nothing else. */
function checkOrigin(request: Request, issuedTo: string | undefined, hasSecret: boolean): void {
  const origin = request.headers.get('origin')
  if (origin !== null && (issuedTo !== 'spa' || hasSecret)) throw aadsts(9002326, { origin })
  if (origin === null && issuedTo === 'spa') throw aadsts(9002327)
}

function isPublic(client: Application, issuedTo: Platform | 'confidential' | undefined): boolean {
  if (issuedTo === undefined) return client.isFallbackPublicClient
  return issuedTo !== 'web' && issuedTo !== 'confidential'
}

function readBasic(header: string | null): { clientId: string; secret: string } | undefined {
  const encoded = /^basic +([a-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { clientId: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

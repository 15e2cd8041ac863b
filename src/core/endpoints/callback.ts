import { readCookies } from '../../http/cookies.ts'
import {
  type ClientAddress,
  errorUrl,
  redirectWithCode,
  redirectWithError,
} from '../client-redirect.ts'
import { recallRedirectUri } from '../clients/redirect-uri.ts'
import type { Context } from '../context.ts'
import { findAadsts } from '../entra/aadsts.ts'
import { type EntraTokens, entraErrorOf } from '../entra/entra.ts'
import { EntraError, OAuthError } from '../errors.ts'
import { issueCode } from '../grants/authorization-code.ts'
import { errorPage } from '../pages/error-page.ts'
import { type Params, parseParams } from '../params.ts'
import { isOwnIssuer, type Site } from '../site.ts'
import { findTransaction, type Transaction } from '../transaction.ts'

type Returned = {
  readonly transaction: Transaction
  /** Deletes the transaction's cookie. */
  readonly endCookie: string
  readonly address: ClientAddress
}

/**
 * Where Entra sends the person back. The answer counts only in the browser that allowed the
 * client; what Entra hands out is verified here, and stays here.
 */
export async function callback(request: Request, _site: Site, context: Context): Promise<Response> {
  const params = parseParams(new URL(request.url).search.slice(1))
  const returned = findReturned(request, params, context)
  const response = toResponseParameters(params)
  // It stands in the address: loading that again would bring the same.
  if (response.has('error')) return fail(entraErrorOf(response), returned, 400, context)
  const { grantId, exchange, request: asked } = returned.transaction
  if (!context.spent.spend(grantId)) throw refuse(ANSWERED, returned.endCookie)
  try {
    const tokens = await context.entra.redeemCode(response, exchange, asked.scope)
    return await succeed(tokens, returned, context)
  } catch (error) {
    if (isPassing(error)) context.spent.release(grantId)
    if (error instanceof EntraError) return fail(error, returned, statusOf(error), context)
    if (error instanceof OAuthError && !isPassing(error))
      throw refuse(error.message, returned.endCookie)
    throw error
  }
}

const ANSWERED =
  'This sign-in has been answered before. Start it again in the application, if it is not signed in.'

const NO_MORE = 'This application may not sign people in here any more.'

/** A refusal that also ends the transaction in this browser. */
function refuse(message: string, endCookie: string): OAuthError {
  return new OAuthError('access_denied', message, { headers: { 'set-cookie': endCookie } })
}

/** What may succeed when the same answer is loaded again. */
function isPassing(error: unknown): boolean {
  return error instanceof EntraError
    ? error.isTransient
    : error instanceof OAuthError && error.code === 'temporarily_unavailable'
}

/** RFC 6749 §4.1.2: whatever else is there is to be ignored. */
function toResponseParameters(params: Params): URLSearchParams {
  const known = ['code', 'state', 'iss', 'error', 'error_description', 'error_subcode']
  const response = new URLSearchParams()
  for (const name of known) {
    const value = params.get(name)
    if (value !== undefined) response.set(name, value)
  }
  return response
}

/** A fault of the server is one that the browser did not bring along: a code can be made up. */
function statusOf(error: EntraError): number {
  if (error.isTransient) return 503
  return error.error === 'invalid_grant' || error.error === 'invalid_request' ? 400 : 500
}

function findReturned(request: Request, params: Params, context: Context): Returned {
  const { config } = context
  const state = params.get('state')
  if (state === undefined) {
    throw new OAuthError(
      'invalid_request',
      "Entra's answer has no state, so it belongs to no sign-in.",
    )
  }
  if (params.get('code') === undefined && params.get('error') === undefined) {
    throw new OAuthError('invalid_request', "Entra's answer has neither a code nor an error.")
  }
  const isSecure = config.site.origin.startsWith('https:')
  const found = findTransaction(state, {
    cookies: readCookies(request),
    keyring: config.keyring,
    isSecure,
  })
  if (!found || !isOwnIssuer(found.transaction.request.issuer, config)) {
    throw new OAuthError(
      'access_denied',
      'This sign-in was not started in this browser, has been finished, or took longer than ten minutes. Start it again in the application.',
    )
  }
  const { request: asked } = found.transaction
  const redirectUri = recallRedirectUri(asked.redirectUri, context.redirectPolicy)
  if (!redirectUri) {
    throw refuse(NO_MORE, found.endCookie)
  }
  return { ...found, address: { redirectUri, state: asked.state, issuer: asked.issuer } }
}

async function succeed(
  tokens: EntraTokens,
  returned: Returned,
  context: Context,
): Promise<Response> {
  const { transaction, endCookie, address } = returned
  const { config } = context
  await recordAdopted(transaction, context)
  const code = await issueCode(transaction, tokens, {
    grants: context.grants,
    keyring: config.keyring,
    binding: config.binding,
    revoked: context.revocations,
    log: config.log,
  })
  config.log({
    event: 'entra.signed-in',
    transaction: transaction.request.id,
    message: 'The person signed in at Entra; the client gets its code.',
    client: transaction.request.client.name,
    tid: tokens.user.tid,
    oid: tokens.user.oid,
    ...(!tokens.refreshToken && {
      warning: 'Entra gave no refresh token: offline_access was not granted.',
    }),
  })
  return redirectWithCode(address, code, [endCookie])
}

/** A client that nobody knew is known from now on, on every replica: it comes to redeem its code. */
async function recordAdopted({ request }: Transaction, context: Context): Promise<void> {
  const { client, redirectUri, id } = request
  if (!client.isAdopted) return
  if (!(await context.clients.adopted.record(client.digest, redirectUri))) {
    throw new OAuthError('access_denied', NO_MORE)
  }
  context.config.log({
    event: 'client.adopted',
    level: 'warn',
    transaction: id,
    message: 'A person let in a client that was not registered here; it is known from now on.',
    redirectUri,
  })
}

/** The person's own no goes to the client; what the operator has to mend is shown. */
function fail(error: EntraError, returned: Returned, status: number, context: Context): Response {
  const { transaction, endCookie, address } = returned
  context.config.log({
    event: 'entra.refused',
    level: 'warn',
    transaction: transaction.request.id,
    message: `${error.message} ${error.cure}`,
    aadsts: error.code,
    error: error.error,
    entraTraceId: error.traceId,
    entraCorrelationId: error.correlationId,
  })
  const told = toOAuthError(error)
  if (told.code === 'access_denied') return redirectWithError(address, told, [endCookie])
  const canReload = status === 503
  return errorPage({
    title: canReload ? 'Microsoft Entra ID is not answering' : 'The sign-in could not be completed',
    status,
    message: error.message,
    cure: canReload ? `${error.cure} Reload this page to go on.` : error.cure,
    details: [
      ['Entra error', error.code ? `AADSTS${error.code}` : error.error],
      ['Trace ID', error.traceId],
      ['Correlation ID', error.correlationId],
      ['Transaction', transaction.request.id],
    ],
    link: { href: errorUrl(address, told), text: 'Return to the application' },
    // What passes leaves the transaction as it is, so that the same answer can be tried again.
    headers: canReload ? { 'retry-after': '10' } : { 'set-cookie': endCookie },
  })
}

function toOAuthError(error: EntraError): OAuthError {
  const number = error.code ? `AADSTS${error.code}: ` : ''
  const text = `Microsoft Entra ID: ${number}${error.message.replace(/^AADSTS\d+: /, '')} ${error.cure}`
  if (error.isTransient) return new OAuthError('temporarily_unavailable', text, { cause: error })
  const isPersons = findAadsts(error.code, error.error).isPersons === true
  return new OAuthError(isPersons ? 'access_denied' : 'server_error', text, { cause: error })
}

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
import { parseParams } from '../params.ts'
import type { Site } from '../site.ts'
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
  const response = new URL(request.url).searchParams
  const returned = findReturned(request, context)
  if (response.has('error')) return fail(entraErrorOf(response), returned, context)
  try {
    const tokens = await context.entra.redeemCode(response, returned.transaction.exchange)
    return await succeed(tokens, returned, context)
  } catch (error) {
    if (error instanceof EntraError) return fail(error, returned, context)
    throw error
  }
}

function findReturned(request: Request, context: Context): Returned {
  const { config } = context
  // The query is read twice: here strictly, for what is ours, then as Entra's response.
  const params = parseParams(new URL(request.url).search.slice(1))
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
  if (!found) {
    throw new OAuthError(
      'access_denied',
      'This sign-in was not started in this browser, has been finished, or took longer than ten minutes. Start it again in the application.',
    )
  }
  const { request: asked } = found.transaction
  const redirectUri = recallRedirectUri(asked.redirectUri, context.redirectPolicy)
  if (!redirectUri) {
    throw new OAuthError('access_denied', 'This application may not sign people in here any more.')
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

/** The person's own no goes to the client; what the operator has to mend is shown. */
function fail(error: EntraError, returned: Returned, context: Context): Response {
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
  return errorPage({
    title: error.isTransient
      ? 'Microsoft Entra ID is not answering'
      : 'The sign-in could not be completed',
    status: error.isTransient ? 503 : 500,
    message: error.message,
    cure: error.isTransient ? `${error.cure} Reload this page to go on.` : error.cure,
    details: [
      ['Entra error', error.code ? `AADSTS${error.code}` : error.error],
      ['Trace ID', error.traceId],
      ['Correlation ID', error.correlationId],
      ['Transaction', transaction.request.id],
    ],
    link: { href: errorUrl(address, told), text: 'Return to the application' },
    // What passes leaves the transaction as it is, so that the same answer can be tried again.
    headers: error.isTransient ? { 'retry-after': '10' } : { 'set-cookie': endCookie },
  })
}

function toOAuthError(error: EntraError): OAuthError {
  const number = error.code ? `AADSTS${error.code}: ` : ''
  const text = `Microsoft Entra ID: ${number}${error.message.replace(/^AADSTS\d+: /, '')} ${error.cure}`
  if (error.isTransient) return new OAuthError('temporarily_unavailable', text, { cause: error })
  const isPersons = findAadsts(error.code, error.error).isPersons === true
  return new OAuthError(isPersons ? 'access_denied' : 'server_error', text, { cause: error })
}

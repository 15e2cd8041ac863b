import { readCookies } from '../../http/cookies.ts'
import { redirect } from '../../http/responses.ts'
import { errorUrl, redirectWithCode, redirectWithError } from '../client-redirect.ts'
import { policyFor, recallRedirectUri } from '../clients/redirect-uri.ts'
import type { Context } from '../context.ts'
import type { EntraExchange, EntraTokens } from '../entra/entra.ts'
import { entraErrorOf } from '../entra/entra-errors.ts'
import { EntraError, OAuthError } from '../errors.ts'
import { TRANSACTION_TTL } from '../exchange-cookie.ts'
import { issueCode } from '../grants/authorization-code.ts'
import { personOf } from '../grants/grant.ts'
import { errorPage } from '../pages/error-page.ts'
import { type Params, parseParams } from '../params.ts'
import { writeSession } from '../session.ts'
import { adminConsentPage, findConsentAddress, isAdminConsent } from '../sign-in/admin-consent.ts'
import { isSecure, sessionContext } from '../sign-in/asked.ts'
import {
  entraProblem,
  failedSignIn,
  logRefusal,
  statusOf,
  toOAuthError,
} from '../sign-in/entra-problem.ts'
import { NO_MORE, recordAdopted, signInOf } from '../sign-in/record-adopted.ts'
import { refuseBarred } from '../sign-in/refuse-barred.ts'
import { type Returned, refuseUnadmitted } from '../sign-in/refuse-unadmitted.ts'
import { isUnasked } from '../sign-in/remembered.ts'
import { isOwnIssuer, type Site } from '../site.ts'
import { findAppsSignIn, findTransaction, sealRequest, type Transaction } from '../transaction.ts'

/**
 * Where Entra sends the person back. The answer counts only in the browser that allowed the
 * client; what Entra hands out is verified here, and stays here.
 */
export async function callback(request: Request, _site: Site, context: Context): Promise<Response> {
  const params = parseParams(new URL(request.url).search.slice(1))
  if (isAdminConsent(params)) return adminConsentPage(params)
  const state = requireState(params)
  const response = toResponseParameters(params)
  const cookies = cookieContext(request, context)
  const found = findTransaction(state, cookies)
  const apps = found ? undefined : findAppsSignIn(state, cookies)
  if (apps) return showApps(response, apps, context)
  const returned = toReturned(found, context)
  // It stands in the address: loading that again would bring the same.
  if (response.has('error')) return fail(entraErrorOf(response), returned, 400, context)
  const { grantId, exchange, request: asked } = returned.transaction
  if (!context.spent.spend(grantId)) throw refuse(ANSWERED, returned.endCookie)
  try {
    const tokens = await context.config.observe.step(SIGN_IN, () =>
      context.entra.redeemCode(response, exchange, asked.scope),
    )
    return await goOn(tokens, returned, context)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    // What may succeed when the same answer is loaded again.
    if (error.isTransient && !error.isSpent) context.spent.release(grantId)
    return fail(error, returned, statusOf(error), context)
  }
}

/** Entra's code is redeemed, and what comes for it verified. */
const SIGN_IN = { kind: 'part', name: 'entra sign-in' } as const

/** Entra's code is used up from here on: what fails now is not mended by loading its answer again. */
async function goOn(tokens: EntraTokens, returned: Returned, context: Context): Promise<Response> {
  try {
    const refusal =
      (await refuseBarred(tokens, returned, context)) ??
      (await refuseUnadmitted(tokens, returned, context))
    if (refusal) return refusal
    if (await isUnasked(tokens, returned.transaction, context))
      return askLate(tokens, returned, context)
    return await succeed(tokens, returned, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    if (error.code === 'temporarily_unavailable') return sendBack(error, returned)
    throw refuse(error.message, returned.endCookie)
  }
}

function sendBack(error: OAuthError, { address, endCookie, transaction }: Returned): Response {
  return errorPage({
    title: 'The sign-in could not be completed',
    status: error.status,
    message: error.message,
    cure: 'Go back to the application, and start the sign-in again in a moment.',
    details: [['Transaction', transaction.request.id]],
    link: { href: errorUrl(address, error), text: 'Return to the application' },
    headers: { 'set-cookie': endCookie, 'retry-after': String(error.retryAfter) },
  })
}

const ANSWERED =
  'This sign-in has been answered before. Start it again in the application, if it is not signed in.'

/** A refusal that also ends the transaction in this browser. */
function refuse(message: string, endCookie: string): OAuthError {
  return new OAuthError('access_denied', message, { headers: { 'set-cookie': endCookie } })
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

function requireState(params: Params): string {
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
  return state
}

function toReturned(found: ReturnType<typeof findTransaction>, context: Context): Returned {
  const { config } = context
  if (!found || !isOwnIssuer(found.transaction.request.issuer, config)) {
    throw new OAuthError(
      'access_denied',
      'This sign-in was not started in this browser, has been finished, or took longer than ten minutes. Start it again in the application.',
    )
  }
  const { request: asked } = found.transaction
  config.observe.transaction(asked.id, asked.trace)
  const policy = policyFor(asked.client, context.redirectPolicy)
  const redirectUri = recallRedirectUri(asked.redirectUri, policy)
  if (!redirectUri) throw refuse(NO_MORE, found.endCookie)
  return { ...found, address: { redirectUri, state: asked.state, issuer: asked.issuer } }
}

function cookieContext(request: Request, context: Context) {
  const { keyring } = context.config
  return { cookies: readCookies(request), keyring, isSecure: isSecure(context) }
}

/**
 * What Entra gave is thrown away, and the request goes back to the consent page as if nothing had
 * been remembered; Allow leads to Entra once more. So there is one way to a code, and it is asked.
 */
function askLate({ user }: EntraTokens, returned: Returned, context: Context): Response {
  const { request, remembered } = returned.transaction
  const { client, ...asked } = request
  const name = user.preferred_username ?? ''
  const sealed = sealRequest(
    {
      ...asked,
      clientId: remembered?.clientId ?? '',
      account: name.length > ACCOUNT_MAX_LENGTH ? '' : name,
      expiresAt: Math.floor(Date.now() / 1000) + TRANSACTION_TTL,
    },
    context.config.keyring,
  )
  context.config.log({
    event: 'consent.asked-late',
    transaction: request.id,
    message: 'Entra returned a person who has not allowed the client; they are asked now.',
    client: client.name,
    tid: user.tid,
    oid: user.oid,
  })
  return redirect(`${context.config.site.issuer}/consent?request=${sealed}`, [returned.endCookie])
}

/** The longest sign-in name that is offered to Entra again, in characters. */
const ACCOUNT_MAX_LENGTH = 128

async function succeed(
  tokens: EntraTokens,
  returned: Returned,
  context: Context,
): Promise<Response> {
  const { transaction, endCookie, address } = returned
  const { config } = context
  const { preferred_username: name } = tokens.user
  await recordAdopted(transaction, tokens.user, context)
  await context.seen.note({ id: personOf(tokens.user), name }, transaction.request.client)
  const code = await issueCode(transaction, tokens, {
    grants: context.grants,
    keyring: config.keyring,
    binding: config.binding,
    revoked: context.revocations,
    barred: context.barred,
    allow: config.allow,
    redirectPolicy: context.redirectPolicy,
    log: config.log,
    audit: context.audit,
  })
  context.audit({
    event: 'sign_in.completed',
    outcome: 'success',
    ...signInOf(transaction),
    person: tokens.user,
    grant: transaction.grantId,
    scope: tokens.scope,
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
  await settle(transaction, tokens, context)
  return redirectWithCode(address, code, [endCookie, sessionCookie(tokens, context)])
}

/** What the sign-in has settled besides. It costs nobody the sign-in where it cannot be written. */
async function settle(
  { request, isToBeRemembered, challenged, startedAt }: Transaction,
  { user }: EntraTokens,
  { consents, challenges }: Context,
): Promise<void> {
  const person = personOf(user)
  await Promise.allSettled([
    isToBeRemembered && consents.allow(person, request, request.scope, startedAt),
    challenged === person && challenges.drop(person),
  ])
}

/** Set by a callback alone that belongs to a sign-in of this very browser. */
function sessionCookie({ user }: EntraTokens, context: Context): string {
  return writeSession(user, sessionContext(context))
}

/** A sign-in that is for the person's own page: it leads there, and nowhere else. */
async function showApps(
  response: URLSearchParams,
  { exchange, endCookie }: { exchange: EntraExchange; endCookie: string },
  context: Context,
): Promise<Response> {
  const { config, entra, spent } = context
  const href = `${config.site.issuer}/auth/apps`
  try {
    if (response.has('error')) throw entraErrorOf(response)
    if (!spent.spend(exchange.state)) return redirect(href, [endCookie])
    const tokens = await entra.redeemCode(response, exchange, config.scope)
    const { tid, oid } = tokens.user
    const message = 'A person signed in to see which applications have access.'
    config.log({ event: 'apps.signed-in', message, tid, oid })
    context.audit({ event: 'apps.signed_in', outcome: 'success', person: tokens.user })
    return redirect(href, [endCookie, sessionCookie(tokens, context)])
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    if (error.isTransient && !error.isSpent) spent.release(exchange.state)
    logRefusal(error, undefined, config.log)
    context.audit(failedSignIn(error))
    const status = response.has('error') ? 400 : statusOf(error)
    return entraProblem(error, status, {
      endCookie,
      consentAddress: await findConsentAddress(error, context),
      link: { href, text: 'Back to your applications' },
    })
  }
}

/** The person's own no goes to the client; what somebody else has to mend is shown. */
async function fail(
  error: EntraError,
  returned: Returned,
  status: number,
  context: Context,
): Promise<Response> {
  const { transaction, endCookie, address } = returned
  logRefusal(error, transaction.request.id, context.config.log)
  context.audit({ ...failedSignIn(error), ...signInOf(transaction) })
  const told = toOAuthError(error)
  const consentAddress = await findConsentAddress(error, context)
  const isPersons = told.code === 'access_denied'
  if (isPersons && !consentAddress) return redirectWithError(address, told, [endCookie])
  return entraProblem(error, isPersons ? told.status : status, {
    endCookie,
    transaction: transaction.request.id,
    consentAddress,
    link: { href: errorUrl(address, told), text: 'Return to the application' },
  })
}

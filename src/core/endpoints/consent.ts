import { readCookies } from '../../http/cookies.ts'
import { redirect } from '../../http/responses.ts'
import { type ClientAddress, redirectWithError } from '../client-redirect.ts'
import type { Client } from '../clients/client.ts'
import { isLoopbackUri, recallRedirectUri } from '../clients/redirect-uri.ts'
import type { Context } from '../context.ts'
import { EntraError, OAuthError } from '../errors.ts'
import { consentPage } from '../pages/consent-page.ts'
import { errorPage } from '../pages/error-page.ts'
import { type Params, readParams } from '../params.ts'
import { isOwnIssuer, type Site } from '../site.ts'
import {
  type AuthorizationRequest,
  endTransactions,
  findBrowser,
  formToken,
  isFormToken,
  openRequest,
  recogniseBrowser,
  startTransaction,
} from '../transaction.ts'

/**
 * The consent page. GET shows who asks; POST takes the person's answer, from the same browser
 * only. Entra hears of the sign-in after Allow, never before.
 */
export async function consent(request: Request, _site: Site, context: Context): Promise<Response> {
  return request.method === 'POST' ? answer(request, context) : show(request, context)
}

type Asked = {
  readonly sealed: string
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly address: ClientAddress
}

async function show(request: Request, context: Context): Promise<Response> {
  const { config } = context
  const asked = await readAsked(await readParams(request), context)
  const { browser, setCookie } = recogniseBrowser(readCookies(request), isSecure(context))
  config.log({
    event: 'consent.shown',
    transaction: asked.request.id,
    message: 'The person is asked to allow the client.',
    client: asked.client.client_name,
  })
  return consentPage({
    clientName: asked.client.client_name,
    clientId: asked.client.client_id,
    redirectUri: asked.request.redirectUri,
    isLocal: isLoopbackUri(asked.request.redirectUri),
    scope: asked.request.scope,
    serverName: config.name,
    resource: config.site.resource,
    sealedRequest: asked.sealed,
    formToken: formToken(browser, asked.sealed, config.keyring),
    action: `${config.site.prefix}/consent`,
    setCookie,
  })
}

async function answer(request: Request, context: Context): Promise<Response> {
  checkOrigin(request, context)
  const params = await readParams(request)
  const asked = await readAsked(params, context)
  const refused = refuseBrowser(request, params, asked, context)
  if (refused) return refused
  const action = params.get('action')
  if (action === 'deny') return deny(request, asked, context)
  if (action === 'allow') return allow(request, asked, context)
  throw new OAuthError('invalid_request', "The form's action must be 'allow' or 'deny'.")
}

/** The request that the page is about. Client and redirect URI are judged again: policy may have changed. */
async function readAsked(params: Params, context: Context): Promise<Asked> {
  const { config } = context
  const sealed = params.get('request')
  if (sealed === undefined)
    throw new OAuthError('invalid_request', "The parameter 'request' is missing.")
  const request = openRequest(sealed, config.keyring)
  const isForeign = typeof request === 'object' && !isOwnIssuer(request.issuer, config)
  if (request === undefined || isForeign) {
    throw new OAuthError(
      'invalid_request',
      'This sign-in was not started here, or its address has been changed.',
    )
  }
  if (request === 'expired') {
    throw new OAuthError(
      'invalid_request',
      'This sign-in has taken too long. Start it again in the application.',
    )
  }
  const client = await context.clients.find(request.clientId)
  const redirectUri = recallRedirectUri(request.redirectUri, context.redirectPolicy)
  if (!client || !redirectUri) {
    throw new OAuthError(
      'invalid_request',
      'This application may not sign people in here any more.',
    )
  }
  const { state, issuer } = request
  return { sealed, request, client, address: { redirectUri, state, issuer } }
}

/** A form of another site cannot answer for the person, whatever it knows. */
function checkOrigin(request: Request, context: Context): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isForeign = origin !== null && origin !== context.config.site.origin
  if (!isForeign && (site === null || site === 'same-origin' || site === 'none')) return
  throw new OAuthError('access_denied', 'The answer came from another site than the consent page.')
}

/**
 * The answer counts in the browser that was shown the page. Nothing is lost otherwise: the
 * page can be shown again, as where two tabs opened at once and each got a cookie of its own.
 */
function refuseBrowser(
  request: Request,
  params: Params,
  asked: Asked,
  context: Context,
): Response | undefined {
  const browser = findBrowser(readCookies(request), isSecure(context))
  const token = params.get('form_token') ?? ''
  const isOwn =
    browser !== undefined && isFormToken(token, browser, asked.sealed, context.config.keyring)
  if (isOwn) return undefined
  const message = browser
    ? 'The answer does not come from the consent page that this browser was shown last.'
    : 'The browser did not send the cookie that the consent page set.'
  return errorPage({
    title: 'This answer cannot be taken',
    status: 403,
    message,
    cure: browser
      ? 'Look at the request again, and answer it there.'
      : 'Allow cookies for this site, and look at the request again.',
    details: [['Transaction', asked.request.id]],
    link: { href: consentAddress(asked, context), text: 'Show the request again' },
  })
}

function consentAddress(asked: Asked, context: Context): string {
  return `${context.config.site.prefix}/consent?request=${asked.sealed}`
}

/** Holds whatever was pressed before: a sign-in that is at Entra already ends there. */
function deny(request: Request, asked: Asked, context: Context): Response {
  context.config.log({
    event: 'consent.denied',
    transaction: asked.request.id,
    message: 'The person denied the client.',
    client: asked.client.client_name,
  })
  const error = new OAuthError('access_denied', 'The person denied the request.')
  const ended = endTransactions(asked.request, readCookies(request), isSecure(context))
  return redirectWithError(asked.address, error, ended, 303)
}

async function allow(request: Request, asked: Asked, context: Context): Promise<Response> {
  const { config, entra } = context
  const { client } = asked
  const { transaction, setCookies } = startTransaction(
    asked.request,
    { digest: client.digest, name: client.client_name },
    { cookies: readCookies(request), keyring: config.keyring, isSecure: isSecure(context) },
  )
  const log = { transaction: asked.request.id, client: client.client_name }
  try {
    const url = await entra.authorizationUrl(transaction.exchange)
    config.log({
      ...log,
      event: 'consent.allowed',
      message: 'The person allowed the client and goes to Entra.',
    })
    return redirect(url.href, setCookies, 303)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    const message = `${error.message} ${error.cure}`
    config.log({ ...log, event: 'entra.unreachable', level: 'error', message, aadsts: error.code })
    return entraAwayPage(error, asked, context)
  }
}

function entraAwayPage(error: EntraError, asked: Asked, context: Context): Response {
  return errorPage({
    title: error.isTransient
      ? 'Microsoft Entra ID is not answering'
      : 'Sign-in is not set up correctly',
    status: error.isTransient ? 503 : 500,
    message: error.message,
    cure: error.cure,
    details: [['Transaction', asked.request.id]],
    link: { href: consentAddress(asked, context), text: 'Try again' },
    ...(error.isTransient && { headers: { 'retry-after': '10' } }),
  })
}

function isSecure(context: Context): boolean {
  return context.config.site.origin.startsWith('https:')
}

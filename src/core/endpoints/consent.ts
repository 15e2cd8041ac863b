import { readCookies } from '../../http/cookies.ts'
import { auditedClient } from '../audit.ts'
import { redirectWithError } from '../client-redirect.ts'
import { identifyClient } from '../clients/client-identity.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { checkFormOrigin } from '../fetch-metadata.ts'
import { personOf, revokeGrant } from '../grants/grant.ts'
import { consentPage } from '../pages/consent-page.ts'
import { errorPage } from '../pages/error-page.ts'
import { type Params, readParams } from '../params.ts'
import type { Session } from '../session.ts'
import {
  type Asked,
  consentAddress,
  isSecure,
  readAsked,
  sessionOf,
  subjectOf,
} from '../sign-in/asked.ts'
import { goToEntra } from '../sign-in/go-to-entra.ts'
import { findRemembered, isRemembering, promptFor, withoutChoice } from '../sign-in/remembered.ts'
import type { Site } from '../site.ts'
import {
  endTransactions,
  findBrowser,
  formToken,
  isFormToken,
  recogniseBrowser,
} from '../transaction.ts'

/**
 * The consent page. GET shows who asks; POST takes the person's answer, from the same browser
 * only. Entra hears of the sign-in after Allow, never before.
 */
export async function consent(request: Request, _site: Site, context: Context): Promise<Response> {
  return request.method === 'POST' ? answer(request, context) : show(request, context)
}

async function show(request: Request, context: Context): Promise<Response> {
  const { config } = context
  const params = await readParams(request)
  const asked = await readAsked(params, context)
  const remembered = params.get('ask') ? undefined : await findRemembered(request, asked, context)
  if (remembered) return goOnRemembered(request, asked, remembered, context)
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
    identity: identifyClient(asked.client, asked.request.redirectUri),
    scope: asked.request.scope,
    serverName: config.name,
    resource: config.site.resource,
    sealedRequest: asked.sealed,
    formToken: formToken(browser, asked.sealed, config.keyring),
    action: `${config.site.prefix}/consent`,
    appsAddress: `${config.site.prefix}/auth/apps`,
    account: asked.request.account,
    isRemembered: isRemembering(asked.client, context),
    setCookie,
  })
}

function goOnRemembered(
  request: Request,
  asked: Asked,
  session: Session,
  context: Context,
): Promise<Response> {
  const { client } = asked
  context.config.log({
    event: 'consent.remembered',
    transaction: asked.request.id,
    message: 'The person allowed the client before, and goes to Entra without being asked.',
    client: client.client_name,
    tid: session.tid,
    oid: session.oid,
  })
  const hints = {
    loginHint: session.preferred_username,
    prompt: promptFor(client, context.config.entra.prompt),
  }
  const remembered = { person: personOf(session), clientId: client.client_id }
  return goToEntra(request, asked, { hints, circumstances: { remembered }, status: 302 }, context)
}

async function answer(request: Request, context: Context): Promise<Response> {
  checkFormOrigin(request, context.config.site.origin)
  const params = await readParams(request)
  const asked = await readAsked(params, context)
  const refused = refuseBrowser(request, params, asked, context)
  if (refused) return refused
  const action = params.get('action')
  if (action === 'deny') return deny(request, asked, context)
  if (action === 'allow') return allow(request, asked, context)
  throw new OAuthError('invalid_request', "The form's action must be 'allow' or 'deny'.")
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

/** Holds whatever was pressed before: a sign-in that is at Entra already ends there. */
async function deny(request: Request, asked: Asked, context: Context): Promise<Response> {
  // It is not done until what was given before is gone.
  const session = sessionOf(request, context)
  if (session) await takeBack(personOf(session), asked, context)
  context.config.log({
    event: 'consent.denied',
    transaction: asked.request.id,
    message: 'The person denied the client.',
    client: asked.client.client_name,
  })
  context.audit({
    event: 'consent.denied',
    outcome: 'denied',
    transaction: asked.request.id,
    client: auditedClient(asked.client),
    ...(session && { person: session }),
  })
  const error = new OAuthError('access_denied', 'The person denied the request.')
  const ended = endTransactions(asked.request, readCookies(request), isSecure(context))
  return redirectWithError(asked.address, error, ended, 303)
}

/** A yes that is remembered; and a grant, where the page was still open when its own Allow was done. */
async function takeBack(person: string, asked: Asked, context: Context): Promise<void> {
  const { config, consents, grants, revocations } = context
  const ending = {
    reason: 'denied by the person',
    message: 'The person denied the client after all; what the same page gave is revoked.',
  }
  await consents.forget(person, subjectOf(asked))
  const given = await grants.list(person)
  for (const held of given.filter(({ grant }) => grant.transaction === asked.request.id)) {
    await revokeGrant(held, ending, { ...context, grants, revoked: revocations, log: config.log })
  }
}

async function allow(request: Request, asked: Asked, context: Context): Promise<Response> {
  const { account } = asked.request
  const hints = account
    ? { loginHint: account, prompt: withoutChoice(context.config.entra.prompt) }
    : {}
  const circumstances = { isToBeRemembered: isRemembering(asked.client, context) || undefined }
  context.config.log({
    event: 'consent.allowed',
    transaction: asked.request.id,
    message: 'The person allowed the client and goes to Entra.',
    client: asked.client.client_name,
  })
  context.audit({
    event: 'consent.allowed',
    outcome: 'success',
    transaction: asked.request.id,
    client: auditedClient(asked.client),
  })
  return goToEntra(request, asked, { hints, circumstances, status: 303 }, context)
}

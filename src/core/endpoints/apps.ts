import { readCookies } from '../../http/cookies.ts'
import { redirect } from '../../http/responses.ts'
import { type Application, groupApplications } from '../applications.ts'
import { receiverOf } from '../clients/client-identity.ts'
import { CONSENT_TTL } from '../consents.ts'
import type { Context } from '../context.ts'
import { EntraError, OAuthError } from '../errors.ts'
import { checkFormOrigin } from '../fetch-metadata.ts'
import { personOf, revokeGrant } from '../grants/grant.ts'
import { appsPage, appsSignInPage, type ListedApplication } from '../pages/apps-page.ts'
import { errorPage } from '../pages/error-page.ts'
import { type Params, readParams } from '../params.ts'
import { endSession, isFresh, type Session } from '../session.ts'
import { isSecure, sessionOf } from '../sign-in/asked.ts'
import { entraProblem, logRefusal, statusOf } from '../sign-in/entra-problem.ts'
import type { Site } from '../site.ts'
import {
  findBrowser,
  formToken,
  isFormToken,
  recogniseBrowser,
  startAppsSignIn,
} from '../transaction.ts'

/** As many as a person looks through; there is a button for the rest. */
const MAX_SHOWN = 100

/**
 * A person's own page: which applications have access in their name, and the end of it. Looking
 * changes nothing and starts nothing, whoever led here; each step is a form of the page itself.
 */
export async function apps(request: Request, site: Site, context: Context): Promise<Response> {
  if (request.method === 'POST') return answer(request, context)
  // Cookies belong to the configured host.
  const isHere = site.issuer === context.config.site.issuer
  return isHere ? show(request, context) : redirect(addressOf(context))
}

async function show(request: Request, context: Context): Promise<Response> {
  const { config } = context
  const { browser, setCookie } = recogniseBrowser(readCookies(request), isSecure(context))
  const session = freshSession(request, context)
  const frame = {
    serverName: config.name,
    formToken: formToken(browser, subjectOf(session), config.keyring),
    action: `${config.site.prefix}/auth/apps`,
    setCookie,
  }
  if (!session) return appsSignInPage(frame)
  const applications = await findApplications(session, context)
  return appsPage({
    ...frame,
    person: { name: session.name, username: session.preferred_username },
    applications: applications.slice(0, MAX_SHOWN).map(toListed),
    count: applications.length,
  })
}

async function answer(request: Request, context: Context): Promise<Response> {
  checkFormOrigin(request, context.config.site.origin)
  const params = await readParams(request)
  const session = freshSession(request, context)
  const action = params.get('action')
  // Too late for the page that was shown: it has to be looked at again.
  if (!session && action !== 'sign-in') return redirect(addressOf(context), [], 303)
  const refused = refuseForm(request, params, action === 'sign-in' ? undefined : session, context)
  if (refused) return refused
  if (action === 'sign-in') return signIn(request, context)
  if (action === 'sign-out') return signOut(context)
  if (session && action === 'revoke-all') return revoke(session, () => true, context)
  const digest = params.get('application')
  if (session && action === 'revoke' && digest !== undefined) {
    return revoke(session, (application) => application.digest === digest, context)
  }
  throw new OAuthError('invalid_request', 'The form asks for nothing that this page does.')
}

/** The form counts in the browser that was shown it, and for the person that it was about. */
function refuseForm(
  request: Request,
  params: Params,
  session: Session | undefined,
  context: Context,
): Response | undefined {
  const browser = findBrowser(readCookies(request), isSecure(context))
  const token = params.get('form_token') ?? ''
  const { keyring } = context.config
  if (browser !== undefined && isFormToken(token, browser, subjectOf(session), keyring)) {
    return undefined
  }
  return errorPage({
    title: 'This answer cannot be taken',
    status: 403,
    message: 'The answer does not come from the page that this browser was shown last.',
    cure: 'Allow cookies for this site, look at the page again, and answer it there.',
    link: { href: addressOf(context), text: 'Show your applications' },
  })
}

async function signIn(request: Request, context: Context): Promise<Response> {
  const { config, entra } = context
  const { exchange, setCookies } = startAppsSignIn({
    cookies: readCookies(request),
    keyring: config.keyring,
    isSecure: isSecure(context),
  })
  try {
    const loginHint = sessionOf(request, context)?.preferred_username
    const url = await entra.authorizationUrl(exchange, config.scope, { loginHint })
    return redirect(url.href, setCookies, 303)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    logRefusal(error, undefined, config.log)
    const link = { href: addressOf(context), text: 'Try again' }
    return entraProblem(error, statusOf(error), { link })
  }
}

function signOut(context: Context): Response {
  return redirect(addressOf(context), [endSession(isSecure(context))], 303)
}

const ENDING = {
  reason: 'revoked by the person',
  message: 'The person took back what they had allowed; the grant is revoked.',
}

/** Ends what the chosen applications have: their tokens, and that nobody is asked about them. */
async function revoke(
  session: Session,
  isChosen: (application: Application) => boolean,
  context: Context,
): Promise<Response> {
  const { grants, consents, revocations, config } = context
  const chosen = (await findApplications(session, context)).filter(isChosen)
  for (const application of chosen) {
    for (const held of application.grants) {
      await revokeGrant(held, ENDING, {
        ...{ grants, revoked: revocations, log: config.log, audit: context.audit },
      })
    }
    for (const consent of application.consents) await consents.forget(consent.person, consent)
    config.log({
      event: 'apps.revoked',
      message: 'The person revoked the access of an application.',
      client: application.name,
      grants: application.grants.length,
      tid: session.tid,
      oid: session.oid,
    })
    context.audit({
      event: 'consent.revoked',
      outcome: 'success',
      person: session,
      client: application,
    })
  }
  return redirect(addressOf(context), [], 303)
}

async function findApplications(session: Session, context: Context): Promise<Application[]> {
  const person = personOf(session)
  const [grants, consents] = await Promise.all([
    context.grants.list(person),
    context.consents.list(person),
  ])
  return groupApplications(grants, consents)
}

function toListed(application: Application): ListedApplication {
  const { digest, name, redirectUris, scopes, since, lastRenewed, consents } = application
  const answered = consents.map(({ answeredAt }) => answeredAt)
  return {
    ...{ digest, name, scopes, since, lastRenewed },
    receivers: uniqueReceivers(redirectUris),
    rememberedUntil: answered.length > 0 ? Math.max(...answered) + CONSENT_TTL : undefined,
  }
}

function uniqueReceivers(redirectUris: readonly string[]): ListedApplication['receivers'] {
  const receivers = redirectUris.map(receiverOf)
  return [...new Map(receivers.map((receiver) => [receiver.receiver, receiver])).values()]
}

/** What the page's forms are about: one person, or nobody yet. */
function subjectOf(session: Session | undefined): string {
  return session ? `apps ${personOf(session)}` : 'apps'
}

function freshSession(request: Request, context: Context): Session | undefined {
  const session = sessionOf(request, context)
  return session && isFresh(session) ? session : undefined
}

function addressOf({ config }: Context): string {
  return `${config.site.issuer}/auth/apps`
}

import { type Html, html } from '../../http/html.ts'
import { explainUnmet, logUnmet, mailAddressOf, type Rule, whomToAsk } from '../admission.ts'
import { type ClientAddress, errorUrl } from '../client-redirect.ts'
import type { Context } from '../context.ts'
import type { EntraTokens } from '../entra/entra.ts'
import { EntraError, OAuthError } from '../errors.ts'
import { personOf } from '../grants/grant.ts'
import type { AllowConfig } from '../options.ts'
import { errorPage } from '../pages/error-page.ts'
import { writeSession } from '../session.ts'
import type { Transaction } from '../transaction.ts'
import { sessionContext } from './asked.ts'
import { entraProblem, logRefusal } from './entra-problem.ts'

/** A sign-in that has come back from Entra. */
export type Returned = {
  readonly transaction: Transaction
  /** Deletes the transaction's cookie. */
  readonly endCookie: string
  readonly address: ClientAddress
}

/**
 * The page for whom the operator does not let in; undefined for whoever may come in. Throws where
 * that cannot be found out: nobody comes in on a guess.
 */
export async function refuseUnadmitted(
  tokens: EntraTokens,
  returned: Returned,
  context: Context,
): Promise<Response | undefined> {
  try {
    const rule = await context.admission.findUnmet(tokens)
    return rule && unadmittedPage(rule, tokens, returned, context)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    if (error.claims !== undefined) return askForMore(error, tokens, returned, context)
    throw error.isTransient ? notNow(error) : error
  }
}

/** Entra's code is used up: loading the same answer again would not help. */
function notNow(cause: EntraError): OAuthError {
  return new OAuthError('temporarily_unavailable', cause.message, { retryAfter: 10, cause })
}

/** To look up groups Entra wants more of the person than this sign-in brought: the next one asks for it. */
async function askForMore(
  error: EntraError,
  { user }: EntraTokens,
  { transaction, endCookie, address }: Returned,
  context: Context,
): Promise<Response> {
  const { id } = transaction.request
  logRefusal(error, id, context.config.log)
  await context.challenges.keep(personOf(user), error.claims as string)
  const told = new OAuthError('access_denied', `${error.message} ${error.cure}`)
  const link = { href: errorUrl(address, told), text: 'Return to the application' }
  const response = entraProblem(error, told.status, { endCookie, transaction: id, link })
  response.headers.append('set-cookie', writeSession(user, sessionContext(context)))
  return response
}

/** A redirect would lead to an application that says no more than that it has failed. */
function unadmittedPage(
  rule: Rule,
  tokens: EntraTokens,
  { transaction, endCookie, address }: Returned,
  { config, audit }: Context,
): Response {
  const { user } = tokens
  const { id, client } = transaction.request
  logUnmet(rule, tokens, { transaction: id, client: client.name }, config.log)
  const facts = { person: user, client, transaction: id }
  audit({ event: 'sign_in.refused', outcome: 'denied', reason: rule, ...facts })
  const why = explainUnmet(rule)
  const whom = whomToAsk(config.allow)
  const error = new OAuthError('access_denied', `${why} ${whom}`)
  return errorPage({
    title: 'This account is not let in',
    status: error.status,
    message: user.preferred_username ? `You signed in as ${user.preferred_username}. ${why}` : why,
    cure: html`${linkMail(whom, config.allow)} Or go back to the application and sign in with another account.`,
    details: [
      ['Rule', rule],
      ['Account', user.preferred_username],
      ['Object ID', user.oid],
      ['Tenant ID', user.tid],
      ['Transaction', id],
    ],
    link: { href: errorUrl(address, error), text: 'Return to the application' },
    headers: { 'set-cookie': endCookie },
  })
}

/** The sentence that says whom to ask, with a mail address as a link. */
export function linkMail(whom: string, allow: AllowConfig): Html {
  const address = mailAddressOf(allow)
  if (address === undefined) return html`${whom}`
  const [before, after] = whom.split(address)
  return html`${before}<a href="mailto:${address}">${address}</a>${after}`
}

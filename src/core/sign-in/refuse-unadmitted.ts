import { type Html, html } from '../../http/html.ts'
import { explainUnmet, logUnmet, mailAddressOf, type Rule, whomToAsk } from '../admission.ts'
import { type ClientAddress, errorUrl } from '../client-redirect.ts'
import type { Context } from '../context.ts'
import type { EntraTokens } from '../entra/entra.ts'
import { EntraError, OAuthError } from '../errors.ts'
import type { AllowConfig } from '../options.ts'
import { errorPage } from '../pages/error-page.ts'
import type { Transaction } from '../transaction.ts'

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
  const rule = await findUnmet(tokens, context)
  if (!rule) return undefined
  const { id: transaction, client } = returned.transaction.request
  logUnmet(rule, tokens, { transaction, client: client.name }, context.config.log)
  return unadmittedPage(rule, tokens, returned, context)
}

async function findUnmet(tokens: EntraTokens, { admission }: Context): Promise<Rule | undefined> {
  try {
    return await admission.findUnmet(tokens)
  } catch (error) {
    if (!(error instanceof EntraError) || !error.isTransient) throw error
    // Entra's code is used up: loading the same answer again would not help.
    const options = { retryAfter: 10, cause: error }
    throw new OAuthError('temporarily_unavailable', error.message, options)
  }
}

/** A redirect would lead to an application that says no more than that it has failed. */
function unadmittedPage(
  rule: Rule,
  { user }: EntraTokens,
  { transaction, endCookie, address }: Returned,
  { config }: Context,
): Response {
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
      ['Transaction', transaction.request.id],
    ],
    link: { href: errorUrl(address, error), text: 'Return to the application' },
    headers: { 'set-cookie': endCookie },
  })
}

function linkMail(whom: string, allow: AllowConfig): Html {
  const address = mailAddressOf(allow)
  if (address === undefined) return html`${whom}`
  const [before, after] = whom.split(address)
  return html`${before}<a href="mailto:${address}">${address}</a>${after}`
}

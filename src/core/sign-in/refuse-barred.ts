import { html } from '../../http/html.ts'
import { whomToAsk } from '../admission.ts'
import { explainBarred } from '../barred.ts'
import { errorUrl } from '../client-redirect.ts'
import type { Context } from '../context.ts'
import type { EntraTokens } from '../entra/entra.ts'
import { OAuthError } from '../errors.ts'
import { personOf } from '../grants/grant.ts'
import { errorPage } from '../pages/error-page.ts'
import { linkMail, type Returned } from './refuse-unadmitted.ts'

/** The page for whom the operator has blocked, or whose application; undefined for everybody else. */
export async function refuseBarred(
  { user }: EntraTokens,
  { transaction, endCookie, address }: Returned,
  { barred, config, audit }: Context,
): Promise<Response | undefined> {
  const { id, client } = transaction.request
  const barring = await barred.find(personOf(user), client.digest)
  if (!barring) return undefined
  const { tid, oid, preferred_username } = user
  audit({
    event: 'sign_in.refused',
    outcome: 'denied',
    reason: `barred ${barring.kind}`,
    person: user,
    client,
    transaction: id,
  })
  config.log({
    event: 'sign-in.barred',
    level: 'warn',
    transaction: id,
    message: `A sign-in is refused: the operator keeps the ${barring.kind} out.`,
    client: client.name,
    tid,
    oid,
  })
  const error = new OAuthError('access_denied', explainBarred(barring, config.allow))
  const isPerson = barring.kind === 'person'
  return errorPage({
    title: isPerson ? 'This account is blocked' : 'This application is switched off',
    status: error.status,
    message: isPerson
      ? `${preferred_username ? `You signed in as ${preferred_username}. ` : ''}The operator of this server has blocked this account.`
      : 'The operator of this server has switched this application off.',
    cure: html`${linkMail(whomToAsk(config.allow), config.allow)}${isPerson ? ' Or go back to the application and sign in with another account.' : ''}`,
    details: [
      ['Account', preferred_username],
      ['Object ID', oid],
      ['Tenant ID', tid],
      ['Transaction', id],
    ],
    link: { href: errorUrl(address, error), text: 'Return to the application' },
    headers: { 'set-cookie': endCookie },
  })
}

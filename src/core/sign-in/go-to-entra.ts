import { readCookies } from '../../http/cookies.ts'
import { redirect } from '../../http/responses.ts'
import { errorUrl } from '../client-redirect.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import type { SignInHints } from '../entra/entra.ts'
import { describeForLog } from '../entra/entra-errors.ts'
import { EntraError } from '../errors.ts'
import { personOf } from '../grants/grant.ts'
import { errorPage } from '../pages/error-page.ts'
import { type AskingClient, type Circumstances, startTransaction } from '../transaction.ts'
import { type Asked, consentAddress, isSecure, sessionOf } from './asked.ts'
import { toOAuthError } from './entra-problem.ts'

export type Departure = {
  readonly hints: SignInHints
  readonly circumstances: Circumstances
  readonly status: number
}

/** Starts the transaction of an allowed request, and sends the person to Entra. */
export async function goToEntra(
  request: Request,
  asked: Asked,
  { hints, circumstances, status }: Departure,
  context: Context,
): Promise<Response> {
  const { config, entra } = context
  const { client } = asked
  const challenge = await findChallenge(request, asked, context)
  const { transaction, setCookies } = startTransaction(
    asked.request,
    toAskingClient(client),
    { cookies: readCookies(request), keyring: config.keyring, isSecure: isSecure(context) },
    { ...circumstances, challenged: challenge?.person },
  )
  try {
    const url = await entra.authorizationUrl(transaction.exchange, asked.request.scope, {
      ...challenge?.hints,
      ...hints,
    })
    return redirect(url.href, setCookies, status)
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    config.log({
      event: 'entra.unreachable',
      level: 'error',
      transaction: asked.request.id,
      message: describeForLog(error),
      client: client.client_name,
      aadsts: error.code,
    })
    return entraAwayPage(error, asked, context)
  }
}

function toAskingClient(client: Client): AskingClient {
  const { digest, client_name: name, source, token_endpoint_auth_method: method } = client
  return { digest, name, source, isConfidential: method !== 'none' }
}

/** What Entra demanded of this browser's person when it last refused to renew. */
async function findChallenge(request: Request, asked: Asked, context: Context) {
  const session = sessionOf(request, context)
  if (!session || asked.request.account !== undefined) return undefined
  const person = personOf(session)
  const claims = await context.challenges.find(person)
  if (claims === undefined) return undefined
  return { person, hints: { claims, loginHint: session.preferred_username } }
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
    otherLink: {
      href: errorUrl(asked.address, toOAuthError(error)),
      text: 'Return to the application',
    },
    ...(error.isTransient && { headers: { 'retry-after': '10' } }),
  })
}

import { readCookies } from '../../http/cookies.ts'
import type { ClientAddress } from '../client-redirect.ts'
import type { Client } from '../clients/client.ts'
import { policyFor, recallRedirectUri } from '../clients/redirect-uri.ts'
import type { ConsentSubject } from '../consents.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import type { Params } from '../params.ts'
import { readSession, type Session, type SessionContext } from '../session.ts'
import { isOwnIssuer } from '../site.ts'
import { type AuthorizationRequest, openRequest } from '../transaction.ts'

/** What the person is asked: the sealed request, opened and judged again. */
export type Asked = {
  readonly sealed: string
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly address: ClientAddress
}

/** The request that the page is about. Client and redirect URI are judged again: policy may have changed. */
export async function readAsked(params: Params, context: Context): Promise<Asked> {
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
  config.observe.transaction(request.id, request.trace)
  const { clients } = context
  const client =
    (await clients.find(request.clientId)) ??
    clients.adopted.adopt(request.clientId, request.redirectUri)
  const redirectUri =
    client && recallRedirectUri(request.redirectUri, policyFor(client, context.redirectPolicy))
  if (!client || !redirectUri) {
    throw new OAuthError(
      'invalid_request',
      'This application may not sign people in here any more.',
    )
  }
  const { state, issuer } = request
  return { sealed, request, client, address: { redirectUri, state, issuer } }
}

/** What an answer is about. */
export function subjectOf({ client, request }: Asked): ConsentSubject {
  const { digest, client_name: name } = client
  return { client: { digest, name }, redirectUri: request.redirectUri }
}

/** Who signed in last in this browser. */
export function sessionOf(request: Request, context: Context): Session | undefined {
  return readSession(readCookies(request), sessionContext(context))
}

/** A link of ours must not pass for the person's own doing: it shows the page, whatever is remembered. */
export function consentAddress(asked: Asked, context: Context): string {
  return `${context.config.site.prefix}/consent?request=${asked.sealed}&ask=1`
}

/** What this server's sessions are sealed with and bound to. */
export function sessionContext(context: Context): SessionContext {
  const { keyring, binding, site } = context.config
  return { keyring, binding, issuer: site.issuer, isSecure: isSecure(context) }
}

/** Whether the site is https, and its cookies are `Secure`. */
export function isSecure(context: Context): boolean {
  return context.config.site.origin.startsWith('https:')
}

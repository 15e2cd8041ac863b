import {
  exchangeAuthorization,
  type FetchLike,
  startAuthorization,
} from '@modelcontextprotocol/client'
import type { AuthorizationResponse } from './authorization-response.ts'
import type { CallbackListener } from './callback-listener.ts'
import { type Credentials, type Registration, type Tokens, toTokens } from './credentials.ts'
import type { Discovery } from './discovery.ts'
import { ClientNotRegistered, oauthCodeOf, toRefusal } from './explain.ts'
import type { KnownClient } from './known-client.ts'
import { isStillRegistered, register } from './registration.ts'

/** What a sign-in asks for, and whom. */
export type Request = Discovery & { readonly url: URL; readonly fetchFn: FetchLike }

/** An authorization request that is ready for the browser (RFC 6749 §4.1.1, PKCE: RFC 7636). */
export type Authorization = {
  readonly url: URL
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly registration: Registration
}

/** Makes the authorization request, as the known client or as one registered for it. */
export async function prepareAuthorization(
  request: Request,
  { redirectUri }: CallbackListener,
  known: KnownClient | undefined,
  state: string,
): Promise<Authorization> {
  const { metadata, scope, resource, fetchFn } = request
  const registration =
    known?.registration ?? (await register(metadata, redirectUri, scope, fetchFn))
  const { authorizationUrl: url, codeVerifier } = await startAuthorization(metadata.issuer, {
    metadata,
    clientInformation: registration,
    redirectUrl: redirectUri,
    state,
    ...(scope && { scope }),
    ...(resource && { resource }),
  })
  if (known && !(await isStillRegistered(url, fetchFn))) throw new ClientNotRegistered()
  return { url, codeVerifier, redirectUri, registration }
}

/** Exchanges the code of the response for tokens; throws what the response says otherwise. */
export async function redeem(
  request: Request,
  authorization: Authorization,
  response: AuthorizationResponse,
): Promise<Credentials & { readonly tokens: Tokens }> {
  if (response.kind === 'error') throw toRefusal(response.error, response.description)
  const { metadata, scope, resource, fetchFn } = request
  const { codeVerifier, redirectUri, registration } = authorization
  try {
    const answer = await exchangeAuthorization(metadata.issuer, {
      metadata,
      clientInformation: registration,
      authorizationCode: response.code,
      codeVerifier,
      redirectUri,
      fetchFn,
      ...(response.iss !== undefined && { iss: response.iss }),
      ...(resource && { resource }),
    })
    // RFC 6749 §5.1: a server that leaves `scope` out has given what was asked for.
    const tokens = toTokens({ ...answer, scope: answer.scope ?? scope })
    const { issuer } = metadata
    return { issuer, registration, redirectUri, ...(resource && { resource }), tokens }
  } catch (error) {
    if (oauthCodeOf(error) === 'invalid_client') throw new ClientNotRegistered({ cause: error })
    throw error
  }
}

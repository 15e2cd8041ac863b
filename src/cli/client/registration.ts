import {
  type AuthorizationServerMetadata,
  type FetchLike,
  registerClient,
} from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import { type Registration, toRegistration } from './credentials.ts'

/** Registers this command with the authorization server (RFC 7591). */
export async function register(
  metadata: AuthorizationServerMetadata,
  redirectUri: string,
  scope: string | undefined,
  fetchFn: FetchLike,
): Promise<Registration> {
  if (!metadata.registration_endpoint) {
    throw new CommandError(`${metadata.issuer} does not let clients register themselves.`, {
      cure: 'Sign in with the --client-id that its operator gives you; ENTRANCE_CLIENT_SECRET has the secret.',
    })
  }
  const registered = await registerClient(metadata.issuer, {
    metadata,
    clientMetadata: {
      client_name: 'Entrance command line',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    ...(scope && { scope }),
    fetchFn,
  })
  return toRegistration(registered)
}

/**
 * Whether the authorization server still knows the client. It says so only to the browser, with
 * 400, and the browser never comes back to tell us: so we ask once ourselves, before it goes there.
 */
export async function isStillRegistered(
  authorizationUrl: URL,
  fetchFn: FetchLike,
): Promise<boolean> {
  const response = await fetchFn(authorizationUrl, {
    headers: { accept: 'application/json, text/html;q=0.5' },
    redirect: 'manual',
  })
  await response.body?.cancel()
  return response.status !== 400 && response.status !== 401
}

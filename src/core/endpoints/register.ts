import { json } from '../../http/responses.ts'
import { clientSecretOf, sealClient } from '../clients/client.ts'
import { hasSecret, parseClientMetadata } from '../clients/client-metadata.ts'
import { REGISTRATION_OFF } from '../clients/clients.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { readJson } from '../params.ts'
import type { Site } from '../site.ts'

/**
 * Dynamic client registration (RFC 7591 §3). Nothing is stored: the client_id carries what was
 * registered, so registering again costs nothing and the server cannot forget a client.
 */
export async function register(request: Request, _site: Site, context: Context): Promise<Response> {
  const { keyring, log, registration, scope, clientDocuments } = context.config
  if (registration.mode === 'off') throw new OAuthError('access_denied', REGISTRATION_OFF)
  const metadata = parseClientMetadata(await readJson(request), context.redirectPolicy)
  if (metadata.jwks_uri !== undefined && clientDocuments !== 'fetch') {
    const text = "private_key_jwt is not supported: this server does not fetch clients' keys."
    throw new OAuthError('invalid_client_metadata', text)
  }
  const client = sealClient(metadata, keyring)
  log({
    event: 'client.registered',
    message: 'A client registered.',
    client: metadata.client_name,
    redirectUris: metadata.redirect_uris.join(' '),
  })
  const secret = hasSecret(metadata.token_endpoint_auth_method) && {
    client_secret: clientSecretOf(client, keyring),
    client_secret_expires_at: 0,
  }
  return json(
    {
      client_id: client.client_id,
      ...secret,
      ...(metadata.client_name !== undefined && { client_name: metadata.client_name }),
      redirect_uris: metadata.redirect_uris,
      token_endpoint_auth_method: metadata.token_endpoint_auth_method,
      ...(metadata.application_type && { application_type: metadata.application_type }),
      ...(metadata.jwks_uri !== undefined && { jwks_uri: metadata.jwks_uri }),
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope,
    },
    201,
  )
}

import { json, PUBLIC } from '../../http/responses.ts'
import { TOKEN_ENDPOINT_AUTH_METHODS } from '../clients/client-metadata.ts'
import { ASSERTION_ALGORITHMS } from '../clients/key-set.ts'
import type { Context } from '../context.ts'
import { offeredScopes } from '../scope.ts'
import type { Site } from '../site.ts'

/**
 * Authorization server metadata (RFC 8414 §2), also for those who ask for OpenID's. Everything
 * advertised is enforced, and nothing is advertised that clients would trip over: `offline_access`
 * has several of them add `prompt=consent`.
 */
export function oauthAuthorizationServer(
  _request: Request,
  site: Site,
  context: Context,
): Response {
  const { issuer } = site
  const { config, documents } = context
  const isFetching = config.clientDocuments === 'fetch'
  // The keys of those who sign are fetched.
  const methods = TOKEN_ENDPOINT_AUTH_METHODS.filter((m) => isFetching || m !== 'private_key_jwt')
  const algorithms = isFetching && {
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  }
  return json(
    {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      ...(context.config.registration.mode !== 'off' && {
        registration_endpoint: `${issuer}/register`,
      }),
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      scopes_supported: offeredScopes(config),
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_methods_supported: methods,
      ...algorithms,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      // Whoever is told so comes by a document, and has no other way once it cannot be fetched.
      ...(documents.isFetching() && { client_id_metadata_document_supported: true }),
      protected_resources: [site.resource],
    },
    200,
    PUBLIC,
  )
}

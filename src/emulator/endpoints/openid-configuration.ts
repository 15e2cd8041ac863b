import { findAuthority, issuerOf } from '../authority.ts'
import type { Call } from '../call.ts'

/** GET /{tenant}/v2.0/.well-known/openid-configuration */
export function openidConfiguration(call: Call): Response {
  const { origin } = call.sts
  const authority = findAuthority(call.sts.directory, call.segment)
  const base = `${origin}/${authority.name}`
  return Response.json(
    {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: [
        'client_secret_post',
        'private_key_jwt',
        'client_secret_basic',
        'self_signed_tls_client_auth',
      ],
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: issuerOf(origin, authority),
      request_uri_parameter_supported: false,
      userinfo_endpoint: `${origin}/oidc/userinfo`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
      http_logout_supported: true,
      frontchannel_logout_supported: true,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      claims_supported: CLAIMS,
      kerberos_endpoint: `${base}/kerberos`,
      mtls_endpoint_aliases: { token_endpoint: `${base}/oauth2/v2.0/token` },
      tls_client_certificate_bound_access_tokens: true,
      tenant_region_scope: authority.kind === 'tenant' ? authority.tenant.regionScope : null,
      cloud_instance_name: 'microsoftonline.com',
      cloud_graph_host_name: 'graph.windows.net',
      msgraph_host: new URL(origin).host,
      rbac_url: 'https://pas.windows.net',
    },
    { headers: { 'access-control-allow-origin': '*', 'cache-control': 'max-age=86400, private' } },
  )
}

const CLAIMS = [
  'sub',
  'iss',
  'cloud_instance_name',
  'cloud_instance_host_name',
  'cloud_graph_host_name',
  'msgraph_host',
  'aud',
  'exp',
  'iat',
  'auth_time',
  'acr',
  'nonce',
  'preferred_username',
  'name',
  'tid',
  'ver',
  'at_hash',
  'c_hash',
  'email',
]

import {
  type Authority,
  CONSUMERS_TENANT_ID,
  findAuthority,
  hostOf,
  issuerOf,
} from '../authority.ts'
import type { Call } from '../call.ts'

/** GET /{tenant}/v2.0/.well-known/openid-configuration */
export function openidConfiguration(call: Call): Response {
  const { origin } = call.sts
  const authority = findAuthority(call.sts, call.segment)
  const base = `${hostOf(origin, authority, call.request)}/${authority.name}`
  return documentResponse({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    jwks_uri: `${base}/discovery/v2.0/keys${appQuery(call)}`,
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
    ...(call.sts.behaviour.advertisePkce && {
      code_challenge_methods_supported: ['plain', 'S256'],
    }),
    ...cloudMembers(call, authority),
  })
}

/** GET /{tenant}/.well-known/openid-configuration: the document of the v1.0 endpoints. */
export function openidConfigurationV1(call: Call): Response {
  const authority = findAuthority(call.sts, call.segment)
  const personal = authority.kind === 'consumers' ? CONSUMERS_TENANT_ID : '{tenantid}'
  const tenant = authority.kind === 'tenant' ? authority.tenant.id : personal
  const base = `${hostOf(call.sts.origin, authority, call.request)}/${authority.name}`
  return documentResponse({
    token_endpoint: `${base}/oauth2/token`,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    jwks_uri: `${base}/discovery/keys${appQuery(call)}`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'token id_token', 'token'],
    scopes_supported: ['openid'],
    issuer: `${call.sts.cloud.stsOrigin}/${tenant}/`,
    microsoft_multi_refresh_token: true,
    authorization_endpoint: `${base}/oauth2/authorize`,
    device_authorization_endpoint: `${base}/oauth2/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/logout`,
    claims_supported: CLAIMS_V1,
    check_session_iframe: `${base}/oauth2/checksession`,
    userinfo_endpoint: `${base}/openid/userinfo`,
    kerberos_endpoint: `${base}/kerberos`,
    ...cloudMembers(call, authority),
  })
}

/** The last members of both documents: which cloud this is, and where its Graph is. */
function cloudMembers({ sts: { origin, cloud } }: Call, authority: Authority) {
  const own = authority.kind === 'tenant' ? authority.tenant.regionScope : null
  return {
    tenant_region_scope: authority.kind === 'tenant' ? (cloud.regionScope ?? own) : null,
    cloud_instance_name: cloud.instanceName,
    cloud_graph_host_name: cloud.graphHostName,
    msgraph_host: new URL(origin).host,
    rbac_url: cloud.rbacUrl,
  }
}

/** An application with keys of its own is told to look for them; here they are everybody's. */
function appQuery({ query }: Call): string {
  const appid = query.get('appid')
  return appid ? `?${new URLSearchParams({ appid })}` : ''
}

function documentResponse(document: object): Response {
  const headers = { 'access-control-allow-origin': '*', 'cache-control': 'max-age=86400, private' }
  return Response.json(document, { headers })
}

const AUTH_METHODS = [
  'client_secret_post',
  'private_key_jwt',
  'client_secret_basic',
  'self_signed_tls_client_auth',
]

const FIRST_CLAIMS =
  'sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr'
const CLAIMS = `${FIRST_CLAIMS} nonce preferred_username name tid ver at_hash c_hash email`.split(
  ' ',
)
const CLAIMS_V1 = `${FIRST_CLAIMS} amr nonce email given_name family_name nickname`.split(' ')

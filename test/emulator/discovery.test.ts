import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createEmulator } from '../../src/emulator/emulator.ts'

const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

test('the discovery document of a tenant has exactly the members and values of Entra’s', async () => {
  const { origin, tenantId, fetch } = createEmulator({ origin: 'https://login.example' })
  const response = await fetch(new Request(discoveryUrl(origin, tenantId)))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  const base = `https://login.example/${tenantId}`
  const document = (await response.json()) as Record<string, unknown>
  assert.deepEqual(Object.keys(document), MEMBERS)
  assert.equal(document.issuer, `${base}/v2.0`)
  assert.equal(document.authorization_endpoint, `${base}/oauth2/v2.0/authorize`)
  assert.equal(document.token_endpoint, `${base}/oauth2/v2.0/token`)
  assert.equal(document.jwks_uri, `${base}/discovery/v2.0/keys`)
  assert.equal(document.end_session_endpoint, `${base}/oauth2/v2.0/logout`)
  assert.deepEqual(document.response_modes_supported, ['query', 'fragment', 'form_post'])
  assert.deepEqual(document.subject_types_supported, ['pairwise'])
  assert.equal(document.tenant_region_scope, 'EU')
})

test('a domain is answered with the id of its tenant', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  const byDomain = await (await fetch(new Request(discoveryUrl(origin, 'Entrance.Example')))).json()
  const byId = await (await fetch(new Request(discoveryUrl(origin, tenantId)))).json()
  assert.deepEqual(byDomain, byId)
})

for (const [alias, issuerTenant] of [
  ['common', '{tenantid}'],
  ['organizations', '{tenantid}'],
  ['consumers', CONSUMERS],
] as const) {
  test(`the document of ${alias} names the issuer of ${issuerTenant}`, async () => {
    const { origin, fetch } = createEmulator()
    const response = await fetch(new Request(discoveryUrl(origin, alias)))
    const document = (await response.json()) as Record<string, unknown>
    assert.deepEqual(Object.keys(document), MEMBERS)
    assert.equal(document.issuer, `${origin}/${issuerTenant}/v2.0`)
    assert.equal(document.token_endpoint, `${origin}/${alias}/oauth2/v2.0/token`)
    assert.equal(document.tenant_region_scope, null)
  })
}

test('an unknown tenant is invalid_tenant, AADSTS90002', async () => {
  const { origin, fetch } = createEmulator()
  for (const tenant of ['11111111-2222-4333-8444-555555555555', 'nobody.example']) {
    const response = await fetch(new Request(discoveryUrl(origin, tenant)))
    assert.equal(response.status, 400)
    const body = (await response.json()) as Record<string, unknown>
    assert.equal(body.error, 'invalid_tenant')
    assert.deepEqual(body.error_codes, [90002])
    assert.match(String(body.error_description), new RegExp(`^AADSTS90002: Tenant '${tenant}'`))
  }
})

test('a tenant that is neither GUID nor domain is AADSTS900023', async () => {
  const { origin, fetch } = createEmulator()
  const response = await fetch(new Request(discoveryUrl(origin, '"quoted"')))
  const body = (await response.json()) as Record<string, unknown>
  assert.deepEqual(body.error_codes, [900023])
})

test('the key document has two RSA keys, named by the thumbprint of their certificate', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  const response = await fetch(new Request(`${origin}/${tenantId}/discovery/v2.0/keys`))
  const { keys } = (await response.json()) as { keys: Record<string, string & string[]>[] }
  assert.equal(keys.length, 2)
  assert.notEqual(keys[0]?.kid, keys[1]?.kid)
  for (const key of keys) {
    assert.deepEqual(Object.keys(key), KEY_MEMBERS)
    const der = Buffer.from(key.x5c?.[0] as string, 'base64')
    assert.equal(key.kid, createHash('sha1').update(der).digest('base64url'))
    assert.equal(key.x5t, key.kid)
    const certificate = new X509Certificate(der)
    assert.ok(certificate.verify(certificate.publicKey), 'the certificate signs itself')
    assert.equal(certificate.publicKey.export({ format: 'jwk' }).n, key.n)
    assert.equal(key.issuer, `${origin}/${tenantId}/v2.0`)
  }
})

test('what Entra has not is 404: RFC 8414, registration, revocation, introspection', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  for (const path of [
    '/.well-known/oauth-authorization-server',
    `/.well-known/oauth-authorization-server/${tenantId}/v2.0`,
    `/${tenantId}/.well-known/oauth-authorization-server`,
    `/${tenantId}/v2.0/.well-known/oauth-authorization-server`,
    `/${tenantId}/oauth2/v2.0/register`,
    `/${tenantId}/oauth2/v2.0/revoke`,
    `/${tenantId}/oauth2/v2.0/introspect`,
    '/register',
  ]) {
    for (const method of ['GET', 'POST']) {
      const response = await fetch(new Request(`${origin}${path}`, { method }))
      assert.equal(response.status, 404, `${method} ${path}`)
    }
  }
})

test('a method that an endpoint does not take is 405', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  const response = await fetch(new Request(discoveryUrl(origin, tenantId), { method: 'DELETE' }))
  assert.equal(response.status, 405)
  assert.equal(response.headers.get('allow'), 'GET, HEAD')
})

function discoveryUrl(origin: string, tenant: string): string {
  return `${origin}/${tenant}/v2.0/.well-known/openid-configuration`
}

const KEY_MEMBERS = 'kty use kid x5t n e x5c cloud_instance_name issuer'.split(' ')

const MEMBERS = [
  'token_endpoint',
  'token_endpoint_auth_methods_supported',
  'jwks_uri',
  'response_modes_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'response_types_supported',
  'scopes_supported',
  'issuer',
  'request_uri_parameter_supported',
  'userinfo_endpoint',
  'authorization_endpoint',
  'device_authorization_endpoint',
  'http_logout_supported',
  'frontchannel_logout_supported',
  'end_session_endpoint',
  'claims_supported',
  'kerberos_endpoint',
  'mtls_endpoint_aliases',
  'tls_client_certificate_bound_access_tokens',
  'tenant_region_scope',
  'cloud_instance_name',
  'cloud_graph_host_name',
  'msgraph_host',
  'rbac_url',
]

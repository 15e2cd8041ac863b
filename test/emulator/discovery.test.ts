import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { compactVerify } from 'jose'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { addPersonal, assertRefused, claimsOf, entrance, getCode, redeem } from './support.ts'

const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

test('the discovery document of a tenant is Entra’s, member by member', async () => {
  const { tenantId, fetch } = createEmulator({ origin: 'https://login.microsoftonline.com' })
  const url = discoveryUrl('https://login.microsoftonline.com', tenantId)
  const response = await fetch(new Request(url))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('access-control-allow-origin'), '*')
  const document = await response.json()
  assert.deepEqual(document, tenantDocument(tenantId))
  assert.deepEqual(Object.keys(document), Object.keys(tenantDocument(tenantId)))
})

test('the document of the v1.0 endpoints has the older issuer and addresses', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  for (const [segment, issuer] of [
    [tenantId, tenantId],
    ['common', '{tenantid}'],
    ['organizations', '{tenantid}'],
    ['consumers', CONSUMERS],
  ] as const) {
    const url = `${origin}/${segment}/.well-known/openid-configuration`
    const document = await json(await fetch(new Request(url)))
    assert.partialDeepStrictEqual(document, {
      issuer: `https://sts.windows.net/${issuer}/`,
      authorization_endpoint: `${origin}/${segment}/oauth2/authorize`,
      token_endpoint: `${origin}/${segment}/oauth2/token`,
      end_session_endpoint: `${origin}/${segment}/oauth2/logout`,
      jwks_uri: `${origin}/${segment}/discovery/keys`,
    })
  }
})

test('?appid= is handed on to the address of the keys, where there are keys', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  const url = `${discoveryUrl(origin, tenantId)}?appid=${SEED.clientId}`
  const { jwks_uri } = await json(await fetch(new Request(url)))
  assert.equal(jwks_uri, `${origin}/${tenantId}/discovery/v2.0/keys?appid=${SEED.clientId}`)
  assert.equal((await fetch(new Request(String(jwks_uri)))).status, 200)
})

for (const [cloud, expected, issuer] of [
  ['public', ['EU', 'microsoftonline.com', 'graph.windows.net'], 'https://sts.windows.net'],
  ['usgov', ['USGov', 'microsoftonline.us', 'graph.windows.net'], 'https://sts.windows.net'],
  [
    'china',
    ['EU', 'partner.microsoftonline.cn', 'graph.chinacloudapi.cn'],
    'https://sts.chinacloudapi.cn',
  ],
] as const) {
  test(`documents, keys and v1 tokens are those of the cloud "${cloud}"`, async () => {
    const emulator = createEmulator({ cloud })
    const { origin, tenantId, fetch } = emulator
    const document = await json(await fetch(new Request(discoveryUrl(origin, tenantId))))
    const { tenant_region_scope, cloud_instance_name, cloud_graph_host_name } = document
    assert.deepEqual([tenant_region_scope, cloud_instance_name, cloud_graph_host_name], expected)
    assert.equal(document.msgraph_host, new URL(origin).host)
    const [key] = await keysAt(emulator, `${tenantId}/discovery/v2.0/keys`)
    assert.equal(key?.cloud_instance_name, expected[1])
    entrance(emulator).api.requestedAccessTokenVersion = 1
    const { body } = await redeem(emulator, { code: await getCode(emulator) })
    assert.equal(claimsOf(body.access_token).iss, `${issuer}/${tenantId}/`)
  })
}

test('a tenant of another cloud has no documents and gets no tokens here (AADSTS90038)', async () => {
  const emulator = createEmulator({ cloud: 'usgov' })
  const [tenant] = emulator.directory.tenants
  assert.ok(tenant)
  const statuses = async () => {
    const paths = ['v2.0/.well-known/openid-configuration', 'discovery/v2.0/keys']
    const urls = paths.map((path) => `${emulator.origin}/${tenant.id}/${path}`)
    const answers = await Promise.all(urls.map((url) => emulator.fetch(new Request(url))))
    return answers.map(({ status }) => status)
  }
  tenant.cloud = 'usgov'
  assert.deepEqual(await statuses(), [200, 200])
  const code = await getCode(emulator)
  tenant.cloud = 'china'
  assert.deepEqual(await statuses(), [400, 400])
  const refused = await redeem(emulator, { code })
  assertRefused(refused, 90038, 'invalid_request')
  assert.match(
    String(refused.body.error_description),
    /National Cloud 'partner.microsoftonline.cn'/,
  )
})

test('a behaviour or a delay that there is not is refused', () => {
  for (const [options, problem] of [
    [{ behaviour: { resource: 'ignore' } }, /There is no behaviour resource\. There are resourceP/],
    [{ behaviour: { errorPageStatus: 500 } }, /errorPageStatus is 500\. Expected one of: 400, 200/],
    [{ replication: { graph: -1 } }, /replication\.graph is -1\. Expected seconds/],
    [{ replication: { signIn: Number.NaN } }, /replication\.signIn is NaN/],
  ] as const) {
    assert.throws(() => createEmulator(options as never), problem)
  }
})

test('a cloud that there is not is refused', () => {
  assert.throws(
    () => createEmulator({ cloud: 'germany' as never }),
    /Expected one of: public, usgov/,
  )
})

test('an External ID tenant has an issuer below its own host, and the request’s host in addresses', async () => {
  const emulator = createEmulator({ origin: 'https://ciamlogin.com' })
  const { tenantId, directory } = emulator
  for (const tenant of directory.tenants) tenant.kind = 'external'
  const host = 'https://contoso.ciamlogin.com'
  const ask = async (url: string) => json(await emulator.fetch(new Request(url)))
  const document = await ask(discoveryUrl(host, 'entrance.example'))
  const issuer = `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0`
  assert.equal(document.issuer, issuer)
  assert.equal(document.token_endpoint, `${host}/${tenantId}/oauth2/v2.0/token`)
  // A host that only looks like one of ours is not believed.
  const elsewhere = await ask(discoveryUrl('https://evil-ciamlogin.com', tenantId))
  assert.equal(elsewhere.token_endpoint, `https://ciamlogin.com/${tenantId}/oauth2/v2.0/token`)
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  assert.equal(claimsOf(body.id_token).iss, issuer)
  assert.equal(claimsOf(body.access_token).iss, issuer)
})

test('MSAL is told which hosts are one cloud, and of no other', async () => {
  const { origin, tenantId, fetch } = createEmulator()
  const ask = (params: Record<string, string>) =>
    fetch(new Request(`${origin}/common/discovery/instance?${new URLSearchParams(params)}`))
  const authorization_endpoint = `${origin}/${tenantId}/oauth2/v2.0/authorize`
  const version = { 'api-version': '1.1' }
  assert.deepEqual(await json(await ask({ ...version, authorization_endpoint })), {
    tenant_discovery_endpoint: discoveryUrl(origin, tenantId),
    'api-version': '1.1',
    metadata: [
      {
        preferred_network: 'localhost:8400',
        preferred_cache: 'localhost:8400',
        aliases: ['localhost:8400'],
      },
    ],
  })
  const foreign = { ...version, authorization_endpoint: 'https://evil.example/x/oauth2/authorize' }
  const refused = await json(await ask(foreign))
  assert.equal(refused.error, 'invalid_instance')
  assert.deepEqual(refused.error_codes, [50049])
  assert.deepEqual((await json(await ask({ authorization_endpoint }))).error_codes, [900144])
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
    assert.deepEqual(Object.keys(document), Object.keys(tenantDocument('')))
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

test('common has the keys of personal accounts too, which have an issuer of their own', async () => {
  const emulator = createEmulator()
  const { origin, tenantId } = emulator
  const issuersAt = async (path: string) =>
    (await keysAt(emulator, path)).map(({ issuer }) => issuer?.slice(origin.length))
  const template = '/{tenantid}/v2.0'
  const personal = `/${CONSUMERS}/v2.0`
  assert.deepEqual(await issuersAt('common/discovery/v2.0/keys'), [template, template, personal])
  assert.deepEqual(await issuersAt('organizations/discovery/v2.0/keys'), [template, template])
  assert.deepEqual(await issuersAt('consumers/discovery/v2.0/keys'), [personal])
  const own = `/${tenantId}/v2.0`
  assert.deepEqual(await issuersAt(`${tenantId}/discovery/v2.0/keys`), [own, own])
})

test('the keys of the v1.0 endpoints name no issuer', async () => {
  const emulator = createEmulator()
  for (const segment of [emulator.tenantId, 'common']) {
    const keys = await keysAt(emulator, `${segment}/discovery/keys`)
    assert.ok(keys.length > 1)
    for (const key of keys) {
      assert.deepEqual(Object.keys(key), KEY_MEMBERS.slice(0, -1))
    }
  }
})

test('a personal account’s token is signed with the key of personal accounts', async () => {
  const emulator = createEmulator()
  addPersonal(emulator)
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const code = await getCode(emulator, { name: 'Dana', tenant: 'common' })
  const { body } = await redeem(emulator, { code }, { tenant: 'common' })
  const [key] = await keysAt(emulator, 'consumers/discovery/v2.0/keys')
  for (const token of [body.access_token, body.id_token]) {
    const verified = await compactVerify(String(token), key as object)
    assert.equal(verified.protectedHeader.kid, key?.kid)
  }
})

test('PKCE is advertised only where that is asked for', async () => {
  for (const advertisePkce of [false, true]) {
    const { origin, tenantId, fetch } = createEmulator({ behaviour: { advertisePkce } })
    const document = await json(await fetch(new Request(discoveryUrl(origin, tenantId))))
    const methods = advertisePkce ? ['plain', 'S256'] : undefined
    assert.deepEqual(document.code_challenge_methods_supported, methods)
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

/** §3.1 of the facts; Graph is served by the emulator itself. */
function tenantDocument(tid: string) {
  const base = `https://login.microsoftonline.com/${tid}`
  return {
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
    issuer: `${base}/v2.0`,
    request_uri_parameter_supported: false,
    userinfo_endpoint: 'https://login.microsoftonline.com/oidc/userinfo',
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported:
      'sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr nonce preferred_username name tid ver at_hash c_hash email'.split(
        ' ',
      ),
    kerberos_endpoint: `${base}/kerberos`,
    mtls_endpoint_aliases: { token_endpoint: `${base}/oauth2/v2.0/token` },
    tls_client_certificate_bound_access_tokens: true,
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'login.microsoftonline.com',
    rbac_url: 'https://pas.windows.net',
  }
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}

async function keysAt({ origin, fetch }: Emulator, path: string): Promise<JWK[]> {
  return (await json(await fetch(new Request(`${origin}/${path}`)))).keys as JWK[]
}

type JWK = Record<string, string>

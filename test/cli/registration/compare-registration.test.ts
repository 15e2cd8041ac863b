import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compareRegistration } from '../../../src/cli/registration/compare-registration.ts'
import type {
  Application,
  DesiredRegistration,
  Difference,
  Registration,
} from '../../../src/cli/registration/types.ts'
import { desired, ids, registration, scope } from './registrations.ts'

const GRAPH = 'https://graph.microsoft.com'
const NOW = Date.parse('2026-11-27T00:00:00Z')
const URI = 'https://expenses.example.com/auth/callback'

const compare = (found: Registration | undefined, wanted: DesiredRegistration) =>
  compareRegistration(found, wanted, { origin: GRAPH, now: NOW })

const only = (differences: readonly Difference[]) => {
  assert.equal(differences.length, 1, ids(differences).join(', '))
  return differences[0] as Difference
}

const bodyOf = (difference: Difference | undefined): Partial<Application> & { name?: string } =>
  difference?.calls[0]?.body ?? {}

test('a registration that is as it has to be has no difference', () => {
  assert.deepEqual(compare(registration(), desired()), [])
})

test('where there is none, everything is made in the order in which it depends on each other', () => {
  const wanted = desired({
    preAuthorized: ['aebc6443-996d-45c2-90f0-388ff96faa56'],
    hasAdminConsent: true,
    credential: { kind: 'secret', displayName: 'mine', endDateTime: '2027-01-01T00:00:00Z' },
  })
  assert.deepEqual(ids(compare(undefined, wanted)), [
    'application-missing',
    'identifier-uri',
    'redirect-uri-missing',
    'scope-missing',
    'graph-permission-missing',
    'service-principal-missing',
    'pre-authorized',
    'secret-missing',
    'admin-consent-missing',
  ])
})

test('the call that makes the application has token version 2 and a name to find it by, and no list', () => {
  const [first] = compare(undefined, desired())
  const [call] = first?.calls ?? []
  assert.equal(call?.path, "/applications(uniqueName='entrance-expenses-0123456789')")
  assert.deepEqual(call?.headers, { Prefer: 'create-if-missing' })
  assert.deepEqual(call?.body?.api, { requestedAccessTokenVersion: 2 })
  // Were it there by then, a list would replace what it has.
  assert.deepEqual(Object.keys(call?.body ?? {}).toSorted(), [
    'api',
    'displayName',
    'isFallbackPublicClient',
    'signInAudience',
    'tags',
  ])
})

suite('each thing that is wrong is one difference, and the only one', () => {
  const cases: readonly (readonly [string, Partial<Application>, Partial<DesiredRegistration>?])[] =
    [
      ['token-version', { api: { ...api(), requestedAccessTokenVersion: null } }],
      ['token-version', { api: { ...api(), requestedAccessTokenVersion: 1 } }],
      ['account-type', {}, { signInAudience: 'AzureADMultipleOrgs' }],
      ['identifier-uri', { identifierUris: ['api://else'] }],
      ['redirect-uri-missing', { web: { redirectUris: [`${URI}/`] } }],
      ['redirect-uri-platform', { web: { redirectUris: [] }, spa: { redirectUris: [URI] } }],
      [
        'redirect-uri-platform',
        { web: { redirectUris: [URI] }, publicClient: { redirectUris: [URI] } },
      ],
      ['scope-missing', { api: { ...api(), oauth2PermissionScopes: [scope('other')] } }],
      [
        'scope-disabled',
        { api: { ...api(), oauth2PermissionScopes: [scope('mcp-access', { isEnabled: false })] } },
      ],
      ['scope-consent', {}, { scopes: [{ value: 'mcp-access', type: 'Admin' }] }],
      ['public-client', { isFallbackPublicClient: true }],
      ['optional-claims', {}, { optionalClaims: ['acct'] }],
      ['groups-claim', {}, { hasGroups: true }],
      ['app-role-missing', {}, { roles: ['Expenses.Approver'] }],
      ['pre-authorized', {}, { preAuthorized: ['aebc6443-996d-45c2-90f0-388ff96faa56'] }],
      [
        'graph-permission-missing',
        {},
        { graphPermissions: [{ id: 'e1fe6dd8', value: 'User.Read', type: 'Scope' }] },
      ],
      ['admin-consent-missing', {}, { hasAdminConsent: true }],
    ]
  for (const [id, found, wanted] of cases) {
    test(`${id}, by ${Object.keys({ ...found, ...wanted }).join(' and ')}`, () => {
      const difference = only(compare(registration(found), desired(wanted)))
      assert.equal(difference.id, id)
      assert.ok(difference.portal.length > 1)
      assert.match(difference.az, /^az rest|^GRAPH=\$\(az rest/)
      assert.ok(difference.calls.length > 0)
    })
  }
})

function scopesOf(body: Partial<Application> | undefined) {
  return body?.api?.oauth2PermissionScopes ?? []
}

function api(): Application['api'] {
  return registration().application.api
}

test('a list is sent with all that is in it', () => {
  const other = 'https://other.example.com/cb'
  const found = registration({
    web: { redirectUris: [other] },
    identifierUris: ['api://else'],
    api: { ...api(), oauth2PermissionScopes: [scope('other')] },
  })
  const differences = compare(
    found,
    desired({ scopes: [{ value: 'mcp-access' }, { value: 'more' }] }),
  )
  const body = Object.assign({}, ...differences.map(bodyOf))
  assert.deepEqual(body.web, { redirectUris: [other, URI] })
  assert.deepEqual(body.identifierUris, ['api://else', `api://${found.application.appId}`])
  assert.deepEqual(
    body.api.oauth2PermissionScopes.map(({ value }: { value: string }) => value),
    ['other', 'mcp-access', 'more'],
  )
})

test('what comes later has what came before it in its lists', () => {
  const found = registration({
    api: { ...api(), oauth2PermissionScopes: [scope('mcp-access', { isEnabled: false })] },
  })
  const differences = compare(
    found,
    desired({ scopes: [{ value: 'mcp-access' }, { value: 'more' }] }),
  )
  assert.deepEqual(ids(differences), ['scope-missing', 'scope-disabled'])
  const last = scopesOf(differences[1]?.calls[0]?.body)
  assert.deepEqual(
    last.map(({ value, isEnabled }) => [value, isEnabled]),
    [
      ['mcp-access', true],
      ['more', true],
    ],
  )
})

test('what removes or changes what somebody else has set is marked, and comes last', () => {
  const found = registration({
    web: { redirectUris: [] },
    spa: { redirectUris: [URI, 'https://spa.example.com'] },
    isFallbackPublicClient: true,
  })
  const differences = compare(
    { ...found, servicePrincipal: { ...servicePrincipalOf(found), accountEnabled: false } },
    desired({ redirectUris: [URI, 'https://two.example.com/auth/callback'] }),
  )
  assert.deepEqual(
    differences.map(({ id, isOverride }) => [id, isOverride]),
    [
      ['redirect-uri-missing', false],
      ['service-principal-disabled', true],
      ['redirect-uri-platform', true],
      ['public-client', true],
    ],
  )
  assert.deepEqual(bodyOf(differences[2]), {
    spa: { redirectUris: ['https://spa.example.com'] },
    publicClient: { redirectUris: [] },
    web: { redirectUris: ['https://two.example.com/auth/callback', URI] },
  })
})

function servicePrincipalOf({ servicePrincipal }: Registration) {
  assert.ok(servicePrincipal)
  return servicePrincipal
}

test('an account type that lets in more than is wanted stays', () => {
  const found = registration({ signInAudience: 'AzureADandPersonalMicrosoftAccount' })
  for (const signInAudience of ['AzureADMyOrg', 'AzureADMultipleOrgs'] as const) {
    assert.deepEqual(compare(found, desired({ signInAudience })), [])
  }
})

test('who can consent to a scope that exists is left alone unless it is asked for', () => {
  const found = registration({
    api: { ...api(), oauth2PermissionScopes: [scope('mcp-access', { type: 'Admin' })] },
  })
  assert.deepEqual(compare(found, desired()), [])
  const wanted = desired({ scopes: [{ value: 'mcp-access', type: 'User' }] })
  const { calls, isOverride } = only(compare(found, wanted))
  assert.ok(isOverride)
  const steps = calls.map(({ body }) => scopesOf(body)[0])
  assert.deepEqual(
    steps.map((one) => [one?.isEnabled, one?.type]),
    [
      [false, 'Admin'],
      [true, 'User'],
    ],
  )
})

test('a client that has some of the scopes keeps them and gets the others', () => {
  const appId = 'aebc6443-996d-45c2-90f0-388ff96faa56'
  const found = registration({
    api: {
      ...api(),
      preAuthorizedApplications: [
        { appId: 'else', delegatedPermissionIds: ['x'] },
        { appId, delegatedPermissionIds: ['y'] },
      ],
    },
  })
  const difference = only(compare(found, desired({ preAuthorized: [appId] })))
  assert.deepEqual(bodyOf(difference).api?.preAuthorizedApplications, [
    { appId: 'else', delegatedPermissionIds: ['x'] },
    { appId, delegatedPermissionIds: ['y', scope('mcp-access').id] },
  ])
})

test('consent is added to what was consented to before', () => {
  const found = registration()
  const { id } = servicePrincipalOf(found)
  const grants = [
    {
      id: 'g1',
      clientId: id,
      resourceId: id,
      consentType: 'AllPrincipals' as const,
      principalId: null,
      scope: ' other',
    },
  ]
  const { calls } = only(compare({ ...found, grants }, desired({ hasAdminConsent: true })))
  assert.deepEqual(
    calls.map(({ method, path, body }) => [method, path, body?.scope]),
    [
      ['PATCH', '/oauth2PermissionGrants/g1', 'other mcp-access'],
      ['POST', '/oauth2PermissionGrants', 'openid profile email offline_access'],
    ],
  )
})

suite('a client secret', () => {
  const secret = (hint: string, endDateTime: string) => ({
    keyId: hint,
    displayName: 'entrance',
    hint,
    endDateTime,
  })
  const wanted = (changes = {}) =>
    desired({
      credential: {
        kind: 'secret',
        secret: 'abcdefgh',
        displayName: 'entrance',
        endDateTime: '2027-11-27T00:00:00Z',
        ...changes,
      },
    })
  const found = (...passwordCredentials: ReturnType<typeof secret>[]) =>
    registration({ passwordCredentials })

  test('that is known and good for long is left as it is', () => {
    assert.deepEqual(compare(found(secret('abc', '2027-06-01T00:00:00Z')), wanted()), [])
  })

  test('that is none of the registration’s, has ended, ends soon or is refused is replaced', () => {
    const idOf = (...args: Parameters<typeof compare>) => only(compare(...args)).id
    assert.equal(idOf(found(), wanted()), 'secret-unknown')
    assert.equal(idOf(found(secret('xyz', '2027-06-01T00:00:00Z')), wanted()), 'secret-unknown')
    assert.equal(idOf(found(secret('abc', '2026-11-26T00:00:00Z')), wanted()), 'secret-expired')
    assert.equal(idOf(found(secret('abc', '2026-12-10T00:00:00Z')), wanted()), 'secret-expiring')
    const good = found(secret('abc', '2027-06-01T00:00:00Z'))
    assert.equal(idOf(good, wanted({ isRefused: true })), 'secret-unknown')
    assert.equal(idOf(good, wanted({ isRenewed: true })), 'secret-renewed')
    assert.equal(idOf(good, wanted({ secret: undefined })), 'secret-missing')
  })

  test('is made beside the others, which stay', () => {
    const { calls } = only(compare(found(secret('xyz', '2027-06-01T00:00:00Z')), wanted()))
    assert.deepEqual(
      calls.map(({ method, path }) => [method, path.split('/').at(-1)]),
      [['POST', 'addPassword']],
    )
  })
})

test('a certificate is added to the others', () => {
  const old = { type: 'AsymmetricX509Cert', usage: 'Verify', displayName: 'old', key: 'b2xk' }
  const credential = {
    kind: 'certificate',
    certificate: 'bmV3',
    displayName: 'new',
    endDateTime: '2027-01-01T00:00:00Z',
  } as const
  const difference = only(compare(registration({ keyCredentials: [old] }), desired({ credential })))
  const { keyCredentials } = bodyOf(difference)
  assert.deepEqual(
    keyCredentials?.map(({ key }) => key),
    ['b2xk', 'bmV3'],
  )
})

test('a federated credential is compared character by character', () => {
  const credential = {
    kind: 'federated',
    name: 'cluster',
    issuer: 'https://oidc.example.com/',
    subject: 'system:serviceaccount:mcp:entrance',
    audience: 'api://AzureADTokenExchange',
  } as const
  const { issuer, subject, name, audience } = credential
  const found = (changes: object) => ({
    ...registration(),
    federatedCredentials: [{ name, issuer, subject, audiences: [audience], ...changes }],
  })
  assert.deepEqual(compare(found({}), desired({ credential })), [])
  const difference = only(
    compare(found({ issuer: 'https://oidc.example.com' }), desired({ credential })),
  )
  assert.equal(difference.id, 'federated-credential-missing')
  assert.equal(bodyOf(difference).name, 'cluster-2')
})

test('a command has the ids in it, and the body as one word of the shell', () => {
  const found = registration({ web: { redirectUris: ["https://a.example/it's"] } })
  const { az } = only(compare(found, desired()))
  assert.equal(
    az,
    `az rest --method PATCH --url ${GRAPH}/v1.0/applications/${found.application.id}` +
      ` --headers Content-Type=application/json` +
      ` --body '{"web":{"redirectUris":["https://a.example/it'\\''s","${URI}"]}}' --output none`,
  )
})

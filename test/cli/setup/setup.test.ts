import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApplication, type RunningEmulator, SEED } from '../../../src/emulator/emulator.ts'
import { openPlace } from './support.ts'

const NAME = 'Expenses'
const CALLBACK = 'http://localhost:8000/auth/callback'

/** What a directory holds, apart from what people sign in for. */
const state = ({ directory }: RunningEmulator) =>
  structuredClone({
    applications: directory.applications,
    servicePrincipals: directory.servicePrincipals,
    oauth2PermissionGrants: directory.oauth2PermissionGrants,
  })

const writes = ({ seen }: RunningEmulator) =>
  seen.filter(({ endpoint, method }) => endpoint.startsWith('graph') && method !== 'GET')

test('in an empty tenant the application is made, and .env has all that the server needs', async (t) => {
  const place = await openPlace(t)
  const { code, stdout, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 0, stderr)
  const [application, ...others] = place.applications()
  assert.ok(application)
  assert.deepEqual(others, [])
  assert.equal(application.displayName, NAME)
  assert.equal(application.signInAudience, 'AzureADMyOrg')
  assert.deepEqual(application.identifierUris, [`api://${application.appId}`])
  assert.deepEqual(application.web.redirectUris, [CALLBACK])
  assert.equal(application.api.requestedAccessTokenVersion, 2)
  const [scope] = application.api.oauth2PermissionScopes
  assert.deepEqual([scope?.value, scope?.type, scope?.isEnabled], ['mcp-access', 'User', true])
  assert.equal(application.isFallbackPublicClient, false)
  const [secret] = application.passwordCredentials
  assert.match(secret?.displayName ?? '', /^entrance localhost:8000 \d{4}-\d\d-\d\d$/)
  assert.deepEqual(place.dotEnv(), {
    ENTRA_PROXY_AZURE_CLIENT_ID: application.appId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: secret?.secretText,
    AZURE_TENANT_ID: SEED.tenantId,
    ENTRANCE_AUTHORITY: place.emulator.origin,
  })
  assert.match(stderr, /Signed in as alice@entrance\.example \(az\) to Entrance Example/)
  assert.match(stdout, new RegExp(application.appId))
  assert.ok(!`${stdout}${stderr}`.includes(secret?.secretText ?? ''), 'the secret is not shown')
})

test('a second run changes nothing, neither in the directory nor in .env', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--name', NAME, '--yes', '--admin-consent')).code, 0)
  const before = state(place.emulator)
  const file = readFileSync(join(place.folder, '.env'))
  const count = writes(place.emulator).length
  const { code, stderr } = await place.setup('--name', NAME, '--admin-consent')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /there is nothing to do/)
  assert.deepEqual(state(place.emulator), before)
  assert.deepEqual(readFileSync(join(place.folder, '.env')), file)
  assert.equal(writes(place.emulator).length, count)
})

test('without .env the application of an earlier run is found again by its unique name', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--name', NAME, '--yes')).code, 0)
  const [made] = place.applications()
  writeFileSync(join(place.folder, '.env'), '')
  // People rename things in the portal.
  if (made) made.displayName = 'Our expenses'
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    place.applications().map(({ displayName }) => displayName),
    ['Our expenses'],
  )
  assert.equal(place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_ID, made?.appId)
})

test('one that is half made is mended, and what is in it besides stays', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  const half = createApplication({
    ...{ tenantId, displayName: 'Half made', owners: [SEED.alice], tags: ['mine'] },
    web: { redirectUris: ['https://other.example.com/cb'] },
    api: { oauth2PermissionScopes: [{ value: 'other' }] },
    passwordCredentials: [{ secretText: 'somebody-else-s-secret' }],
  })
  directory.applications.push(half)
  const { code, stderr } = await place.setup('--client-id', half.appId, '--yes')
  assert.equal(code, 0, stderr)
  const now = directory.applications.find(({ appId }) => appId === half.appId)
  assert.deepEqual(now?.web.redirectUris, ['https://other.example.com/cb', CALLBACK])
  assert.deepEqual(
    now?.api.oauth2PermissionScopes.map(({ value }) => value),
    ['other', 'mcp-access'],
  )
  assert.equal(now?.api.requestedAccessTokenVersion, 2)
  assert.deepEqual(now?.tags, ['mine'])
  assert.equal(now?.displayName, 'Half made')
  assert.equal(now?.passwordCredentials.length, 2)
  assert.equal(now?.passwordCredentials[0]?.secretText, 'somebody-else-s-secret')
  assert.ok(directory.servicePrincipals.some(({ appId }) => appId === half.appId))
})

test('of two with the same name neither is touched: both are listed, with what to give', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  const twins = ['a', 'b'].map((letter) =>
    createApplication({
      ...{ tenantId, displayName: NAME, appId: `0000000${letter}-0000-4000-8000-000000000000` },
    }),
  )
  directory.applications.push(...twins)
  const before = state(place.emulator)
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1)
  for (const { appId } of twins) assert.ok(stderr.includes(appId), stderr)
  assert.match(stderr, /2 applications are called "Expenses" already/)
  assert.match(stderr, /--client-id/)
  assert.deepEqual(state(place.emulator), before)
  assert.ok(!existsSync(join(place.folder, '.env')))
  const [first] = twins
  assert.equal((await place.setup('--client-id', first?.appId ?? '', '--yes')).code, 0)
})

test('one of that name which setup did not make is not taken for its own', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  directory.applications.push(createApplication({ tenantId, displayName: NAME }))
  const before = state(place.emulator)
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1)
  assert.match(stderr, /An application is called "Expenses" already/)
  assert.deepEqual(state(place.emulator), before)
})

test('among 2,000 applications it finds its own, and asks for no list of all', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  for (let i = 0; i < 2000; i++) {
    directory.applications.push(createApplication({ tenantId, displayName: `Application ${i}` }))
  }
  assert.equal((await place.setup('--name', NAME, '--yes')).code, 0)
  writeFileSync(join(place.folder, '.env'), '')
  assert.equal((await place.setup('--name', NAME, '--yes')).code, 0)
  const own = directory.applications.filter(({ displayName }) => displayName === NAME)
  assert.equal(own.length, 1)
  const lists = place.emulator.seen.filter(
    ({ endpoint, method, params }) =>
      endpoint.startsWith('graph') && method === 'GET' && params.has('$skiptoken'),
  )
  assert.equal(lists.length, 0)
})

test('a callback under another platform is moved only where that is asked for', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  const application = createApplication({
    ...{ tenantId, displayName: NAME },
    spa: { redirectUris: [CALLBACK, 'https://spa.example.com/'] },
  })
  directory.applications.push(application)
  const find = () => directory.applications.find(({ appId }) => appId === application.appId)
  const words = ['--client-id', application.appId, '--yes'] as const
  const left = await place.setup(...words)
  assert.equal(left.code, 1)
  assert.match(left.stderr, /registered on the wrong platform/)
  assert.match(left.stderr, /--override/)
  assert.deepEqual(find()?.spa.redirectUris, [CALLBACK, 'https://spa.example.com/'])
  const { code, stderr } = await place.setup(...words, '--override')
  assert.equal(code, 0, stderr)
  assert.deepEqual(find()?.spa.redirectUris, ['https://spa.example.com/'])
  assert.deepEqual(find()?.web.redirectUris, [CALLBACK])
})

test('--dry-run shows every call and changes nothing', async (t) => {
  const place = await openPlace(t)
  const before = state(place.emulator)
  const { code, stdout, stderr } = await place.setup('--name', NAME, '--dry-run')
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^PATCH http:\/\/localhost:\d+\/v1\.0\/applications\(uniqueName='entrance-expenses-\w+'\)$/m,
  )
  assert.match(stdout, /^Prefer: create-if-missing$/m)
  assert.match(stdout, /^POST .*\/v1\.0\/servicePrincipals$/m)
  assert.match(stdout, /^POST .*\/addPassword$/m)
  assert.deepEqual(state(place.emulator), before)
  assert.equal(writes(place.emulator).length, 0)
  assert.ok(!existsSync(join(place.folder, '.env')))
})

test('what --dry-run shows is what is sent then', async (t) => {
  const place = await openPlace(t)
  const { stdout } = await place.setup('--name', NAME, '--dry-run', '--json', '--admin-consent')
  const calls: { method: string; path: string }[] = JSON.parse(stdout).calls
  assert.equal((await place.setup('--name', NAME, '--yes', '--admin-consent')).code, 0)
  const shown = calls.filter(({ method }) => method !== 'GET').map(({ method }) => method)
  assert.deepEqual(
    writes(place.emulator).map(({ method }) => method),
    shown,
  )
})

test('with nobody there to agree, nothing is changed without --yes', async (t) => {
  const place = await openPlace(t)
  const { code, stderr } = await place.setup('--name', NAME)
  assert.equal(code, 2)
  assert.match(stderr, /--yes/)
  assert.deepEqual(place.applications(), [])
})

test('a secret that is good stays; --new-secret, one that is unknown, or one that ends soon is replaced', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--name', NAME, '--yes')).code, 0)
  const [application] = place.applications()
  const secrets = () => application?.passwordCredentials ?? []
  const first = place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_SECRET
  assert.equal((await place.setup('--yes')).code, 0)
  assert.equal(secrets().length, 1)
  assert.equal((await place.setup('--yes', '--new-secret')).code, 0)
  assert.equal(secrets().length, 2)
  const file = readFileSync(join(place.folder, '.env'), 'utf8')
  assert.ok(file.includes(`# ENTRA_PROXY_AZURE_CLIENT_SECRET=${first}`), 'the former one stays')
  const [, second] = secrets()
  if (second) second.endDateTime = new Date(Date.now() + 10 * 24 * 3600 * 1000).toISOString()
  const ending = await place.setup('--yes')
  assert.match(ending.stderr, /The client secret ends on/)
  assert.equal(secrets().length, 3)
  writeFileSync(
    join(place.folder, '.env'),
    file.replace(
      /^ENTRA_PROXY_AZURE_CLIENT_SECRET=.*$/m,
      'ENTRA_PROXY_AZURE_CLIENT_SECRET=not-it-at-all',
    ),
  )
  assert.equal((await place.setup('--yes')).code, 0)
  assert.equal(secrets().length, 4)
})

test('--json says what was done, and the secret only with --print-secret', async (t) => {
  const place = await openPlace(t)
  const first = await place.setup('--name', NAME, '--yes', '--json')
  const result = JSON.parse(first.stdout)
  assert.equal(result.clientId, place.applications()[0]?.appId)
  assert.equal(result.tenantId, SEED.tenantId)
  assert.ok(result.changes.includes('application-missing'))
  assert.deepEqual([result.left, result.denied, result.missing], [[], [], []])
  assert.ok(!('clientSecret' in result))
  const second = JSON.parse((await place.setup('--json', '--print-secret')).stdout)
  assert.deepEqual(second.changes, [])
  assert.equal(second.clientSecret, place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_SECRET)
})

test('more scopes, who consents, known clients, other addresses and consent for all are set', async (t) => {
  const place = await openPlace(t)
  const { code, stderr } = await place.setup(
    ...['--url', 'https://expenses.example.com', '--also', 'http://localhost:8000'],
    ...['--scope', 'expenses.write', '--consent-by', 'admins', '--pre-authorize', 'vscode'],
    ...['--account-type', 'multiple', '--admin-consent', '--yes'],
  )
  assert.equal(code, 0, stderr)
  const [application] = place.applications()
  assert.equal(application?.displayName, 'Entrance (expenses.example.com)')
  assert.equal(application?.signInAudience, 'AzureADMultipleOrgs')
  assert.deepEqual(application?.web.redirectUris, [
    'https://expenses.example.com/auth/callback',
    CALLBACK,
  ])
  const scopes = application?.api.oauth2PermissionScopes ?? []
  assert.deepEqual(
    scopes.map(({ value, type }) => [value, type]),
    [
      ['mcp-access', 'Admin'],
      ['expenses.write', 'Admin'],
    ],
  )
  assert.deepEqual(application?.api.preAuthorizedApplications, [
    {
      appId: 'aebc6443-996d-45c2-90f0-388ff96faa56',
      delegatedPermissionIds: scopes.map(({ id }) => id),
    },
  ])
  assert.deepEqual(
    place.emulator.directory.oauth2PermissionGrants
      .filter(({ consentType }) => consentType === 'AllPrincipals')
      .map(({ scope }) => scope),
    ['mcp-access expenses.write', 'openid profile email offline_access'],
  )
  const { AZURE_TENANT_ID, ENTRANCE_URL, ENTRANCE_ALLOW_TENANTS } = place.dotEnv()
  assert.deepEqual(
    [AZURE_TENANT_ID, ENTRANCE_URL, ENTRANCE_ALLOW_TENANTS],
    ['organizations', 'https://expenses.example.com', SEED.tenantId],
  )
})

test('what allow needs is set: groups, roles, whether somebody is a guest', async (t) => {
  const place = await openPlace(t)
  writeFileSync(
    join(place.folder, '.env'),
    'ENTRANCE_ALLOW_GROUPS=00000001-0000-4000-8000-000000000000\nENTRANCE_ALLOW_ROLES=Expenses.Approver\nENTRANCE_ALLOW_GUESTS=off\n',
  )
  const { code, stderr } = await place.setup('--yes')
  assert.equal(code, 0, stderr)
  const [application] = place.applications()
  assert.equal(application?.groupMembershipClaims, 'SecurityGroup')
  assert.deepEqual(
    application?.appRoles.map(({ value }) => value),
    ['Expenses.Approver'],
  )
  assert.deepEqual(
    application?.optionalClaims?.accessToken.map(({ name }) => name),
    ['acct'],
  )
})

for (const type of ['multiple', 'any', 'personal']) {
  test(`for accounts of the type "${type}" a second run changes nothing`, async (t) => {
    const place = await openPlace(t)
    const first = await place.setup('--name', NAME, '--account-type', type, '--yes')
    assert.equal(first.code, 0, first.stderr)
    const before = state(place.emulator)
    const file = readFileSync(join(place.folder, '.env'))
    const { code, stderr } = await place.setup()
    assert.equal(code, 0, stderr)
    assert.match(stderr, /there is nothing to do/)
    assert.deepEqual(state(place.emulator), before)
    assert.deepEqual(readFileSync(join(place.folder, '.env')), file)
  })
}

test('a server that was for several tenants becomes one for its own, where that is asked for', async (t) => {
  const place = await openPlace(t)
  await place.setup('--name', NAME, '--account-type', 'multiple', '--yes')
  assert.equal(place.dotEnv().AZURE_TENANT_ID, 'organizations')
  const { code, stderr } = await place.setup('--account-type', 'single')
  assert.equal(code, 0, stderr)
  assert.equal(place.dotEnv().AZURE_TENANT_ID, SEED.tenantId)
  assert.match(stderr, /AZURE_TENANT_ID is .* now, and was organizations/)
})

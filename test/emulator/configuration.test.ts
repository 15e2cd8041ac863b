import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkConfiguration,
  parseConfiguration,
  printConfiguration,
} from '../../src/emulator/configuration/configuration.ts'
import { ConfigurationError } from '../../src/emulator/configuration/configuration-error.ts'
import { userSchema } from '../../src/emulator/configuration/people-schema.ts'
import { createDirectory } from '../../src/emulator/create-directory.ts'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { issueServerCertificate } from '../../src/emulator/local-authority.ts'
import { GRAPH_APP_ID } from '../../src/emulator/microsoft-graph.ts'
import { getCode, redeem, signIn } from './support.ts'

/** A directory in which nothing has an id and everything is referred to by name. */
const CONTOSO = {
  tenants: [{ domains: ['contoso.example'] }, { domains: ['fabrikam.example'] }],
  users: [
    { tenantId: 'contoso.example', userPrincipalName: 'carol@contoso.example' },
    { tenantId: 'fabrikam.example', userPrincipalName: 'dan@fabrikam.example' },
    {
      tenantId: 'contoso.example',
      userPrincipalName: 'dan_fabrikam.example#EXT#@contoso.example',
      guestOf: 'Dan@fabrikam.example',
    },
  ],
  groups: [
    { tenantId: 'contoso.example', displayName: 'Staff', members: ['carol@contoso.example'] },
    { tenantId: 'contoso.example', displayName: 'All', members: ['Staff', 'Server'] },
  ],
  applications: [
    {
      tenantId: 'contoso.example',
      displayName: 'Server',
      identifierUris: ['api://server'],
      web: { redirectUris: ['http://localhost:8000/auth/callback'] },
      api: {
        requestedAccessTokenVersion: 2,
        oauth2PermissionScopes: [{ value: 'read' }, { value: 'write', type: 'Admin' }],
        preAuthorizedApplications: [{ appId: 'Editor', delegatedPermissionIds: ['read'] }],
      },
      appRoles: [{ value: 'Boss' }],
      requiredResourceAccess: [
        { resourceAppId: 'Microsoft Graph', resourceAccess: [{ id: 'User.Read', type: 'Scope' }] },
        { resourceAppId: 'Server', resourceAccess: [{ id: 'Boss', type: 'Role' }] },
      ],
      passwordCredentials: [{ secretText: 'not-a-secret' }],
      federatedIdentityCredentials: [{ issuer: 'https://ci.example', subject: 'repo:a' }],
      owners: ['carol@contoso.example'],
    },
    {
      tenantId: 'contoso.example',
      displayName: 'Editor',
      publicClient: { redirectUris: ['http://localhost'] },
    },
  ],
  servicePrincipals: [
    {
      appId: 'Server',
      tenantId: 'contoso.example',
      appRoleAssignmentRequired: true,
      appRoleAssignedTo: [
        { principalId: 'carol@contoso.example', appRoleId: 'Boss' },
        { principalId: 'Staff' },
      ],
    },
    { appId: 'Editor', tenantId: 'contoso.example' },
  ],
  oauth2PermissionGrants: [
    { clientId: 'Server', resourceId: 'Server', scope: 'read' },
    { clientId: 'Server', resourceId: 'Microsoft Graph', scope: 'openid' },
    {
      clientId: 'Editor',
      resourceId: 'Microsoft Graph',
      principalId: 'carol@contoso.example',
      scope: 'User.Read',
    },
    // Where assignment is required, people cannot consent for themselves.
    { clientId: 'Server', resourceId: 'Microsoft Graph', scope: 'openid' },
  ],
  conditionalAccessPolicies: [
    {
      displayName: 'Second factor',
      conditions: { applications: { includeApplications: ['Server'] } },
    },
  ],
}

test('things are referred to by name, and get the ids that these have', () => {
  const directory = createDirectory(checkConfiguration(CONTOSO))
  const [carol, dan, guest] = directory.users
  const [contoso, fabrikam] = directory.tenants
  const [server, editor] = directory.applications
  const [serverPrincipal, editorPrincipal] = directory.servicePrincipals
  const [staff, all] = directory.groups
  assert.equal(carol?.tenantId, contoso?.id)
  assert.equal(dan?.tenantId, fabrikam?.id)
  assert.deepEqual([guest?.guestOf, guest?.userType], [dan?.id, 'Guest'])
  assert.deepEqual(staff?.members, [carol?.id])
  assert.deepEqual(all?.members, [staff?.id, serverPrincipal?.id])
  const [read] = server?.api.oauth2PermissionScopes ?? []
  assert.deepEqual(server?.api.preAuthorizedApplications, [
    { appId: editor?.appId, delegatedPermissionIds: [read?.id] },
  ])
  const [boss] = server?.appRoles ?? []
  assert.equal(server?.requiredResourceAccess[0]?.resourceAppId, GRAPH_APP_ID)
  assert.equal(server?.requiredResourceAccess[1]?.resourceAccess[0]?.id, boss?.id)
  assert.deepEqual(server?.owners, [carol?.id])
  assert.deepEqual(server?.federatedIdentityCredentials[0]?.audiences, [
    'api://AzureADTokenExchange',
  ])
  assert.deepEqual(serverPrincipal?.appRoleAssignedTo, [
    { principalId: carol?.id, appRoleId: boss?.id },
    { principalId: staff?.id, appRoleId: '00000000-0000-0000-0000-000000000000' },
  ])
  const [forAll, , forCarol] = directory.oauth2PermissionGrants
  assert.deepEqual([forAll?.clientId, forAll?.consentType], [serverPrincipal?.id, 'AllPrincipals'])
  assert.deepEqual(
    [forCarol?.clientId, forCarol?.principalId, forCarol?.consentType],
    [editorPrincipal?.id, carol?.id, 'Principal'],
  )
  assert.deepEqual(
    directory.conditionalAccessPolicies[0]?.conditions.applications.includeApplications,
    [server?.appId],
  )
})

test('a person of a configured directory signs in', async () => {
  const { conditionalAccessPolicies: _, ...configuration } = CONTOSO
  const emulator = createEmulator({ directory: checkConfiguration(configuration) })
  const scope = 'api://server/read openid'
  const changes = { scope }
  const code = await getCode(emulator, { name: 'carol', changes })
  const { body } = await redeem(emulator, { code, scope })
  const claims = JSON.parse(
    Buffer.from(String(body.access_token).split('.')[1] ?? '', 'base64url').toString(),
  )
  assert.deepEqual([claims.scp, claims.roles], ['read', ['Boss']])
})

test('what is printed to start from is what the emulator holds without a configuration', () => {
  const printed = printConfiguration()
  assert.match(printed, /^\/\/ /)
  assert.deepEqual(createDirectory(parseConfiguration(printed)), createDirectory())
})

test('a list that is left out is the seed’s', async () => {
  const zoe = { tenantId: 'entrance.example', userPrincipalName: 'zoe@entrance.example' }
  const emulator = createEmulator({ directory: checkConfiguration({ users: [zoe] }) })
  assert.equal(emulator.application.clientId, SEED.clientId)
  assert.ok((await signIn(emulator, { name: 'zoe' })).searchParams.get('code'))
})

test('comments and trailing commas are allowed, also where a text looks like one', () => {
  const { tenants } = parseConfiguration(`\ufeff{
    // the only one
    "tenants": [
      { "domains": ["a.example",], "displayName": "http://x /* no */ \\" ,] // no", }, /* last */
    ],
    "users": [], "applications": [], "groups": [], // end
  }`)
  assert.equal(tenants?.[0]?.displayName, 'http://x /* no */ " ,] // no')
})

test('what is no JSON is refused with its line and column', () => {
  for (const [text, place] of [
    ['{\n  "users": [}\n}', /"}\\n}" in line 2, column 13 /],
    ['{\n  // x\n  "users": ', /the end in line 3, column 12 /],
    ['', /the end in line 1, column 1 /],
    ['{ "users": [] "groups": [] }', /"\\"groups\\".*column 15 /],
    ['{ users: [] }', /"users: .*column 3 /],
    ['{ "users": [1, 2, [3, {"a": tru}]] }', /"tru}.*column 29 /],
    ['{ "users": "a\tb" }', /column 12 /],
    ['{}{', /column 3 /],
    ['{]', /column 2 /],
    ['[,1]', /column 2 /],
  ] as const) {
    assert.throws(() => parseConfiguration(text), place, text)
  }
})

test('every problem is told at once, with its path, what is there, and what to write', () => {
  const people = Object.keys(userSchema.shape).join(', ')
  const problems = problemsOf({
    tenants: [{ domains: [], kind: 'workforse', identifierUriPolicy: 'none', secretPolicy: 5 }],
    users: [{ tenantId: 'x', userPrincipleName: 'a@b', userPrincipalName: '' }, 'bob'],
    groups: 'none',
    aplications: [],
    applications: [
      {
        tenantId: 'x',
        appId: '12',
        api: { requestedAccessTokenVersion: 3 },
        passwordCredentials: [{ secretText: 12345, endDateTime: 'tomorrow' }],
        signInAudience: null,
      },
    ],
  })
  assert.deepEqual(
    problems,
    [
      'tenants[0].domains | is an empty list. | Write a list.',
      'tenants[0].kind | is "workforse". | Did you mean "workforce"? Write "workforce" or "external".',
      'tenants[0].identifierUriPolicy | is "none". | Write "off" or "secure" or "strict".',
      'tenants[0].secretPolicy | is 5. | Write an object with isBlocked, maxDays.',
      'users[0].userPrincipalName | is empty. | Write a text.',
      `users[0].userPrincipleName | is not known. | Did you mean userPrincipalName? Known here are ${people}.`,
    ].concat(problems.slice(6)),
  )
  assert.deepEqual(
    problems.slice(6).map((line) => line.split(' | ').slice(0, 2).join(' | ')),
    [
      'users[1] | is "bob".',
      'groups | is "none".',
      'applications[0].appId | is "12".',
      'applications[0].displayName | is missing.',
      'applications[0].signInAudience | is null.',
      'applications[0].api.requestedAccessTokenVersion | is 3.',
      'applications[0].passwordCredentials[0].secretText | is not right.',
      'applications[0].passwordCredentials[0].endDateTime | is "tomorrow".',
      'aplications | is not known.',
    ],
  )
})

test('a reference that leads nowhere is a problem of its own, with a suggestion', () => {
  const [server, editor] = structuredClone(CONTOSO.applications)
  const problems = problemsOf({
    ...CONTOSO,
    users: [
      ...CONTOSO.users,
      { tenantId: 'contosso.example', userPrincipalName: 'eve@x', guestOf: 'nobody' },
    ],
    groups: [
      { tenantId: SEED.tenantId, displayName: 'Staff', members: ['carl@contoso.example', 'Staff'] },
    ],
    applications: [
      {
        ...server,
        owners: ['Staff'],
        requiredResourceAccess: [{ resourceAppId: 'Graph', resourceAccess: [] }],
      },
      editor,
    ],
    servicePrincipals: [
      { appId: 'Servr', tenantId: 'contoso.example' },
      {
        appId: 'Server',
        tenantId: 'contoso.example',
        appRoleAssignedTo: [{ principalId: 'carol@contoso.example', appRoleId: 'Bos' }],
      },
      { appId: 'Server', tenantId: 'fabrikam.example' },
    ],
    oauth2PermissionGrants: [
      { clientId: 'Server', resourceId: 'Editor', scope: '' },
      { clientId: 'Editor', resourceId: 'Server', scope: '' },
      {
        clientId: 'Server',
        resourceId: 'Server',
        principalId: 'carol@contoso.example',
        consentType: 'AllPrincipals',
        scope: '',
      },
    ],
    conditionalAccessPolicies: [
      { displayName: 'x', conditions: { applications: { includeApplications: ['Any'] } } },
    ],
  })
  assert.deepEqual(
    problems.map((line) => line.split(' | ').slice(0, 2).join(' | ')),
    [
      'users[3].tenantId | is "contosso.example", and no tenant has this id or name.',
      'users[3].guestOf | is "nobody", and no user has this id or name.',
      `groups[0].tenantId | is "${SEED.tenantId}", and no tenant has this id or name.`,
      'applications[0].owners[0] | is "Staff", and no user has this id or name.',
      'applications[0].requiredResourceAccess[0].resourceAppId | is "Graph", and no application has this id or name.',
      'servicePrincipals[0].appId | is "Servr", and no application has this id or name.',
      'groups[0].members[0] | is "carl@contoso.example", and no user or group or service principal has this id or name.',
      `servicePrincipals[1].appRoleAssignedTo[0].appRoleId | is "Bos", and no app role of ${createDirectory(checkConfiguration(CONTOSO)).applications[0]?.appId} has this id or name.`,
      'oauth2PermissionGrants[0].clientId | is "Server", which has a service principal in several tenants.',
      'oauth2PermissionGrants[0].resourceId | is "Editor", which has no service principal.',
      'oauth2PermissionGrants[1].clientId | is "Editor", which has no service principal.',
      'oauth2PermissionGrants[1].resourceId | is "Server", which has a service principal in several tenants.',
      'oauth2PermissionGrants[2].consentType | is "AllPrincipals", and there is a principalId.',
      'conditionalAccessPolicies[0].conditions.applications.includeApplications[0] | is "Any", and no application has this id or name.',
    ],
  )
  assert.ok(problems[0]?.endsWith('| Did you mean "contoso.example"?'))
})

test('a reference is looked at where something else is wrong, too', () => {
  const user = { tenantId: 'contosso.example', userPrincipalName: 'eve@x', accountEnabled: 'yes' }
  const problems = problemsOf({ ...CONTOSO, users: [user], people: [] })
  assert.deepEqual(
    problems.slice(0, 3).map((line) => line.split(' | ')[0]),
    ['users[0].accountEnabled', 'people', 'users[0].tenantId'],
  )
})

test('what only one may have is refused the second time', () => {
  const [carol] = CONTOSO.users
  const problems = problemsOf({
    ...CONTOSO,
    tenants: [...CONTOSO.tenants, { id: SEED.tenantId, domains: ['Contoso.example'] }],
    users: [...CONTOSO.users, carol],
    applications: [...CONTOSO.applications, CONTOSO.applications[0]],
  })
  const lines = problems.map((line) => line.split(' | ').slice(0, 2).join(' | '))
  for (const line of [
    'tenants[2].domains | is the same domain as tenants[0].domains.',
    'users[3] | is the same object id as users[0].',
    'users[3].userPrincipalName | is the same user principal name as users[0].userPrincipalName.',
    'applications[2] | is the same client id as applications[0].',
    'applications[2].identifierUris[0] | is the same identifier URI as applications[0].identifierUris[0].',
  ]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`)
  }
})

test('a tenant that the seed’s people were in is missed by name', () => {
  const problems = problemsOf({ tenants: CONTOSO.tenants })
  assert.deepEqual(
    problems.map((line) => line.split(' | ')[0]),
    ['users', 'applications', 'servicePrincipals'],
  )
  assert.match(problems[0] ?? '', /is left out, so it is the seed’s.*Give users too/)
})

test('a certificate may be PEM, and says itself how long it is valid', () => {
  const { cert } = issueServerCertificate(undefined)
  const [pem = ''] = /-----BEGIN[\s\S]+?END CERTIFICATE-----/.exec(cert) ?? []
  const application = { tenantId: SEED.tenantId, displayName: 'x' }
  const withKey = (key: string) => ({
    applications: [{ ...application, keyCredentials: [{ key }] }],
  })
  const { applications } = createDirectory(checkConfiguration(withKey(pem)))
  const [credential] = applications[0]?.keyCredentials ?? []
  assert.match(credential?.key ?? '', /^MII[A-Za-z0-9+/]+=*$/)
  assert.ok(Date.parse(credential?.endDateTime ?? '') > Date.now())
  assert.deepEqual(problemsOf(withKey('nonsense')), [
    'applications[0].keyCredentials[0].key | is not an X.509 certificate. | Write the certificate as PEM (BEGIN CERTIFICATE), or as base64 of its DER.',
  ])
})

test('a moment that no date can be is refused', () => {
  const user = { ...CONTOSO.users[0], sessionsValidFrom: 1e308 }
  assert.match(
    problemsOf({ ...CONTOSO, users: [user] })[0] ?? '',
    /^users\[0\]\.sessionsValidFrom \|/,
  )
})

test('names from a prototype are no members, and no file is too long to be refused', () => {
  assert.match(problemsOf(JSON.parse('{"__proto__": []}'))[0] ?? '', /^__proto__ \| is not known/)
  assert.match(problemsOf({ constructor: [] })[0] ?? '', /^constructor \| is not known/)
  assert.throws(() => parseConfiguration(' '.repeat(6 * 1024 * 1024)), ConfigurationError)
  const many = Array.from({ length: 5001 }, () => CONTOSO.users[0])
  assert.match(problemsOf({ users: many })[0] ?? '', /^users \| is a list, and more than 5000/)
})

function problemsOf(configuration: unknown): string[] {
  try {
    checkConfiguration(configuration)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error))
    return error.problems.map(({ path, problem, cure }) => `${path} | ${problem} | ${cure}`)
  }
  return []
}

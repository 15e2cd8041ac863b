import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { createGraph } from '../../../src/cli/graph/graph-client.ts'
import { applyDifferences } from '../../../src/cli/registration/apply-differences.ts'
import { compareRegistration } from '../../../src/cli/registration/compare-registration.ts'
import { readRegistration } from '../../../src/cli/registration/read-registration.ts'
import type { DesiredRegistration } from '../../../src/cli/registration/types.ts'
import { createKeyAndCertificate } from '../../../src/cli/self-signed-certificate.ts'
import {
  type Application,
  createApplication,
  createPermissionScope,
  createServicePrincipal,
  type RunningEmulator,
  startEmulator,
} from '../../../src/emulator/emulator.ts'
import { graphToken, installAz } from '../setup/support.ts'
import { desired, ids } from './registrations.ts'

const URI = 'https://expenses.example.com/auth/callback'
const emulator = await startEmulator({ port: 0 })
const folder = mkdtempSync(join(tmpdir(), 'entrance-cures-'))
after(async () => {
  await emulator.close()
  rmSync(folder, { recursive: true, force: true })
})
const alice = emulator.directory.users.find(({ displayName }) => displayName === 'Alice')
if (alice) alice.directoryRoles = ['Global Administrator']
const token = await graphToken(emulator, 'Alice')
const graph = createGraph({ origin: emulator.origin, token })
const az = installAz(folder, token)
const { certificate, endDateTime } = createKeyAndCertificate('localhost', 90, Date.now())

type Fault = readonly [
  id: string,
  plant: (application: Application, emulator: RunningEmulator) => void,
  wanted?: Partial<DesiredRegistration>,
]

const set = <T extends object>(target: T | undefined, values: Partial<T>) =>
  void Object.assign(target ?? {}, values)

const FAULTS: readonly Fault[] = [
  ['token-version', ({ api }) => set(api, { requestedAccessTokenVersion: null })],
  ['token-version', ({ api }) => set(api, { requestedAccessTokenVersion: 1 })],
  ['account-type', () => {}, { signInAudience: 'AzureADMultipleOrgs' }],
  ['account-type', () => {}, { signInAudience: 'AzureADandPersonalMicrosoftAccount' }],
  ['identifier-uri', (application) => set(application, { identifierUris: [] })],
  ['redirect-uri-missing', ({ web }) => set(web, { redirectUris: [`${URI}/`] })],
  [
    'redirect-uri-platform',
    ({ web, spa }) => {
      spa.redirectUris = [URI]
      web.redirectUris = []
    },
  ],
  [
    'redirect-uri-platform',
    ({ web, publicClient }) => {
      publicClient.redirectUris = [URI, 'http://localhost']
      web.redirectUris = []
    },
  ],
  ['scope-missing', ({ api }) => set(api, { oauth2PermissionScopes: [] })],
  [
    'scope-missing',
    ({ api, appId }) => {
      api.oauth2PermissionScopes = [createPermissionScope(appId, { value: 'Mcp-Access' })]
    },
  ],
  ['scope-disabled', ({ api }) => set(api.oauth2PermissionScopes[0], { isEnabled: false })],
  ['scope-consent', () => {}, { scopes: [{ value: 'mcp-access', type: 'Admin' }] }],
  ['public-client', (application) => set(application, { isFallbackPublicClient: true })],
  ['optional-claims', () => {}, { optionalClaims: ['acct'] }],
  ['groups-claim', () => {}, { hasGroups: true }],
  ['app-role-missing', () => {}, { roles: ['Expenses.Approver'] }],
  ['pre-authorized', () => {}, { preAuthorized: ['aebc6443-996d-45c2-90f0-388ff96faa56'] }],
  [
    'graph-permission-missing',
    () => {},
    {
      graphPermissions: [
        { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', value: 'User.Read', type: 'Scope' },
      ],
    },
  ],
  [
    'service-principal-missing',
    ({ appId }, { directory }) => {
      directory.servicePrincipals = directory.servicePrincipals.filter((one) => one.appId !== appId)
    },
  ],
  [
    'service-principal-disabled',
    ({ appId }, { directory }) => {
      const found = directory.servicePrincipals.find((one) => one.appId === appId)
      if (found) found.accountEnabled = false
    },
  ],
  ['admin-consent-missing', () => {}, { hasAdminConsent: true }],
  [
    'federated-credential-missing',
    () => {},
    {
      credential: {
        kind: 'federated',
        name: 'cluster',
        issuer: 'https://oidc.example.com/cluster',
        subject: 'system:serviceaccount:mcp:entrance',
        audience: 'api://AzureADTokenExchange',
      },
    },
  ],
  [
    'certificate-missing',
    () => {},
    { credential: { kind: 'certificate', certificate, endDateTime, displayName: 'entrance' } },
  ],
]

/** A registration that is as it has to be, but for the fault. */
function plant(number: number, [, change]: Fault): Application {
  const { tenantId, directory } = emulator
  const appId = `0000${number.toString(16).padStart(4, '0')}-0000-4000-8000-000000000000`
  const application = createApplication({
    ...{ appId, tenantId, displayName: `Fault ${number}`, identifierUris: [`api://${appId}`] },
    web: { redirectUris: [URI] },
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [{ value: 'mcp-access' }] },
  })
  directory.applications.push(application)
  directory.servicePrincipals.push(createServicePrincipal({ appId, tenantId }))
  change(application, emulator)
  return application
}

async function find(clientId: string, wanted: DesiredRegistration) {
  const registration = await readRegistration(graph, { clientId })
  assert.ok(registration)
  return compareRegistration(registration, wanted, { origin: graph.origin })
}

for (const [way, mend] of [
  [
    'the calls',
    async (found: Awaited<ReturnType<typeof find>>) => void (await applyDifferences(graph, found)),
  ],
  [
    'the commands',
    async (found: Awaited<ReturnType<typeof find>>) => run(found.map((one) => one.az)),
  ],
] as const) {
  suite(`what ${way} of a difference do makes the next look clean`, () => {
    for (const [i, fault] of FAULTS.entries()) {
      const [id, , changes] = fault
      test(`${id}, fault ${i + 1}`, async () => {
        const { appId } = plant(i + (way === 'the calls' ? 1000 : 2000), fault)
        const wanted = desired(changes)
        const found = await find(appId, wanted)
        assert.deepEqual(ids(found), [id])
        await mend(found)
        assert.deepEqual(ids(await find(appId, wanted)), [])
      })
    }
  })
}

/** Types the commands into a shell. */
function run(commands: readonly string[]): Promise<void> {
  const script = ['set -e', ...commands].join('\n')
  return new Promise((resolve, reject) => {
    execFile(
      'sh',
      ['-c', script],
      { env: { PATH: `${az}:${process.env.PATH}` } },
      (error, _, stderr) => (error ? reject(new Error(`${script}\n${stderr}`)) : resolve()),
    )
  })
}

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import {
  createApplication,
  createServicePrincipal,
  type RunningEmulator,
  SEED,
  type SeenRequest,
  startEmulator,
} from '../../src/emulator/emulator.ts'
import { type Certificate, createCertificate } from './certificate.ts'

/** What came of one step: what it gave, or how it failed. */
export type Outcome = {
  readonly value?: Record<string, unknown>
  readonly error?: Record<string, unknown>
}

export type LibraryRun = {
  readonly outcomes: Readonly<Record<string, Outcome>>
  /** What the library sent. */
  readonly seen: readonly SeenRequest[]
}

const LIBRARIES = join(import.meta.dirname, '..', 'clients', 'libraries')
const REDIRECT_URI = 'http://localhost:8000/auth/callback'
const SCOPE = `api://${SEED.clientId}/mcp-access`
/** The API as an MCP server that clients call by its address. */
const MCP = { resource: 'https://mcp.example/mcp', redirectUri: 'http://localhost:49152/callback' }
const PAYROLL = 'api://payroll'

/**
 * Runs a program of test/clients/libraries against an emulator that speaks HTTPS; gives what came of
 * each of its steps. The library knows the authority and trusts its certificate; that is all.
 */
export async function runLibrary(name: string): Promise<LibraryRun> {
  const emulator = await startEmulator({ port: 0, https: true })
  const folder = mkdtempSync(join(tmpdir(), 'entra-library-'))
  try {
    const certificate = await createCertificate(['client.example'], 'rsa')
    furnish(emulator, certificate)
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, emulator.caCertificate ?? '')
    const settings = { ...settingsOf(emulator, certificate), tokenFile: join(folder, 'token') }
    const output = await runNode(join(LIBRARIES, `${name}.js`), {
      NODE_EXTRA_CA_CERTS: caFile,
      SETTINGS: JSON.stringify(settings),
    })
    return { outcomes: JSON.parse(output) as Record<string, Outcome>, seen: emulator.seen }
  } finally {
    await emulator.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the steps need: every credential, a second API, and a managed identity that is trusted. */
function furnish({ directory, origin }: RunningEmulator, { cert }: Certificate): void {
  const [application] = directory.applications
  const [principal] = directory.servicePrincipals
  if (!application || !principal) throw new Error('The directory is empty.')
  const { tenantId } = SEED
  const identity = createServicePrincipal({
    appId: 'b3b1b1a0-0000-4000-8000-000000000001',
    tenantId,
    servicePrincipalType: 'ManagedIdentity',
    displayName: 'web-app',
  })
  const payroll = createApplication({
    tenantId,
    displayName: 'Payroll',
    identifierUris: [PAYROLL],
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [{ value: 'read' }, { value: 'write' }],
    },
  })
  const api = createServicePrincipal({ appId: payroll.appId, tenantId })
  directory.applications.push(payroll)
  directory.servicePrincipals.push(api, identity)
  directory.oauth2PermissionGrants.push({
    id: 'payroll',
    clientId: principal.id,
    resourceId: api.id,
    consentType: 'AllPrincipals',
    principalId: null,
    scope: 'read',
  })
  application.isFallbackPublicClient = true
  application.signInAudience = 'AzureADMultipleOrgs'
  application.identifierUris.push(MCP.resource)
  application.publicClient.redirectUris = [MCP.redirectUri]
  application.keyCredentials = [
    {
      keyId: 'e0a3b1a0-0000-4000-8000-000000000001',
      displayName: 'CN=client.example',
      key: derOf(cert).toString('base64'),
      startDateTime: '2026-01-01T00:00:00Z',
      endDateTime: '2999-01-01T00:00:00Z',
    },
  ]
  application.federatedIdentityCredentials = [
    {
      id: 'e0a3b1a0-0000-4000-8000-000000000002',
      name: 'web-app',
      issuer: `${origin}/${tenantId}/v2.0`,
      subject: identity.id,
      audiences: ['api://AzureADTokenExchange'],
    },
  ]
}

function settingsOf({ origin, tenantId, application }: RunningEmulator, certificate: Certificate) {
  const authority = `${origin}/${tenantId}`
  const request = new URLSearchParams({
    client_id: application.clientId,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
  })
  const thumbprintSha256 = createHash('sha256').update(derOf(certificate.cert)).digest('hex')
  return {
    ...application,
    tenantId,
    authority,
    redirectUri: REDIRECT_URI,
    scope: SCOPE,
    defaultScope: `api://${SEED.clientId}/.default`,
    downstream: `${PAYROLL}/read`,
    withoutConsent: `${PAYROLL}/write`,
    authorizationUrl: `${authority}/oauth2/v2.0/authorize?${request}`,
    certificate: { ...certificate, thumbprintSha256 },
    mcp: MCP,
    identityEndpoint: `${origin}/msi/token`,
    identityHeader: SEED.identityHeader,
  }
}

async function runNode(file: string, env: Readonly<Record<string, string>>): Promise<string> {
  const options = { env: { PATH: process.env.PATH, ...env }, signal: AbortSignal.timeout(60_000) }
  const child = spawn(process.execPath, [file], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  if (code === 0) return stdout
  throw new Error(`${file} ended with ${code}: ${stdout}${stderr}`)
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

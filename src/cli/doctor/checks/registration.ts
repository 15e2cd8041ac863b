import { readFileSync } from 'node:fs'
import { findCloud } from '../../../core/clouds.ts'
import { CommandError } from '../../exit-codes.ts'
import { findAuthority } from '../../graph/authority.ts'
import { createGraph, type Graph, type GraphCall } from '../../graph/graph-client.ts'
import { GraphError } from '../../graph/graph-error.ts'
import { type Operator, signInOperator } from '../../graph/operator-token.ts'
import { toAz } from '../../registration/az.ts'
import { compareRegistration } from '../../registration/compare-registration.ts'
import { needsAdminConsent } from '../../registration/compare-tenant.ts'
import { readRegistration } from '../../registration/read-registration.ts'
import type { DesiredCredential, Difference, Registration } from '../../registration/types.ts'
import { readCertificate } from '../../self-signed-certificate.ts'
import { credentialName, endAfter, toDesired } from '../../setup/desired.ts'
import { resolveSetupSettings } from '../../setup/settings.ts'
import { printableLine } from '../../terminal.ts'
import type { Check, DoctorIo, Facts, Outcome } from '../check.ts'
import { error, type Finding, ok, skipped } from '../finding.ts'

/** Reads the registration through Microsoft Graph, where somebody may, and compares it. */
export const registrationCheck: Check = {
  id: 'registration',
  title: 'The app registration, read through Microsoft Graph (optional: it takes a sign-in)',
  faults: new Map([
    ['application-missing', 'There is no application with the client id in this tenant.'],
    ['service-principal-missing', 'The application has no service principal in this tenant.'],
    ['service-principal-disabled', 'The application is switched off in this tenant.'],
    ['account-type', 'The registration is for other accounts than the server is to let in.'],
    ['redirect-uri-missing', 'The redirect URI is not registered.'],
    ['redirect-uri-platform', 'The redirect URI is registered on another platform than Web.'],
    ['identifier-uri', 'The Application ID URI is missing, or another one.'],
    ['scope-missing', 'The scope is not exposed.'],
    ['scope-disabled', 'The scope is disabled.'],
    ['token-version', 'The registration issues version 1 access tokens.'],
    ['secret-unknown', "The client secret is none of the registration's."],
    ['secret-expired', 'The client secret has ended.'],
    ['secret-expiring', 'The client secret ends within 30 days.'],
    ['certificate-missing', 'The registration does not have the certificate.'],
    ['federated-credential-missing', 'The registration does not trust the identity of the server.'],
    ['app-role-missing', 'A role that ENTRANCE_ALLOW_ROLES names does not exist.'],
    ['operator-role-missing', 'The app role that opens the operator’s API does not exist.'],
    ['groups-claim', 'Tokens name no groups, and ENTRANCE_ALLOW_GROUPS asks for them.'],
    ['optional-claims', 'Tokens do not say who is a guest, and guests are not let in.'],
    ['graph-permission-missing', 'The permission to look up groups is missing.'],
    ['consent', 'People may not consent themselves, and nobody has consented for them.'],
    ['nobody-assigned', 'An assignment is required, and nobody is assigned.'],
    ['public-client', 'Public client flows are allowed.'],
  ]),
  needs: ['config.url', 'entra.metadata'],
  run: compare,
}

const { id } = registrationCheck

async function compare(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const operator = await signIn(facts, io)
  if (typeof operator === 'string') return one(skipped(id, `${operator}${unwarned(facts)}`))
  const { graph: origin } = operator.authority
  const graph = createGraph({ origin, token: operator.token, signal: io.signal, fetch: io.fetch })
  try {
    const registration = await readRegistration(graph, facts.entra)
    if (!registration) return one(noApplication(facts, operator))
    const findings = [
      ...compareAll(registration, facts, io, operator, origin).map(toFinding),
      ...(await findAssignments(graph, registration)),
    ]
    if (findings.length > 0) return { findings }
    return one(ok(id, `"${registration.application.displayName}" is as it has to be.`))
  } catch (cause) {
    io.signal.throwIfAborted()
    // It is optional: whatever Graph answers, or a proxy in its place, the other checks are made.
    const isTold = cause instanceof CommandError
    const reason = isTold ? cause.message : 'what Microsoft Graph answered makes no sense.'
    return one(skipped(id, `${operator.name} cannot read the registration: ${reason}`))
  }
}

/** Entra tells nobody else when a secret ends; a certificate says so itself. */
function unwarned({ entra }: Facts): string {
  if (entra.credential.kind !== 'secret' || entra.isEmulator) return ''
  return ' Without it nobody is warned 30 days before the secret ends.'
}

/** Whoever is signed in already; a text says what is missing. */
async function signIn({ entra }: Facts, io: DoctorIo): Promise<Operator | string> {
  const { terminal, token, session } = io
  // The Azure CLI knows nobody of a login host that is none of Microsoft's.
  const isOthers = findCloud(entra.authority) === undefined
  if (isOthers && !token && !session?.token && !io.env.ENTRANCE_GRAPH_TOKEN) {
    return 'Needs a token for Microsoft Graph: --token device-code, or ENTRANCE_GRAPH_TOKEN.'
  }
  try {
    const authority = await findAuthority(entra.authority, entra.tenantId, io.signal)
    return await signInOperator(authority, { token, session, mayAsk: false }, terminal)
  } catch (cause) {
    io.signal.throwIfAborted()
    const said = printableLine((cause as Error).message)
    return `Needs somebody who is signed in to Microsoft Graph (az login, or --token device-code). ${said}`
  }
}

function compareAll(
  registration: Registration,
  facts: Facts,
  io: DoctorIo,
  operator: Operator,
  origin: string,
): Difference[] {
  const settings = resolveSetupSettings({ url: facts.url }, io.env)
  const adminConsent = needsAdminConsent(registration)
  const credential = desiredCredential(facts, io.now())
  const desired = toDesired(settings, { adminConsent }, operator, credential)
  return compareRegistration(registration, desired, { origin, now: io.now() })
}

/** What the registration has to know of the credential; undefined where that cannot be told here. */
function desiredCredential({ settings, url }: Facts, now: number): DesiredCredential | undefined {
  const credential = settings.entra === 'emulator' ? undefined : settings.entra.credential
  const displayName = credentialName(url, now)
  const endDateTime = endAfter(365, now)
  if (credential?.kind === 'secret') {
    return { kind: 'secret', secret: credential.secret, displayName, endDateTime }
  }
  if (credential?.kind === 'certificate') {
    return { kind: 'certificate', displayName, ...readCertificate(credential.certificate) }
  }
  if (credential?.kind !== 'workload-identity') return undefined
  const claims = readAssertion(credential.tokenFile)
  if (!claims) return undefined
  const { iss, sub, aud } = claims
  return {
    kind: 'federated',
    name: 'entrance-workload-identity',
    issuer: String(iss),
    subject: String(sub),
    audience: String([aud].flat()[0]),
  }
}

function readAssertion(path: string): Record<string, unknown> | undefined {
  try {
    const payload = readFileSync(path, 'utf8').trim().split('.')[1] ?? ''
    return JSON.parse(Buffer.from(payload, 'base64url').toString())
  } catch {
    return undefined
  }
}

function toFinding(one: Difference): Finding {
  const { what, why, expected, found, portal, az, isOverride } = one
  // Where it is compared at all, nobody gets in without it.
  const isConsent = one.id === 'admin-consent-missing'
  return {
    id: `${id}.${isConsent ? 'consent' : one.id}`,
    status: isConsent ? 'error' : one.severity,
    what,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    why,
    portal,
    command: az,
    docs: 'entra.md',
    ...(!isOverride && { canFix: true as const }),
  }
}

type Assignment = { readonly principalId: string }

/** That some are kept out is what the switch is for; that all are is not. */
async function findAssignments(
  graph: Graph,
  { servicePrincipal }: Registration,
): Promise<Finding[]> {
  if (!servicePrincipal?.appRoleAssignmentRequired) return []
  const path = `/servicePrincipals/${servicePrincipal.id}/appRoleAssignedTo`
  const assigned = await graph.list<Assignment>(path).catch((cause: unknown) => {
    if (cause instanceof GraphError) return undefined
    throw cause
  })
  // Where it may not be read, it is left open.
  if (assigned === undefined || assigned.length > 0) return []
  const call: GraphCall = {
    method: 'PATCH',
    path: `/servicePrincipals/${servicePrincipal.id}`,
    body: { appRoleAssignmentRequired: false },
    why: 'Let everybody in',
  }
  return [
    error(id, 'nobody-assigned', 'An assignment is required, and nobody is assigned.', {
      expected: 'one person or group, or Assignment required: No',
      found: 'none',
      why: 'Entra lets nobody in (AADSTS50105), and tells this server nothing of it.',
      portal: [
        'Enterprise applications → the application → Users and groups → Add user/group',
        'or: Properties → Assignment required: No',
      ],
      command: toAz([call], graph.origin),
      docs: 'entra.md',
    }),
  ]
}

function noApplication({ entra }: Facts, { tenantId }: Operator): Finding {
  const what = `The tenant ${tenantId} has no application ${entra.clientId}.`
  return error(id, 'application-missing', what, {
    expected: 'the Application (client) ID of the overview page',
    found: entra.clientId,
    why: 'Entra knows no such client (AADSTS700016).',
    portal: [
      'App registrations → the application → Overview: copy Application (client) ID into ENTRA_PROXY_AZURE_CLIENT_ID. The Object ID is another one.',
    ],
    command: 'az ad app list --show-mine --query "[].{name:displayName,id:appId}" --output table',
    docs: 'entra.md',
  })
}

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}

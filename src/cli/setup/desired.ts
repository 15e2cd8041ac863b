import { createHash } from 'node:crypto'
import { findCloud } from '../../core/clouds.ts'
import { LOOPBACK_HOSTS } from '../../core/site.ts'
import type { Operator } from '../graph/operator-token.ts'
import type { DesiredCredential, DesiredRegistration } from '../registration/types.ts'
import type { SetupOptions, SetupSettings } from './settings.ts'

/** The scope that lets a client in. */
const SCOPE = 'mcp-access'

/** With it the server asks which groups a person is in, where a token cannot name them all. */
const USER_READ = {
  value: 'User.Read',
  id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d',
  type: 'Scope',
} as const

const DAY = 24 * 3600 * 1000

/** What the registration has to be for this server. */
export function toDesired(
  settings: SetupSettings,
  options: Pick<SetupOptions, 'adminConsent'>,
  operator: Pick<Operator, 'name'>,
  credential: DesiredCredential | undefined,
): DesiredRegistration {
  const { url, also, allow, consentBy } = settings
  const displayName = displayNameOf(settings, operator)
  const type = consentBy && (consentBy === 'admins' ? 'Admin' : 'User')
  return {
    displayName,
    uniqueName: uniqueNameOf(displayName),
    signInAudience: settings.signInAudience,
    redirectUris: [...new Set([url, ...also])].map((base) => `${base}/auth/callback`),
    scopes: [...new Set([SCOPE, ...settings.scopes])].map((value) => ({ value, type })),
    preAuthorized: settings.preAuthorized,
    optionalClaims: allow.hasNoGuests ? ['acct'] : [],
    hasGroups: allow.groups,
    roles: allow.roles,
    hasOperatorRole: settings.hasOperatorRole,
    operators: [],
    graphPermissions: allow.groups ? [USER_READ] : [],
    hasAdminConsent: options.adminConsent ?? false,
    credential,
  }
}

/** What people see when they are asked. Many try things out on a machine of their own. */
export function displayNameOf(
  { name, url }: Pick<SetupSettings, 'name' | 'url'>,
  operator: Pick<Operator, 'name'>,
): string {
  const { host, hostname } = new URL(url)
  if (name) return name
  return LOOPBACK_HOSTS.has(hostname)
    ? `Entrance (${host}, ${operator.name})`
    : `Entrance (${host})`
}

/** By which the application is found again; the digest tells names apart that look alike here. */
export function uniqueNameOf(displayName: string): string {
  const word = displayName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const digest = createHash('sha256').update(displayName).digest('hex').slice(0, 10)
  return `entrance-${word.slice(0, 60)}-${digest}`
}

/** What a new secret is called in the portal: whose it is, and since when. */
export function credentialName(url: string, now: number): string {
  return `entrance ${new URL(url).host} ${new Date(now).toISOString().slice(0, 10)}`
}

/** When something that is made now ends. */
export function endAfter(days: number, now: number): string {
  return new Date(now + days * DAY).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Whose tokens are to count as the application's credential. */
export function toFederated(
  { credential, issuer, subject = '', authority }: SetupSettings,
  tenantId: string,
): DesiredCredential {
  const isManaged = credential === 'managed-identity'
  return {
    kind: 'federated',
    name: isManaged ? 'entrance-managed-identity' : 'entrance-workload-identity',
    // A managed identity's tokens are the tenant's own.
    issuer: issuer ?? `${authority}/${tenantId}/v2.0`,
    subject,
    audience: findCloud(authority)?.exchangeAudience ?? 'api://AzureADTokenExchange',
  }
}

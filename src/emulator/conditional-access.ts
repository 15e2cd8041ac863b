import { type AadstsChange, type AadstsError, aadsts, toTimestamp } from './aadsts-error.ts'
import type {
  Application,
  ConditionalAccessPolicy,
  Directory,
  DirectoryUser,
  Tenant,
} from './directory.ts'
import { groupsOf } from './groups.ts'

/** How a person has shown who they are. */
export type Proof = {
  /** Seconds since the epoch. */
  readonly authTime: number
  /** When the person last showed a second factor, in seconds since the epoch. */
  readonly mfaTime?: number | undefined
}

/** Who wants to use what. */
export type Access = {
  readonly client: Application
  readonly tenant: Tenant
  /** Undefined for somebody without an account in the tenant. */
  readonly user: DirectoryUser | undefined
  readonly resources: readonly Application[]
  /** The parameter `claims`: a policy that it names is in force, whatever it is for. */
  readonly claims: string | undefined
  readonly authenticationContexts?: readonly string[] | undefined
}

/** What stands between a person and a token. */
export type Demand = {
  readonly kind: 'block' | 'compliantDevice' | 'freshSignIn' | 'mfaRegistration' | 'mfa'
  readonly policy: ConditionalAccessPolicy
}

/** The strictest thing that Conditional Access still asks for; undefined where all is met. */
export function findDemand(
  directory: Directory,
  access: Access,
  proof: Proof,
  now: number,
): Demand | undefined {
  const policies = policiesFor(directory, access)
  const having = (control: Control) => policies.find((one) => controlsOf(one).includes(control))
  const blocking = having('block')
  if (blocking) return { kind: 'block', policy: blocking }
  const managed = having('compliantDevice')
  // No browser here belongs to a device that anybody manages.
  if (managed) return { kind: 'compliantDevice', policy: managed }
  const stale = policies.find((policy) => isStale(policy, proof, now))
  if (stale) return { kind: 'freshSignIn', policy: stale }
  const mfa = having('mfa')
  if (!mfa || proof.mfaTime !== undefined) return undefined
  return { kind: access.user?.isMfaRegistered === false ? 'mfaRegistration' : 'mfa', policy: mfa }
}

/** Whether a person without an account in the tenant would need a second factor there. */
export function asksStrangersForMfa(directory: Directory, access: Access): boolean {
  return policiesFor(directory, access).some((policy) => controlsOf(policy).includes('mfa'))
}

/** Refuses a token while something is asked for, and says what with `claims` that name the policy. */
export function checkConditionalAccess(
  directory: Directory,
  access: Access,
  proof: Proof,
  now: number,
): void {
  const demand = findDemand(directory, access, proof, now)
  if (demand) throw refusal(demand, access.client, proof)
}

const CODES: Readonly<Record<Demand['kind'], number>> = {
  block: 53003,
  compliantDevice: 53000,
  freshSignIn: 70043,
  mfaRegistration: 50079,
  mfa: 50076,
}

/** A demand as an error; `change` says how it leaves where that is not the token endpoint. */
export function refusal(
  { kind, policy }: Demand,
  client: Application,
  { authTime }: Proof,
  change: AadstsChange = {},
): AadstsError {
  const values = {
    id: client.appId,
    state: 'unmanaged',
    issued: toTimestamp(authTime * 1000),
    lifetime: String(frequencyOf(policy) ?? ''),
  }
  return aadsts(CODES[kind], values, { claims: claimsOf(policy), ...change })
}

function claimsOf({ id }: ConditionalAccessPolicy): string {
  return JSON.stringify({ access_token: { capolids: { essential: true, values: [id] } } })
}

function policiesFor(directory: Directory, access: Access): ConditionalAccessPolicy[] {
  return directory.conditionalAccessPolicies.filter(
    (policy) =>
      policy.state === 'enabled' &&
      (policy.tenantId === undefined || policy.tenantId === access.tenant.id) &&
      isForApplication(policy, access) &&
      isForUser(directory, policy, access),
  )
}

function isForApplication(policy: ConditionalAccessPolicy, access: Access): boolean {
  if (access.claims?.includes(policy.id)) return true
  const { applications } = policy.conditions
  const contexts = applications.includeAuthenticationContextClassReferences ?? []
  if (contexts.some((context) => access.authenticationContexts?.includes(context))) return true
  const ids = [access.client, ...access.resources].map(({ appId }) => appId)
  const isIn = (list: readonly string[] = []) => ids.some((id) => list.includes(id))
  const isIncluded = applications.includeApplications
  return (isIncluded.includes('All') || isIn(isIncluded)) && !isIn(applications.excludeApplications)
}

function isForUser(
  directory: Directory,
  { conditions: { users } }: ConditionalAccessPolicy,
  { user }: Access,
): boolean {
  if (!users) return true
  const groups = user ? groupsOf(directory, user.id).map(({ id }) => id) : []
  const isGuest = !user || user.userType === 'Guest' || user.guestOf !== null
  const isNamed = (names: readonly string[] = []) =>
    names.includes('All') ||
    (isGuest && names.includes('GuestsOrExternalUsers')) ||
    (user !== undefined && names.includes(user.id))
  const isMember = (ids: readonly string[] = []) => groups.some((id) => ids.includes(id))
  const isExcluded = isNamed(users.excludeUsers) || isMember(users.excludeGroups)
  return !isExcluded && (isNamed(users.includeUsers) || isMember(users.includeGroups))
}

type Control = 'mfa' | 'block' | 'compliantDevice'

/** A policy that says nothing else asks for a second factor. */
function controlsOf({ grantControls, sessionControls }: ConditionalAccessPolicy): Control[] {
  if (grantControls) return grantControls.builtInControls
  return grantControls === null || sessionControls ? [] : ['mfa']
}

function isStale(policy: ConditionalAccessPolicy, { authTime }: Proof, now: number): boolean {
  const seconds = frequencyOf(policy)
  return seconds !== undefined && authTime + seconds <= Math.floor(now / 1000)
}

/** How often a person has to sign in anew, in seconds. */
function frequencyOf({ sessionControls }: ConditionalAccessPolicy): number | undefined {
  if (!sessionControls) return undefined
  const { type, value } = sessionControls.signInFrequency
  return value * (type === 'days' ? 24 : 1) * 60 * 60
}

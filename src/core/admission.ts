import type { Log } from '../log.ts'
import type { Entra, EntraTokens } from './entra/entra.ts'
import { CONSUMERS_TENANT_ID } from './entra/tenancy.ts'
import { EntraError } from './errors.ts'
import type { AllowConfig } from './options.ts'

/** A rule of `allow`. */
export type Rule = 'tenants' | 'guests' | 'users' | 'roles' | 'groups'

/** Whom the operator lets in, of those whom Entra does. */
export type Admission = {
  /**
   * The first rule that a person does not meet; undefined where they may come in. Throws
   * `EntraError` where that cannot be found out.
   */
  findUnmet(tokens: EntraTokens): Promise<Rule | undefined>
}

export function createAdmission(allow: AllowConfig, entra: Pick<Entra, 'isInAnyGroup'>): Admission {
  /** What takes a look-up comes last, and only where the tokens leave it open. */
  async function isInGroup(tokens: EntraTokens, groups: ReadonlySet<string>): Promise<boolean> {
    const { user, standing } = tokens
    const ids = [...groups].flatMap((entry) => idWithin(user.tid, entry) ?? [])
    const named = standing.groups
    if (named) return ids.some((id) => named.has(id))
    // Personal accounts are in no groups.
    if (ids.length === 0 || user.tid === CONSUMERS_TENANT_ID) return false
    return entra.isInAnyGroup(tokens, ids)
  }

  return {
    async findUnmet(tokens) {
      const { user } = tokens
      const { tenants, users, roles, groups } = allow
      if (tenants && !tenants.has(user.tid)) return 'tenants'
      if (!allow.guests && isGuest(tokens)) return 'guests'
      if (users && !users.has(user.oid) && !users.has(`${user.tid}/${user.oid}`)) return 'users'
      if (roles && !user.roles.some((role) => roles.has(role))) return 'roles'
      return groups && !(await isInGroup(tokens, groups)) ? 'groups' : undefined
    },
  }
}

/** An id is of the one tenant there is, unless it says of which. */
function idWithin(tid: string, entry: string): string | undefined {
  const [first = '', second] = entry.split('/')
  if (second === undefined) return first
  return first === tid ? second : undefined
}

function isGuest({ user, standing }: EntraTokens): boolean {
  if (standing.isGuest !== undefined) return standing.isGuest
  // Nobody invites anybody there, and Entra says nothing of it.
  if (user.tid === CONSUMERS_TENANT_ID) return false
  throw new EntraError(
    'Entra does not say whether the account is a guest, which this server keeps out.',
    {
      isTransient: false,
      cure: "Under 'Token configuration' of the app registration, add the optional claim acct to access tokens; then sign in again.",
    },
  )
}

const WHO: ReadonlyMap<Rule, string> = new Map<Rule, string>([
  ['tenants', 'people of certain organisations, and this account is of another one'],
  ['guests', "the organisation's own people, and this account is a guest of it"],
  ['users', 'certain people, and this account is not one of them'],
  ['roles', 'people with certain app roles, and this account has none of them'],
  ['groups', 'members of certain groups, and this account is in none of them'],
])

/** Why a person is not let in, in a sentence that names the rule. */
export function explainUnmet(rule: Rule): string {
  return `This server is for ${WHO.get(rule)} (rule '${rule}').`
}

const MAIL_ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

/** The contact, where it is a mail address and nothing else. */
export function mailAddressOf({ contact }: AllowConfig): string | undefined {
  return contact !== undefined && MAIL_ADDRESS.test(contact) ? contact : undefined
}

/** Whom the operator wants to be asked, as a sentence. */
export function whomToAsk(allow: AllowConfig): string {
  const { contact = 'the operator of this server' } = allow
  const isSentence = allow.contact !== undefined && mailAddressOf(allow) === undefined
  return isSentence ? contact.replace(/[^.!?]$/, '$&.') : `To be let in, ask ${contact}.`
}

/** Tells the operator who was kept out, and why. */
export function logUnmet(
  rule: Rule,
  { user }: EntraTokens,
  { transaction, client }: { readonly transaction: string; readonly client: string | undefined },
  log: Log,
): void {
  log({
    event: 'admission.refused',
    level: 'warn',
    transaction,
    message: `A person is not let in: the rule '${rule}' of the option allow is not met.`,
    rule,
    client,
    tid: user.tid,
    oid: user.oid,
  })
}

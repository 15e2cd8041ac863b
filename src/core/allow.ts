import { shown } from './check-entra.ts'
import type { ConfigProblem } from './errors.ts'
import type { AllowConfig, AllowOptions } from './options.ts'

type List = 'tenants' | 'users' | 'groups' | 'roles'

/** More would rather be a group, or an app role; groups are looked up in twenties. */
const MAX_ENTRIES: Readonly<Record<List, number>> = {
  tenants: 1000,
  users: 1000,
  groups: 100,
  roles: 100,
}

const CONTACT_MAX_LENGTH = 200

/** Of a GUID, its first part and more, in characters. */
const SHOWN = 12

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What stands in place of a tenant where accounts of several may sign in. */
const SEVERAL_TENANTS: ReadonlySet<string> = new Set(['organizations', 'common'])

/** What is wrong with the rules about who may come in. */
export function checkAllow(allow: AllowOptions, tenantId: string): ConfigProblem[] {
  return [
    ...checkTenants(tenantsOf(allow), tenantId),
    ...checkIds('users', allow.users, tenantId),
    ...checkIds('groups', allow.groups, tenantId),
    ...checkRoles(allow),
    ...checkGuests(allow.guests),
    ...checkContact(allow.contact),
  ]
}

/** The rules as they are judged: ids in lower case, as Entra's tokens have them. */
export function resolveAllow(allow: AllowOptions): AllowConfig {
  const tenants = tenantsOf(allow)
  return {
    tenants: tenants === 'any' ? undefined : idsOf(tenants),
    users: idsOf(allow.users),
    groups: idsOf(allow.groups),
    roles: allow.roles && new Set(allow.roles),
    guests: allow.guests ?? true,
    contact: allow.contact?.trim(),
  }
}

function idsOf(list: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return list && new Set(list.map((entry) => entry.trim().toLowerCase()))
}

/** A list is how a variable has it. */
function tenantsOf({ tenants }: AllowOptions): AllowOptions['tenants'] {
  return tenants?.length === 1 && tenants[0] === 'any' ? 'any' : tenants
}

function checkTenants(tenants: AllowOptions['tenants'], tenantId: string): ConfigProblem[] {
  const option = 'allow.tenants'
  if (SEVERAL_TENANTS.has(tenantId)) {
    if (tenants === 'any') return []
    if (tenants !== undefined) return checkTenantIds(tenants)
    const problem = `is missing, while ${tenantId} has accounts of every tenant sign in.`
    const cure = "List the ids of the tenants that may come in; or write 'any', if all may."
    return [{ option, problem, cure }]
  }
  const cure = 'Leave it out: there is one tenant, whose people may come in.'
  if (tenants === 'any') {
    return [{ option, problem: "is 'any', while people of one tenant can sign in.", cure }]
  }
  const problems = tenants === undefined ? [] : checkTenantIds(tenants)
  if (problems.length > 0 || !tenants || !GUID.test(tenantId)) return problems
  if (idsOf(tenants)?.has(tenantId)) return []
  const problem = `lacks ${tenantId}, the one tenant whose people can sign in.`
  return [{ option, problem, cure }]
}

function checkTenantIds(tenants: readonly string[]): ConfigProblem[] {
  const option = 'allow.tenants'
  const wrong = tenants.filter((entry) => !GUID.test(entry.trim()))
  const problems = wrong.map((entry): ConfigProblem => {
    if (entry === 'any') {
      const problem = "has 'any' beside other entries."
      return { option, problem, cure: "Write 'any' alone, or leave it out." }
    }
    const why = entry.includes('.') ? ': a domain can move to another tenant' : ''
    const problem = `'${shown(entry, SHOWN)}' is not a tenant id${why}.`
    return { option, problem, cure: 'Write the Directory (tenant) ID, a GUID.' }
  })
  return [...checkLength('tenants', tenants), ...problems]
}

function checkIds(
  name: 'users' | 'groups',
  list: readonly string[] | undefined,
  tenantId: string,
): ConfigProblem[] {
  if (!list) return []
  const areSeveral = SEVERAL_TENANTS.has(tenantId)
  const problems = list.flatMap((entry) => checkId(name, entry.trim(), areSeveral))
  return [...checkLength(name, list), ...problems]
}

/** Names are reassigned, and whoever gets one would come in; an object id is nobody else's, ever. */
function checkId(name: 'users' | 'groups', entry: string, areSeveral: boolean): ConfigProblem[] {
  const option = `allow.${name}`
  const parts = entry.split('/')
  const isId = parts.length <= 2 && parts.every((part) => GUID.test(part))
  if (isId && (parts.length === 2 || !areSeveral)) return []
  if (isId) {
    const problem = `'${entry}' does not say of which tenant.`
    return [{ option, problem, cure: 'Write <tenant id>/<object id>.' }]
  }
  if (name === 'users' && entry.includes('@')) {
    const problem = `'${shown(entry, SHOWN)}' is a sign-in name, which can be given to somebody else.`
    const cure = "Write the person's Object ID, from 'Users' in the Entra admin center."
    return [{ option, problem, cure }]
  }
  const problem = `'${shown(entry, SHOWN)}' is not an object id, which is a GUID.`
  const place = name === 'users' ? 'Users' : 'Groups'
  return [
    { option, problem, cure: `Copy the Object ID from '${place}' in the Entra admin center.` },
  ]
}

/** RFC 6749 has no word on it; Entra takes these in the value of an app role. */
const ROLE = /^[\x21-\x7e]{1,120}$/

function checkRoles(allow: AllowOptions): ConfigProblem[] {
  const { roles } = allow
  const option = 'allow.roles'
  if (!roles) return []
  const wrong = roles.filter((role) => !ROLE.test(role))
  const problems = wrong.map((role): ConfigProblem => {
    const problem = `'${shown(role, SHOWN)}' is not the value of an app role.`
    return { option, problem, cure: "Copy the Value from 'App roles' of the app registration." }
  })
  if (tenantsOf(allow) === 'any') {
    const problem = "keeps nobody out where tenants is 'any': each tenant gives roles to its own."
    problems.push({ option, problem, cure: 'List the tenants, or leave out the roles.' })
  }
  return [...checkLength('roles', roles), ...problems]
}

/** An empty list would let nobody in; it is a setting that was lost, or somebody's "nothing set". */
function checkLength(name: List, list: readonly string[]): ConfigProblem[] {
  const option = `allow.${name}`
  if (list.length === 0) {
    const problem = 'is empty, and so nobody could come in.'
    return [{ option, problem, cure: 'Write at least one entry, or leave it out.' }]
  }
  const max = MAX_ENTRIES[name]
  if (list.length <= max) return []
  const problem = `has ${list.length} entries; ${max} at most are expected.`
  return [{ option, problem, cure: 'Put the people into a group, or give them an app role.' }]
}

function checkGuests(guests: unknown): ConfigProblem[] {
  if (guests === undefined || typeof guests === 'boolean') return []
  const problem = `'${shown(String(guests), SHOWN)}' is neither true nor false.`
  return [{ option: 'allow.guests', problem, cure: 'Leave it out to let guests in.' }]
}

function checkContact(contact: unknown): ConfigProblem[] {
  if (contact === undefined) return []
  const isText = typeof contact === 'string' && contact.trim() !== '' && !/\p{C}/u.test(contact)
  if (isText && contact.length <= CONTACT_MAX_LENGTH) return []
  const problem = `is not a line of 1 to ${CONTACT_MAX_LENGTH} characters.`
  const cure = 'Write a mail address, or a sentence that says whom to ask.'
  return [{ option: 'allow.contact', problem, cure }]
}

import { createApplication, createDirectory, type DirectoryOptions } from '../create-directory.ts'
import { seedDirectory } from '../seed.ts'
import type { ConfigurationProblem } from './configuration-error.ts'
import { createNames, type Names } from './names.ts'
import {
  addApplication,
  resolveApplications,
  resolveAssignments,
  resolvePrincipals,
} from './resolve-applications.ts'
import { resolveGrant, resolvePolicy } from './resolve-grants.ts'
import { resolveGroups, resolveMembers, resolveTenants, resolveUsers } from './resolve-people.ts'
import { type Configuration, configurationSchema } from './schema.ts'

/** A directory in which every reference is an id, and the references that lead nowhere. */
export type Resolved = {
  readonly directory: DirectoryOptions
  readonly problems: readonly ConfigurationProblem[]
}

/**
 * Puts ids in the place of names. Each list first gives its things their ids, for others may refer
 * to them; the lists come in the order in which they need one another.
 */
export function resolveConfiguration({ $schema: _, ...given }: Configuration): Resolved {
  const names = createNames()
  const lists = withSeed(given)
  const builtIn = addBuiltIn(names)
  const tenants = resolveTenants(names, lists.tenants)
  const users = resolveUsers(names, lists.users)
  const groups = resolveGroups(names, lists.groups)
  const applications = resolveApplications(names, lists.applications)
  const whole = [...builtIn, ...applications.map(createApplication)]
  const principals = resolvePrincipals(names, principalsOf(given, lists, applications), whole)
  const ids = new Set(builtIn.map(({ appId }) => appId))
  const context = { principals, users, builtIn: ids }
  const directory = {
    tenants,
    users,
    groups: resolveMembers(names, groups),
    applications,
    servicePrincipals: resolveAssignments(names, principals),
    oauth2PermissionGrants: lists.oauth2PermissionGrants.map((grant, i) =>
      resolveGrant(names, context, grant, i),
    ),
    conditionalAccessPolicies: lists.conditionalAccessPolicies.map((policy, i) =>
      resolvePolicy(names, policy, i),
    ),
  }
  return { directory, problems: blameSeed(names.problems, given) }
}

type Lists = Required<Omit<Configuration, '$schema'>>

/** What the file leaves out is the seed's. */
function withSeed(given: Omit<Configuration, '$schema'>): Lists {
  const seed = configurationSchema.parse(seedDirectory())
  return { ...(seed as Lists), ...given }
}

function addBuiltIn(names: Names) {
  const none = { users: [], groups: [], applications: [], servicePrincipals: [] }
  const { applications } = createDirectory(none)
  for (const application of applications) addApplication(names, application)
  return applications
}

type Principals = Lists['servicePrincipals']

/** Where the file has no service principals: one for each application of the file, or the seed's. */
function principalsOf(
  given: Configuration,
  lists: Lists,
  applications: readonly { appId?: string; tenantId: string }[],
): Principals {
  if (given.servicePrincipals) return given.servicePrincipals
  if (given.applications) {
    return applications.map(({ appId, tenantId }) => ({
      appId: appId as string,
      tenantId,
      appRoleAssignedTo: [],
    }))
  }
  // Those of the seed who are not here are not assigned either.
  const isThere = (principalId: string) =>
    !given.users || given.users.some(({ id }) => id === principalId)
  return lists.servicePrincipals.map((principal) => ({
    ...principal,
    appRoleAssignedTo: principal.appRoleAssignedTo.filter(({ principalId }) =>
      isThere(principalId),
    ),
  }))
}

/** What is wrong with a list that was left out is wrong with leaving it out. */
function blameSeed(
  problems: readonly ConfigurationProblem[],
  given: Configuration,
): ConfigurationProblem[] {
  const isGiven = ({ path }: ConfigurationProblem) =>
    Object.hasOwn(given, path.split(/[.[]/)[0] ?? '')
  const left = new Set(
    problems.filter((one) => !isGiven(one)).map(({ path }) => path.split('[')[0]),
  )
  const blamed = [...left].map((list = '') => ({
    path: list,
    problem: 'is left out, so it is the seed’s, and that needs what this file replaces.',
    cure: `Give ${list} too; an empty list will do.`,
  }))
  return [...problems.filter(isGiven), ...blamed]
}

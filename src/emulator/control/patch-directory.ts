import { inspectConfiguration } from '../configuration/configuration.ts'
import {
  ConfigurationError,
  type ConfigurationProblem,
} from '../configuration/configuration-error.ts'
import { createDirectory } from '../create-directory.ts'
import { COLLECTIONS, type Collection } from '../directory-changes.ts'
import type { Sts } from '../sts.ts'

type Loose = Record<string, unknown>
type Lists = Record<Collection, Loose[]>

/** Where something of the patch has come to stand in the directory. */
type Place = {
  readonly collection: Collection
  readonly index: number
  readonly patchIndex: number
}

/**
 * Changes the directory by lists as a configuration file has them. What is there is found by its id
 * or name, and the members that are given replace its own; what is not there is added. All of it is
 * done, or nothing: throws a `ConfigurationError` with everything that is wrong.
 */
export function patchDirectory(sts: Sts, patch: Readonly<Loose>): void {
  const lists = structuredClone(sts.directory) as unknown as Lists
  // What dangles already is nothing that this patch has done.
  const known = new Set(inspectConfiguration(lists).problems.map(toLine))
  const places = merge(lists, patch)
  const { directory, problems } = inspectConfiguration(lists)
  const fresh = problems.filter((problem) => !known.has(toLine(problem)))
  if (fresh.length > 0 || !directory) {
    throw new ConfigurationError(fresh.map((problem) => relocate(problem, places)))
  }
  const whole = createDirectory(directory)
  for (const { collection, index } of places) {
    const item = whole[collection][index]
    if (item) sts.keep(collection, item)
  }
  sts.save()
}

function isCollection(text: string): text is Collection {
  return COLLECTIONS.some((collection) => collection === text)
}

/** Writes the patch into the lists; gives where each of its things is now. */
function merge(lists: Lists, patch: Readonly<Loose>): Place[] {
  const problems: ConfigurationProblem[] = []
  const places = Object.entries(patch).flatMap(([collection, items]) => {
    if (isCollection(collection) && Array.isArray(items)) {
      return items.map((item: unknown, i) => place(lists, collection, item, i))
    }
    const problem = isCollection(collection) ? 'is not a list.' : 'is not known.'
    const cure = `Write lists of the directory: ${Object.keys(lists).join(', ')}.`
    problems.push({ path: collection, problem, cure })
    return []
  })
  if (problems.length > 0) throw new ConfigurationError(problems)
  return places
}

function place(lists: Lists, collection: Collection, item: unknown, patchIndex: number): Place {
  const list = lists[collection]
  const names = item as Loose
  const isObject = typeof item === 'object' && item !== null
  const at = isObject ? list.findIndex((existing) => isSame(collection, existing, names)) : -1
  if (at < 0) return { collection, index: list.push(names) - 1, patchIndex }
  list[at] = { ...list[at], ...names }
  return { collection, index: at, patchIndex }
}

/** By which members a thing is known: all of one of the groups have to fit. */
const KEYS: Readonly<Record<Collection, readonly (readonly string[])[]>> = {
  tenants: [],
  users: [['userPrincipalName']],
  groups: [['displayName', 'tenantId'], ['displayName']],
  applications: [['appId'], ['displayName']],
  servicePrincipals: [['appId', 'tenantId']],
  oauth2PermissionGrants: [],
  conditionalAccessPolicies: [['displayName']],
}

function isSame(collection: Collection, existing: Loose, item: Loose): boolean {
  if (item.id !== undefined) return isEqual(existing.id, item.id)
  const key = KEYS[collection].find((members) => members.every((name) => name in item))
  return key?.every((name) => isEqual(existing[name], item[name])) ?? false
}

function isEqual(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase()
}

/** Whoever sent the patch knows the place there, not that in the directory. */
function relocate(problem: ConfigurationProblem, places: readonly Place[]): ConfigurationProblem {
  const path = problem.path.replace(/^(\w+)\[(\d+)\]/, (whole, collection: string, index) => {
    const found = places.find((one) => one.collection === collection && one.index === Number(index))
    return found ? `${collection}[${found.patchIndex}]` : whole
  })
  return { ...problem, path }
}

function toLine({ path, problem }: ConfigurationProblem): string {
  return `${path} ${problem}`
}

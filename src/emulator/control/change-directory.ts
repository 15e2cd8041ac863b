import type { Directory } from '../directory.ts'
import type { Sts } from '../sts.ts'

/** One of the directory's lists. */
export type Collection = keyof Directory

/** What a list holds. */
export type Item<C extends Collection> = Directory[C][number]

/** The lists of a directory. */
export const COLLECTIONS: readonly Collection[] = [
  'tenants',
  'users',
  'groups',
  'applications',
  'servicePrincipals',
  'oauth2PermissionGrants',
  'conditionalAccessPolicies',
]

/** Whether a text names one of the lists. */
export function isCollection(text: string): text is Collection {
  return COLLECTIONS.some((collection) => collection === text)
}

/** Adds an object, or changes the one with its id. */
export function keepItem<C extends Collection>(sts: Sts, collection: C, item: Item<C>): void {
  const list: Item<C>[] = sts.directory[collection]
  const existing = list.find(({ id }) => id === item.id)
  if (existing) Object.assign(existing, item)
  else list.push(item)
  sts.save()
}

/** Takes an object out; false where there is none. */
export function removeItem(sts: Sts, collection: string, id: string): boolean {
  if (!isCollection(collection)) return false
  const list: { id: string }[] = sts.directory[collection]
  const at = list.findIndex((item) => item.id === id.toLowerCase())
  if (at >= 0) list.splice(at, 1)
  sts.save()
  return at >= 0
}

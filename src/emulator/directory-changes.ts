import type { Directory } from './directory.ts'

/** The lists of the directory. */
export type Collection = keyof Directory

/** One of the objects of a list. */
export type Item<C extends Collection> = Directory[C][number]

/** What came of requests, in contrast to what the directory was made with. */
export type DirectoryChanges = { [C in Collection]?: { kept: Item<C>[]; removed: string[] } }

/** Keeps track of what requests change in a directory, so that a restart finds it again. */
export type ChangeKeeper = {
  /** Adds an object, or changes the one with its id. */
  keep<C extends Collection>(collection: C, item: Item<C>): void
  remove(collection: Collection, id: string): void
  /** Leaves out what was taken from the directory by other hands; true when there was something. */
  forgetRemoved(): boolean
  /** Counts from what the directory holds now. */
  forget(): void
}

/** Each of them. */
export const COLLECTIONS: readonly Collection[] = [
  'tenants',
  'users',
  'groups',
  'applications',
  'servicePrincipals',
  'oauth2PermissionGrants',
  'conditionalAccessPolicies',
]

type AnyItem = { id: string }
type AnyChanges = { kept: AnyItem[]; removed: string[] }

/** Brings a directory to where it was, and notes down what changes from now on. */
export function keepChanges(directory: Directory, changes: DirectoryChanges): ChangeKeeper {
  const listOf = (collection: Collection) => directory[collection] as AnyItem[]
  const changesOf = (collection: Collection): AnyChanges => {
    changes[collection] ??= { kept: [], removed: [] }
    return changes[collection] as AnyChanges
  }
  const idsOf = (name: Collection) => [name, listOf(name).map(({ id }) => id)] as const
  let initial = new Map(COLLECTIONS.map(idsOf))
  for (const name of COLLECTIONS) restore(listOf(name), changes[name] as AnyChanges | undefined)
  return {
    keep: (collection, item) => {
      const change = changesOf(collection)
      const stored = put(listOf(collection), item)
      change.kept = [...change.kept.filter(({ id }) => id !== item.id), stored]
      change.removed = change.removed.filter((id) => id !== item.id)
    },
    remove: (collection, id) => {
      const change = changesOf(collection)
      take(listOf(collection), id)
      change.kept = change.kept.filter((item) => item.id !== id)
      if (initial.get(collection)?.includes(id)) change.removed = [...change.removed, id]
    },
    forgetRemoved: () => {
      const before = JSON.stringify(changes)
      for (const name of COLLECTIONS) {
        const present = new Set(listOf(name).map(({ id }) => id))
        const removed = (initial.get(name) ?? []).filter((id) => !present.has(id))
        const kept = changesOf(name).kept.filter(({ id }) => present.has(id))
        Object.assign(changesOf(name), { kept, removed })
      }
      return JSON.stringify(changes) !== before
    },
    forget: () => {
      for (const name of COLLECTIONS) Object.assign(changesOf(name), { kept: [], removed: [] })
      initial = new Map(COLLECTIONS.map(idsOf))
    },
  }
}

function restore(list: AnyItem[], changes: AnyChanges | undefined): void {
  for (const id of changes?.removed ?? []) take(list, id)
  for (const [index, item] of (changes?.kept ?? []).entries()) {
    // From now on the two are one object.
    if (changes) changes.kept[index] = put(list, item)
  }
}

/** The object stays the same one, so that whoever holds it sees the change. */
function put(list: AnyItem[], item: AnyItem): AnyItem {
  const existing = list.find(({ id }) => id === item.id)
  if (existing) return Object.assign(existing, item)
  list.push(item)
  return item
}

function take(list: AnyItem[], id: string): void {
  const index = list.findIndex((item) => item.id === id)
  if (index >= 0) list.splice(index, 1)
}

import type { Store } from '../stores/store.ts'
import { ConfigError } from './errors.ts'

/** The record that is there while an empty store is being filled. */
const KEY = 'import'

/** As good as never: some ten years, in seconds. */
const FOREVER = 10 * 366 * 24 * 60 * 60

/** Says in the store that not all of this export is there yet; false where one is being put already. */
export function beginImport(store: Store, name: string): Promise<boolean> {
  return store.create(toRecord(name))
}

/** Says that it is this export that is being put, in place of another one. */
export async function takeOverImport(store: Store, name: string): Promise<void> {
  const record = await store.get(KEY)
  if (record) await store.replace(toRecord(name), record.version)
}

/** Says that all of this export is there. Of another one that is being put as well, it says nothing. */
export async function endImport(store: Store, name: string): Promise<void> {
  if ((await findImport(store)) === name) await store.delete(KEY)
}

/** The name of the export whose import into the store has begun and not ended. */
export async function findImport(store: Store): Promise<string | undefined> {
  return (await store.get(KEY))?.value
}

/** Whether an import into the store has begun and not ended. */
export async function isBeingFilled(store: Store): Promise<boolean> {
  return (await findImport(store)) !== undefined
}

function toRecord(value: string) {
  return { key: KEY, value, expiresAt: Math.floor(Date.now() / 1000) + FOREVER }
}

/**
 * Refuses a store that has only a part of what it is to have: to everybody whose sign-in is in the
 * other part a server would say that it has ended.
 */
export async function checkFilled(store: Store): Promise<void> {
  if (!(await isBeingFilled(store))) return
  const problem = `names ${store.name}, and an import into it has not ended: a part of it is missing.`
  const cure = 'Run it again, it goes on where it was: entrance store import FILE'
  throw new ConfigError([{ option: 'store', problem, cure }])
}

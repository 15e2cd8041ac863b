import type { Store } from '../stores/store.ts'
import { ConfigError } from './errors.ts'

/** The record that is there while an empty store is being filled. */
const KEY = 'import'

/** As good as never: some ten years, in seconds. */
const FOREVER = 10 * 366 * 24 * 60 * 60

/** Says in the store that not all is there yet. */
export async function beginImport(store: Store): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1000) + FOREVER
  await store.create({ key: KEY, value: '', expiresAt })
}

/** Says that all is there. */
export async function endImport(store: Store): Promise<void> {
  await store.delete(KEY)
}

/** Whether an import into the store has begun and not ended. */
export async function isBeingFilled(store: Store): Promise<boolean> {
  return (await store.get(KEY)) !== undefined
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

import type { Directory } from './directory.ts'
import type { Collection } from './directory-changes.ts'

/** How many seconds a write through Microsoft Graph takes to arrive. */
export type ReplicationOptions = {
  /** At Microsoft Graph itself. @default 0 */
  graph?: number
  /** At the sign-in service. @default 0 */
  signIn?: number
}

/** Who looks at the directory. */
export type Reader = keyof ReplicationOptions

/** The directory as its readers see it: what was written lately has not arrived everywhere. */
export type Replication = {
  /** Notes that an object is about to be written. */
  note(collection: Collection, id: string): void
  /** The directory itself where everything has arrived. */
  seenBy(reader: Reader): Directory
  /** Takes everything for arrived. */
  forget(): void
}

/** How an object was before a write: undefined where there was none. */
type Write = { collection: Collection; id: string; before: AnyItem | undefined; at: number }

type AnyItem = { id: string }

const MAX_WRITES = 10_000

/** Delays what readers see of writes, by the emulator's clock. */
export function createReplication(
  directory: Directory,
  { graph = 0, signIn = 0 }: ReplicationOptions,
  now: () => number,
): Replication {
  for (const [name, seconds] of Object.entries({ graph, signIn })) {
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new TypeError(`replication.${name} is ${seconds}. Expected seconds, from 0 up.`)
    }
  }
  const lag = { graph: graph * 1000, signIn: signIn * 1000 }
  const longest = Math.max(lag.graph, lag.signIn)
  const writes: Write[] = []
  const forgetArrived = () => {
    while (writes[0] && (writes[0].at + longest <= now() || writes.length > MAX_WRITES)) {
      writes.shift()
    }
  }
  return {
    note: (collection, id) => {
      if (longest === 0) return
      const items: readonly AnyItem[] = directory[collection]
      const before = structuredClone(items.find((item) => item.id === id))
      writes.push({ collection, id, before, at: now() })
      forgetArrived()
    },
    seenBy: (reader) => {
      forgetArrived()
      const missing = writes.filter(({ at }) => at + lag[reader] > now())
      return missing.length === 0 ? directory : undo(directory, missing)
    },
    forget: () => void writes.splice(0),
  }
}

function undo(directory: Directory, missing: readonly Write[]): Directory {
  const view: Record<string, readonly AnyItem[]> = { ...directory }
  for (const collection of new Set(missing.map((write) => write.collection))) {
    const writes = missing.filter((write) => write.collection === collection)
    // The earliest of an object's writes that are missing knows it as it was before them all.
    const before = new Map(writes.toReversed().map((write) => [write.id, write.before]))
    const items: readonly AnyItem[] = directory[collection]
    const shown = items.map((item) => (before.has(item.id) ? before.get(item.id) : item))
    for (const { id } of items) before.delete(id)
    view[collection] = [...shown, ...before.values()].filter((item) => item !== undefined)
  }
  return view as unknown as Directory
}

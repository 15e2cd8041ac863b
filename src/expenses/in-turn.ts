import type { Owner } from './expense-store.ts'

/** Runs an owner's work once what they asked for before is done; other owners' runs beside it. */
export type InTurn = <T>(owner: Owner, work: () => Promise<T>) => Promise<T>

/**
 * For reads that may look at very many expenses: whoever asks for a hundred at once is answered one
 * after the other, and so takes no more of the event loop, or of the connections, than one does.
 */
export function createTurns(): InTurn {
  const last = new Map<string, Promise<void>>()
  return ({ tid, oid }, work) => {
    const key = JSON.stringify([tid, oid])
    const before = last.get(key)
    const result = before ? before.then(work) : work()
    const done = result.then(
      () => {},
      () => {},
    )
    last.set(key, done)
    // Whoever is not there any more takes no room.
    done.then(() => last.get(key) === done && last.delete(key))
    return result
  }
}

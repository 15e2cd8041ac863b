import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How long after the start, in milliseconds: whoever has waited for it is served first. */
const CALM = 1000

/**
 * Gives back what only the start needed, some 9 MB: V8 would keep hold of it for the next burst.
 * Collecting it stops the process for some 30 ms. Not again later: it throws away compiled code too,
 * and tool calls would take twice as long for a while.
 */
export function releaseStartMemory(): void {
  setTimeout(() => {
    // The collector is in the contexts that are made while the flag is set, and in no other.
    setFlagsFromString('--expose-gc')
    const collect: NodeJS.GCFunction = runInNewContext('gc')
    setFlagsFromString('--no-expose-gc')
    // The one that shrinks the heap too; any other leaves its size for what may come.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, CALM).unref()
}

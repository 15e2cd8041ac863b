import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How often it is looked whether there is something to give back, in milliseconds. */
const INTERVAL = 2000

/** Whoever uses less of the processor has nothing to do that a pause would hold up. */
const CALM = 0.05

/**
 * Gives back what only a start or a storm of requests needed of the memory, each time that it is
 * over: V8 would keep hold of it for the next one. Collecting it stops the process for some 30 ms.
 */
export function releaseMemory(): void {
  let used = process.cpuUsage()
  // The start has been busy.
  let isDue = true
  setInterval(() => {
    const { user, system } = process.cpuUsage(used)
    used = process.cpuUsage()
    const isCalm = user + system < CALM * INTERVAL * 1000
    if (isCalm && isDue) collect()
    isDue = !isCalm
  }, INTERVAL).unref()
}

function collect(): void {
  // The collector is in the contexts that are made while the flag is set, and in no other.
  setFlagsFromString('--expose-gc')
  const collector: NodeJS.GCFunction = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  // The one that shrinks the heap too; any other leaves its size for what may come.
  collector({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

// How long the process answered nobody while something was done.
import { setTimeout as wait } from 'node:timers/promises'

/** In milliseconds. */
export type Watched = {
  readonly took: number
  /** The longest time in which no timer came to its turn. */
  readonly pause: number
  /** How much of the processor was used: other programs have no part in it. */
  readonly all: number
  /** The same in one turn at most. */
  readonly most: number
}

export async function watchLoop(work: () => Promise<unknown>): Promise<Watched> {
  globalThis.gc?.()
  await wait(5)
  const turns = watchTurns()
  const start = performance.now()
  await work()
  const took = performance.now() - start
  await wait(2)
  return { took, ...turns.stop() }
}

/** A timer of one millisecond, which notes how late it comes. */
function watchTurns() {
  let pause = 0
  let most = 0
  let last = performance.now()
  let used = process.threadCpuUsage()
  const begun = used
  const timer = setInterval(() => {
    const now = performance.now()
    const { user, system } = process.threadCpuUsage(used)
    pause = Math.max(pause, now - last - 1)
    most = Math.max(most, (user + system) / 1000)
    last = performance.now()
    used = process.threadCpuUsage()
  }, 1)
  return {
    stop() {
      clearInterval(timer)
      const { user, system } = process.threadCpuUsage(begun)
      return { pause, most, all: (user + system) / 1000 }
    },
  }
}

export function median(times: readonly number[]): number {
  return quantile(times, 0.5)
}

export function quantile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? Number.NaN
}

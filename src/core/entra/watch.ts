import type { Log } from '../../log.ts'
import { EntraError } from '../errors.ts'
import { describeForLog } from './entra-errors.ts'

/** Knows whether Entra is there before anybody wants to sign in. */
export type EntraWatch = {
  /** Asks now, and again for as long as Entra does not answer. */
  start(): void
  stop(): void
}

export type EntraWatchOptions = {
  /** Reads something of Entra's; throws `EntraError`. */
  readonly ask: () => Promise<unknown>
  /** Whether whoever asked Entra last, for whatever reason, was answered. */
  readonly isAnswering: () => boolean
  readonly log: Log
}

/** How often Entra is asked while it does not answer, in milliseconds. */
const INTERVAL = 10_000

export function createEntraWatch({ ask, isAnswering, log }: EntraWatchOptions): EntraWatch {
  let timer: NodeJS.Timeout | undefined
  /** What the log said last; undefined when all is well. */
  let told: string | undefined
  let isAsking = false

  async function look(): Promise<void> {
    if (isAsking) return
    isAsking = true
    const fault = await ask().then(() => undefined, describe)
    isAsking = false
    if (fault === told || timer === undefined) return
    told = fault
    if (fault === undefined) {
      log({ event: 'entra.reachable', message: 'Microsoft Entra ID answers again.' })
      return
    }
    const message = `${fault} Until then nobody can sign in, and no sign-in is renewed; none is lost.`
    log({ event: 'entra.unreachable', level: 'error', message })
  }

  return {
    start() {
      timer ??= setInterval(() => {
        if (told !== undefined || !isAnswering()) void look()
      }, INTERVAL).unref()
      void look()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

function describe(error: unknown): string {
  return error instanceof EntraError ? describeForLog(error) : String(error)
}

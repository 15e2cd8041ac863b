import type { Store, StoreFinding } from '../index.ts'
import type { Log } from '../log.ts'

/** What was found about a store, as a sentence about it. */
export function describeFinding({ problem }: StoreFinding, store: string): string {
  return /^[A-Z]/.test(problem) ? problem : `The store ${store} ${problem}`
}

/**
 * Writes to the log what a store that replicas share could be set up better in, such as a way to it
 * that is not encrypted. Nothing hangs on it: what must not be has ended the start already.
 */
export async function warnOfStore(store: Store, log: Log): Promise<void> {
  if (!store.isShared) return
  const findings = await store.check().catch((): readonly StoreFinding[] => [])
  for (const finding of findings) {
    const message = `${describeFinding(finding, store.name)} ${finding.cure}`
    log({ event: 'store.risky', level: 'warn', message })
  }
}

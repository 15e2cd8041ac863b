import { z } from 'zod'

/**
 * Has schemas not look for values that contain themselves: JSON has none, and looking costs a tenth of a
 * tool call, in weak maps of which the collector is fond. It counts for schemas that are made after it.
 */
export function withoutCycles(): void {
  const memoizer = { alloc: <T>(_schema: unknown, _payload: unknown, empty: T) => empty }
  z.config({ memoizer: { ...memoizer, guard() {}, attach() {} } })
}

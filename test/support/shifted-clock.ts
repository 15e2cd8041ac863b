import { join } from 'node:path'

/** Variables that have a process of Node run by a clock that is so many seconds ahead. */
export function shiftedClock(ahead: number): Record<string, string> {
  if (ahead === 0) return {}
  const preload = join(import.meta.dirname, 'shift-clock.ts')
  return { NODE_OPTIONS: `--import=${preload}`, TEST_CLOCK_AHEAD: String(ahead) }
}

import type { Direction } from './suite.ts'

/**
 * Scenarios of the suite that are not run, and why. Every other one that the suite lists is run,
 * a new one too: it has to pass, or to be given a reason here.
 */
export const NOT_APPLICABLE: Readonly<Record<Direction, ReadonlyMap<string, string>>> = {
  authorization: new Map(),
  client: new Map([]),
  server: new Map([]),
}

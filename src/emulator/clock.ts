/** The emulator's time. It can be put forward, never back but to where it started. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Puts the clock forward: what is issued by now ages by so much. */
  advance(seconds: number): void
  /** Takes back all that it was put forward. */
  reset(): void
}

const CENTURY = 100 * 365.25 * 24 * 60 * 60

/** Makes a clock that runs as another does. */
export function createClock(source: () => number): Clock {
  let ahead = 0
  return {
    now: () => source() + ahead,
    advance(seconds) {
      if (!Number.isFinite(seconds) || seconds < 0) {
        throw new RangeError(`The clock goes forward only, by 0 seconds or more: not ${seconds}.`)
      }
      if (ahead / 1000 + seconds > CENTURY) {
        throw new RangeError('The clock goes forward by 100 years at most. Reset it first.')
      }
      ahead += seconds * 1000
    },
    reset() {
      ahead = 0
    },
  }
}

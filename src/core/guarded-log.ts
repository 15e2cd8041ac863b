import type { Log, LogEvent } from '../log.ts'

/**
 * As long as the shortest secret of ours, 256 bits in base64url: codes, tokens, verifiers, states
 * and cookies all have such a run in them. Trace ids and other names are shorter.
 */
const OPAQUE = /[\w-]{43,}/g

/**
 * A log that cannot be given a secret. No line is made to hold one; but a client may put its code
 * where its redirect URI belongs, and be told so, and a driver may say more than it should.
 */
export function guardLog(log: Log): Log {
  return (event) => {
    const masked = Object.entries(event).map(([name, value]) => [name, mask(value)])
    log(Object.fromEntries(masked) as LogEvent)
  }
}

function mask(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(OPAQUE, '[...]') : value
}

import type { Log, LogEvent } from '../log.ts'

/**
 * What looks like a secret of ours, though it may have been cut: a code or refresh token, or any
 * run as long as tags, verifiers, states and cookies have. GUIDs name requests at Entra, and stay.
 */
const SECRET = /\b[cr]1\.[\w-]{22}\.[\w.-]*|[\w-]{32,}/g
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

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
  if (typeof value !== 'string') return value
  return value.replace(SECRET, (text) => (GUID.test(text) ? text : '[...]'))
}

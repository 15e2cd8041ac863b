import type { Log, LogEvent } from '../log.ts'

/**
 * What looks like a secret of ours, though it may have been cut: a code or refresh token, or any
 * run as long as tags, verifiers, states and cookies have. GUIDs name requests at Entra, and stay,
 * as do names of several words.
 */
const SECRET = /\b[cr]1\.[\w-]{22}\.[\w.-]*|[\w-]{32,}/g

/** A private key (RFC 7468), to its end or to that of the text. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)/g
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A word of a name, as hosts, folders and the codes of OpenSSL have them. */
const WORD = /^([a-z]{0,16}|[A-Z]{0,16})\d{0,8}$/

/** What is shorter would be found in other words. */
const SECRET_MIN_LENGTH = 12

/**
 * A log that cannot be given a secret: neither one of these, nor what looks like one. No line is
 * made to hold one; but a client may put its code where its redirect URI belongs, and be told so,
 * and a driver may say more than it should. `live` gives those that may change meanwhile.
 */
export function guardLog(
  log: Log,
  secrets: readonly string[] = [],
  live: () => readonly string[] = () => [],
): Log {
  return (event) => {
    const known = [...secrets, ...live()].filter(({ length }) => length >= SECRET_MIN_LENGTH)
    const mask = (value: unknown) => (typeof value === 'string' ? maskText(value, known) : value)
    const masked = Object.entries(event).map(([name, value]) => [name, mask(value)])
    log(Object.fromEntries(masked) as LogEvent)
  }
}

/** The text without these secrets, and without what looks like one. */
export function maskText(text: string, secrets: readonly string[]): string {
  const rest = secrets.reduce((kept, secret) => kept.replaceAll(secret, '[...]'), text)
  return rest
    .replace(PRIVATE_KEY, '[...]')
    .replace(SECRET, (run) => (GUID.test(run) || isName(run) ? run : '[...]'))
}

/** Random text is not, for all practical purposes, three words or more and nothing else. */
function isName(run: string): boolean {
  const words = run.split(/[-_]+/)
  return words.length > 2 && words.every((word) => WORD.test(word))
}

import type { Environment } from '../env.ts'
import type { Finding } from './finding.ts'

/** Three parts, of which the first two are JSON objects. From the start of a run: it is linear. */
export const JWT = /(?<![\w-])eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*/g

const SECRETS = ['ENTRA_PROXY_AZURE_CLIENT_SECRET', 'ENTRANCE_SECRET', 'ENTRANCE_GRAPH_TOKEN']

/** What is shorter would be found in other words. */
const SECRET_MIN_LENGTH = 8

/** No value that a check names is longer. */
const MAX_LENGTH = 1000

/**
 * What somebody else wrote, made fit to be shown: no token and no secret of ours, though the other
 * side repeats what it was sent; on one line, for a line break would let it write lines of doctor's.
 */
export function safeText(text: string, env: Environment, max = MAX_LENGTH): string {
  const line = withoutSecrets(text, env).replace(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' ')
  return line.length > max ? `${line.slice(0, max)}…` : line
}

function withoutSecrets(text: string, env: Environment): string {
  const values = SECRETS.flatMap((name) => (env[name] ?? '').split(/[\s,]+/))
  const secrets = values.filter(({ length }) => length >= SECRET_MIN_LENGTH)
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((kept, secret) => kept.replaceAll(secret, '[...]'), text)
    .replace(JWT, '[...]')
}

/** A finding with nothing in it that is not to be shown. */
export function safeFinding(finding: Finding, env: Environment): Finding {
  const safe = (value: unknown) => (typeof value === 'string' ? safeText(value, env) : value)
  const members = Object.entries(finding).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(safe) : safe(value),
  ])
  const { command } = finding
  // Its lines are ours, and it is copied: it stays whole.
  const whole = command === undefined ? {} : { command: withoutSecrets(command, env) }
  return { ...(Object.fromEntries(members) as Finding), ...whole }
}

/** Any value of somebody else's JSON as a text. */
export function shown(value: unknown): string {
  if (value === undefined) return ''
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 300)
}

/** An address as a word of a command: with nothing that a shell would read, whichever it is. */
export function shellUrl(url: string): string {
  const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return `"${new URL(url).href.replace(/[$`"'\\!;|&^<>()]/g, percent)}"`
}

import type { Facts } from '../check.ts'
import { callbackOf } from '../checks/authorize.ts'
import { SCOPE } from '../refusal.ts'

/** What Entra saw, beside what is configured here. */
export type Comparison = {
  readonly what: string
  /** What the error text has. */
  readonly seen: string
  /** Undefined: nothing to compare it with. */
  readonly configured?: string | undefined
  /** In words; undefined where they are the same. */
  readonly difference?: string | undefined
}

type Reader = (text: string, facts: Facts) => readonly Comparison[]

const GUID = '[0-9a-fA-F-]{36}'

/** By Entra's number: what its text names, held against the configuration. */
const READERS: ReadonlyMap<number, Reader> = new Map([
  [
    50011,
    (text, facts) => {
      const [, uri, app] =
        new RegExp(`redirect URI '([^']+)'.*?application '(${GUID})'`, 'i').exec(text) ?? []
      return [...uriIs(uri, callbackOf(facts)), ...clientIs(app, facts)]
    },
  ],
  [
    700016,
    (text, facts) => {
      const [, id, tenant] =
        /identifier '([^']+)' was not found in the directory '([^']+)'/.exec(text) ?? []
      return [...clientIs(id, facts), ...shown('Directory that was asked', tenant)]
    },
  ],
  [
    650053,
    (text, facts) => {
      const [, scope, resource] =
        /asked for scope '([^']+)' that doesn't exist on the resource '([^']+)'/.exec(text) ?? []
      return [...is('Scope', scope, SCOPE), ...apiIs(resource, facts)]
    },
  ],
  [
    500011,
    (text, facts) => {
      const [, name, tenant] =
        /principal named (\S+) was not found in the tenant named (.+?)\. /.exec(`${text} `) ?? []
      const expected = `api://${facts.entra.clientId}`
      return [...is('Application ID URI', name, expected), ...shown('Tenant', tenant)]
    },
  ],
  [65001, (text, facts) => clientIs(/application with ID '([^']+)'/.exec(text)?.[1], facts)],
  [7000215, (text, facts) => clientIs(/added to app '([^']+)'/.exec(text)?.[1], facts)],
  [7000222, (text, facts) => clientIs(/app '([^']+)'/.exec(text)?.[1], facts)],
  [
    50020,
    (text) => {
      const [, account, provider, tenant] =
        /account '([^']+)' from identity provider '([^']+)' does not exist in tenant '([^']+)'/.exec(
          text,
        ) ?? []
      return [
        ...shown('Account that signed in', account),
        ...shown('Where that account is at home', provider),
        ...shown('Tenant that was asked', tenant),
      ]
    },
  ],
  [
    700082,
    (text) => {
      const [, issued, days] = /issued on ([^ ]+) and was inactive for ([^ .]+)/.exec(text) ?? []
      return [...shown('Refresh token issued', issued), ...shown('Not used for (days)', days)]
    },
  ],
])

/** What the error text names, held against the configuration. */
export function compareWithConfiguration(
  code: number,
  text: string,
  facts: Facts,
): readonly Comparison[] {
  // The sentence behind the number: a page may be long, and the patterns look ahead.
  const sentence = text.slice(Math.max(0, text.indexOf(`AADSTS${code}`))).slice(0, 2000)
  const found = READERS.get(code)?.(sentence, facts) ?? []
  if (!facts.isUnconfigured) return found
  return found.map(({ what, seen }) => ({ what, seen }))
}

function shown(what: string, seen: string | undefined): Comparison[] {
  return seen ? [{ what, seen }] : []
}

function is(what: string, seen: string | undefined, configured: string): Comparison[] {
  if (!seen) return []
  if (seen === configured) return [{ what, seen, configured }]
  const isCase = seen.toLowerCase() === configured.toLowerCase()
  const difference = isCase ? 'they differ in upper and lower case' : 'they are not the same'
  return [{ what, seen, configured, difference }]
}

function clientIs(seen: string | undefined, { entra }: Facts): Comparison[] {
  return is('Client id', seen?.toLowerCase(), entra.clientId)
}

const GRAPH = '00000003-0000-0000-c000-000000000000'

function apiIs(seen: string | undefined, facts: Facts): Comparison[] {
  if (seen !== GRAPH) return clientIs(seen, facts).map((one) => ({ ...one, what: 'API' }))
  const difference = 'this is Microsoft Graph: the scope was sent without api://<client id>/'
  return [{ what: 'API', seen, configured: facts.entra.clientId, difference }]
}

function uriIs(seen: string | undefined, configured: string): Comparison[] {
  if (!seen) return []
  const difference = describeUrlDifference(seen, configured)
  const words = difference && { difference: `they differ in ${difference}` }
  return [{ what: 'Redirect URI', seen, configured, ...words }]
}

/** How two addresses differ that people take for the same; undefined where they do not. */
export function describeUrlDifference(a: string, b: string): string | undefined {
  if (a === b) return undefined
  const [one, other] = [URL.parse(a), URL.parse(b)]
  if (!one || !other) return 'everything'
  const parts = [
    one.protocol !== other.protocol && `${one.protocol}// and ${other.protocol}//`,
    one.hostname !== other.hostname && `the hosts ${one.hostname} and ${other.hostname}`,
    one.port !== other.port && `the ports ${one.port || 'none'} and ${other.port || 'none'}`,
    describePaths(one.pathname, other.pathname),
    one.search !== other.search && 'the query',
  ].filter((part) => typeof part === 'string')
  return parts.length > 0 ? parts.join('; ') : 'the spelling, character by character'
}

function describePaths(one: string, other: string): string | undefined {
  if (one === other) return undefined
  if (one === `${other}/` || other === `${one}/`) return 'the slash at the end'
  if (one.toLowerCase() === other.toLowerCase()) return 'upper and lower case in the path'
  return `the paths ${one} and ${other}`
}

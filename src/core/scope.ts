import { OAuthError } from './errors.ts'

/** The scopes that are offered, by their short names. */
export type ScopeConfig = {
  /** The one that lets a client in; it is part of every grant. */
  readonly scope: string
  readonly additionalScopes: ReadonlySet<string>
  readonly entra: { readonly identifierUri: string; readonly clientId: string }
}

/** Asked for out of habit; what they stand for, every sign-in does anyway. */
const OIDC_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

/** The longest scope parameter looked at, in characters. */
const SCOPE_MAX_LENGTH = 4096

/** All that is offered, the base scope first. */
export function offeredScopes(config: ScopeConfig): string[] {
  return [config.scope, ...config.additionalScopes]
}

/**
 * The scope that is granted for what a client asked (RFC 6749 §3.3). None asked means the base
 * scope, which is also part of every other: without it no token gets past the gate.
 */
export function resolveScope(requested: string | undefined, config: ScopeConfig): string {
  const asked = parseScope(requested, config)
  return join(offeredScopes(config).filter((name) => name === config.scope || asked.has(name)))
}

/**
 * What of a grant's scope the next access token has (RFC 6749 §6): all of it where nothing was
 * asked, else what was asked and the base scope. What the server offers no more is in neither.
 */
export function narrowScope(
  granted: string,
  asked: ReadonlySet<string>,
  config: ScopeConfig,
): string {
  const isWanted = (name: string) => asked.size === 0 || asked.has(name) || name === config.scope
  return join(split(granted).filter((name) => isWanted(name) && isOffered(name, config)))
}

/** Refuses a refresh that asks for more than was granted (RFC 6749 §6). */
export function checkWithinGrant(asked: ReadonlySet<string>, granted: string): void {
  const names = split(granted)
  const beyond = [...asked].find((name) => !names.includes(name))
  if (beyond === undefined) return
  throw invalidScope(
    `The scope '${beyond}' is not part of this sign-in, which has: ${granted}. Sign in again and ask for it.`,
  )
}

/**
 * The names asked for, as short names without repetition: as Entra has them, with a prefix, they
 * are the same scopes. Throws `invalid_scope` for one that is not offered and, by `granted`, never
 * was: a client may go on naming what the operator has taken away since.
 */
export function parseScope(
  requested: string | undefined,
  config: ScopeConfig,
  granted = '',
): Set<string> {
  const text = requested ?? ''
  if (text.length > SCOPE_MAX_LENGTH) {
    throw invalidScope(`scope is longer than ${SCOPE_MAX_LENGTH} characters.`)
  }
  const names = split(text).filter((name) => !OIDC_SCOPES.has(name))
  const known = toShortNames([...offeredScopes(config), ...split(granted)], config)
  return new Set(names.map((name) => known.get(name) ?? refuse(name, config)))
}

/** Whether this server has a scope of that short name. */
export function isOffered(name: string, config: ScopeConfig): boolean {
  return name === config.scope || config.additionalScopes.has(name)
}

/** Every spelling of every scope, with its short name. */
function toShortNames(
  scopes: readonly string[],
  { entra: { identifierUri, clientId } }: ScopeConfig,
): ReadonlyMap<string, string> {
  const prefixes = ['', `${identifierUri}/`, `api://${clientId}/`]
  return new Map(
    scopes.flatMap((name) => prefixes.map((prefix) => [`${prefix}${name}`, name] as const)),
  )
}

/**
 * Permissions of Microsoft Graph, by its addresses in every cloud, its id, or the shape of their
 * names; and what stands for all permissions of an API.
 */
const FOREIGN =
  /^https?:|^00000003-0000-0000-c000-000000000000\/|(^|\/)\.default$|^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)+$/

function refuse(name: string, config: ScopeConfig): never {
  const shown = `The scope '${name.slice(0, 80)}'`
  const cure = `ask for ${offeredScopes(config).join(' or ')}, or leave scope out.`
  throw invalidScope(
    FOREIGN.test(name)
      ? `${shown} is for another API: this server never passes scopes on to Microsoft Graph; ${cure}`
      : `${shown} is not offered here; ${cure}`,
  )
}

function invalidScope(text: string): OAuthError {
  return new OAuthError('invalid_scope', text)
}

function split(scope: string): string[] {
  return scope.split(' ').filter(Boolean)
}

function join(names: readonly string[]): string {
  return names.join(' ')
}

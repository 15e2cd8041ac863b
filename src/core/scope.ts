import { OAuthError } from './errors.ts'

/** Asked for out of habit; what they stand for, every sign-in does anyway. */
const OIDC_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

type ScopeConfig = { readonly scope: string; readonly entra: { readonly identifierUri: string } }

/**
 * The scope that is granted for what a client asked (RFC 6749 §3.3). None asked means the
 * default; the name as Entra has it, with its prefix, is taken for the short one.
 */
export function resolveScope(requested: string | undefined, config: ScopeConfig): string {
  const names = (requested ?? '').split(' ').filter((name) => name && !OIDC_SCOPES.has(name))
  const offered = [config.scope, `${config.entra.identifierUri}/${config.scope}`]
  const unknown = names.find((name) => !offered.includes(name))
  if (unknown === undefined) return config.scope
  throw new OAuthError(
    'invalid_scope',
    `The scope '${unknown.slice(0, 80)}' is not offered here; ask for ${config.scope}, or leave scope out.`,
  )
}

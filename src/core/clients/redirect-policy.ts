import type { Config } from '../options.ts'
import type { RedirectPolicy } from './redirect-uri.ts'

type PolicyConfig = Pick<Config, 'sites' | 'registration' | 'clients' | 'privateUseRedirectUris'>

/** The policy in force: what the configuration lets codes be sent to, whoever asks. */
export function createRedirectPolicy(config: PolicyConfig): RedirectPolicy {
  const { mode, allow } = config.registration
  // What the operator wrote for a client of their own needs no second permission.
  const named = config.clients.filter(({ disabled }) => !disabled)
  const listed = [...allow, ...named.flatMap(({ redirect_uris }) => redirect_uris)]
  return {
    ownOrigins: new Set([...config.sites.values()].map((site) => site.origin)),
    privateUseRedirectUris: new Set([...config.privateUseRedirectUris, ...listed]),
    allowed: mode === 'open' ? undefined : listed,
  }
}

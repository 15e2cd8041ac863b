import type { Config } from '../options.ts'
import type { RedirectPolicy } from './redirect-uri.ts'

type PolicyConfig = Pick<Config, 'sites' | 'registration' | 'clients' | 'privateUseRedirectUris'>

/** The policy in force: what the configuration lets codes be sent to, whoever asks. */
export function createRedirectPolicy(config: PolicyConfig): RedirectPolicy {
  const { mode, allow } = config.registration
  const named = config.clients.filter(({ disabled }) => !disabled)
  return {
    ownOrigins: new Set([...config.sites.values()].map((site) => site.origin)),
    privateUseRedirectUris: new Set([...config.privateUseRedirectUris, ...allow]),
    // Where nobody may register the list is empty, and lets nobody through.
    allowed: mode === 'open' ? undefined : allow,
    configured: named.flatMap(({ redirect_uris }) => redirect_uris),
  }
}

import type { Store } from '../stores/store.ts'
import { createAdmission } from './admission.ts'
import type { Audit } from './audit.ts'
import { createBarred } from './barred.ts'
import { createClaimsChallenges } from './claims-challenges.ts'
import { createClientAssertions } from './clients/client-assertion.ts'
import { createClientKeys } from './clients/client-keys.ts'
import { createClients } from './clients/clients.ts'
import { createDocumentSource } from './clients/document-source.ts'
import { createEgressBudget } from './clients/egress-budget.ts'
import type { GuardedFetch } from './clients/guarded-fetch.ts'
import { createRedirectPolicy } from './clients/redirect-policy.ts'
import { createConsents } from './consents.ts'
import type { Context } from './context.ts'
import { createEntra } from './entra/entra.ts'
import { createGrants } from './grants/grant.ts'
import { digest } from './keys/mac.ts'
import type { Config } from './options.ts'
import { createRevocations } from './protected-resource/revocations.ts'
import { createRateLimiter } from './rate-limit.ts'
import { createSeen } from './seen.ts'
import { createSpentTransactions } from './spent-transactions.ts'
import { createAccessTokens } from './tokens/access-token.ts'

/** Makes what outlives a request. */
export function createContext(
  config: Config,
  store: Store,
  fetch: GuardedFetch,
  audit: Audit,
): Context {
  const sites = [...config.sites.values()]
  const redirectPolicy = createRedirectPolicy(config)
  const fetching = { ...config, redirectPolicy, fetch, budget: createEgressBudget() }
  const documents = createDocumentSource(fetching)
  const keys = createClientKeys(fetching)
  const entra = createEntra(config)
  return {
    config,
    clients: createClients({ ...config, store, redirectPolicy, documents, keys }),
    documents,
    assertions: createClientAssertions({ sites: config.sites, keys, store }),
    redirectPolicy,
    entra,
    audit,
    admission: createAdmission(config.allow, entra),
    barred: createBarred({ ...config, store }),
    seen: createSeen({ ...config, store }),
    spent: createSpentTransactions(),
    renewals: new Map(),
    limiter: createRateLimiter(config),
    grants: createGrants({ ...config, store }),
    consents: createConsents({ ...config, store }),
    challenges: createClaimsChallenges({ ...config, store }),
    revocations: createRevocations({ ...config, store, clientDigest: digest }),
    accessTokens: createAccessTokens({
      keyring: config.keyring,
      binding: config.binding,
      audience: config.site.resource,
      issuers: new Set(sites.map((site) => site.issuer)),
      ttl: config.accessTokenTtl,
    }),
  }
}

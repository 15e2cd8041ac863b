import { offeredClients } from '../../../src/core/clients/offered-clients.ts'
import { createRedirectPolicy } from '../../../src/core/clients/redirect-policy.ts'
import type { EntranceOptions } from '../../../src/core/options.ts'
import { resolveOptions } from '../../../src/core/resolve-options.ts'
import { memoryStore } from '../../../src/stores/memory.ts'

/** What decides which clients are offered. */
export type OfferedBy = Partial<
  Pick<EntranceOptions, 'url' | 'registration' | 'clients' | 'privateUseRedirectUris'>
>

/** The words of the clients that a configuration offers. */
export function offered(given: OfferedBy): string[] {
  const id = '11111111-1111-1111-1111-111111111111'
  const config = resolveOptions({
    url: 'http://localhost:8000',
    entra: { tenantId: id, clientId: id, clientSecret: 'a secret of Entra' },
    secret: 'a secret that is long enough for a test',
    store: memoryStore(),
    ...given,
  })
  return offeredClients(config.site, config, createRedirectPolicy(config)).map(({ id }) => id)
}

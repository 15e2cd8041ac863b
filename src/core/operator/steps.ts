import type { BarredKind, Barring } from '../barred.ts'
import type { Consent } from '../consents.ts'
import type { Context } from '../context.ts'
import type { HeldGrant } from '../grants/grant.ts'
import { digest as digestOf } from '../keys/mac.ts'
import type { SeenClient } from '../seen.ts'
import { inTurn, type Step, sliceOf } from './walk.ts'

/** All grants, step by step; those of one client, where that is named. */
export function grantSteps({ grants }: Context, client?: string): Step<HeldGrant> {
  return async (query) => {
    const { grants: entries, next } = await grants.page({ ...query, client })
    return { entries, next }
  }
}

/** All who are kept out. */
export function barringSteps(kind: BarredKind, { barred }: Context): Step<Barring> {
  return async (query) => {
    const { barrings: entries, next } = await barred.page(kind, query)
    return { entries, next }
  }
}

/** All remembered answers; those about one client, where that is named. */
export function consentSteps({ consents }: Context, client?: string): Step<Consent> {
  return async (query) => {
    const { consents: entries, next } = await consents.page({ ...query, client })
    return { entries, next }
  }
}

/** All clients, each once: those that were signed in with, the configured ones, those kept out. */
export function clientSteps(context: Context): Step<SeenClient> {
  const { seen, config } = context
  const configured = config.clients.map(({ client_id, client_name }) => ({
    digest: digestOf(client_id),
    name: client_name,
  }))
  const isConfigured = new Set(configured.map(({ digest }) => digest))
  const barring = barringSteps('client', context)

  /** Those that the walk before has not given. */
  async function unseen(clients: readonly SeenClient[]): Promise<SeenClient[]> {
    const found = await Promise.all(clients.map(({ digest }) => seen.client(digest)))
    return clients.filter((_, i) => !found[i])
  }

  return inTurn(
    seen.clients,
    async (query) => {
      const { entries, next } = sliceOf(configured, query)
      return { entries: await unseen(entries), next }
    },
    async (query) => {
      const { entries, next } = await barring(query)
      const clients = entries.map(({ id, name }) => ({ digest: id, name }))
      return {
        entries: await unseen(clients.filter(({ digest }) => !isConfigured.has(digest))),
        next,
      }
    },
  )
}

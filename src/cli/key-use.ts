import { existsSync } from 'node:fs'
import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import type { Store } from '../index.ts'
import { dataFolder, environment } from './env.ts'
import { openStore, resolveStore } from './store-settings.ts'

/** How many records of each kind are sealed under one key. */
export type KeyUse = {
  /** Sign-ins: each was last renewed under the key, so its refresh token is made with it, too. */
  readonly grants: number
  /** Answers that are remembered. */
  readonly consents: number
  /** Clients that were adopted. */
  readonly clients: number
  /** Demands of Entra that wait for a person's next sign-in. */
  readonly claims: number
}

const PREFIXES: readonly (readonly [kind: keyof KeyUse, prefix: string])[] = [
  ['grants', 'grant:'],
  ['consents', 'consent:'],
  ['clients', 'client:'],
  ['claims', 'claims:'],
]

const PAGE = 100

/** What the server's store holds under each key, by the key's id. A value says it in front. */
export async function countKeyUse(store: Store): Promise<ReadonlyMap<string, KeyUse>> {
  const uses = new Map<string, Record<keyof KeyUse, number>>()
  for (const [kind, prefix] of PREFIXES) {
    let after: string | undefined
    do {
      const page = await store.page({ prefix, after, limit: PAGE })
      for (const { value } of page.records) {
        const id = value.slice(0, Math.max(value.indexOf('.'), 0))
        const use = uses.get(id) ?? { grants: 0, consents: 0, clients: 0, claims: 0 }
        use[kind]++
        uses.set(id, use)
      }
      after = page.next
    } while (after !== undefined)
  }
  return uses
}

/** Works on the store that `serve` would open; undefined where there is none yet: none is made. */
export async function withStore<T>(
  options: { data?: string; store?: string },
  work: (store: Store) => Promise<T>,
): Promise<T | undefined> {
  const env = environment()
  const problems: ConfigProblem[] = []
  const data = dataFolder(options.data, env)
  const text = options.store || env.ENTRANCE_STORE
  const settings = resolveStore(text, data, problems, env.ENTRANCE_COSMOS_KEY)
  if (problems.length > 0) throw new ConfigError(problems)
  if (settings.kind === 'sqlite' && !existsSync(settings.path)) return undefined
  const store = await openStore(settings)
  try {
    await store.connect()
    return await work(store)
  } finally {
    await store.close()
  }
}

/** In words, what ends with the key. */
export function describeUse(use: KeyUse | undefined, none = 'nothing in the store'): string {
  const parts = [
    many(use?.grants ?? 0, 'sign-in'),
    many(use?.consents ?? 0, 'remembered answer'),
    many(use?.clients ?? 0, 'adopted client'),
  ]
  return parts.filter(Boolean).join(', ') || none
}

function many(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}

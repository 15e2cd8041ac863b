import type { Store } from '../stores/store.ts'
import { now } from './grants/grant.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'

/**
 * What Entra demanded of a person when it refused to renew their sign-in (Conditional Access): the
 * `claims` that their next sign-in has to bring along. Nothing of it ever comes from a client.
 */
export type ClaimsChallenges = {
  find(person: string): Promise<string | undefined>
  keep(person: string, claims: string): Promise<void>
  /** After a sign-in that met it. */
  drop(person: string): Promise<void>
}

/** How long a challenge waits for the person's next sign-in, in seconds. */
const CHALLENGE_TTL = 24 * 60 * 60

export function createClaimsChallenges(options: {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
}): ClaimsChallenges {
  const { store, keyring, binding } = options
  const purpose = `claims ${binding}`
  const keyOf = (person: string) => `claims:${digest(`${binding} ${person}`)}`

  return {
    async find(person) {
      const key = keyOf(person)
      const record = await store.get(key)
      const text = record && open(keyring, purpose, record.value, key)
      if (text === undefined) return undefined
      const { claims, expiresAt } = JSON.parse(text) as { claims: string; expiresAt: number }
      return expiresAt > now() ? claims : undefined
    },
    async keep(person, claims) {
      const key = keyOf(person)
      const expiresAt = now() + CHALLENGE_TTL
      const value = seal(keyring, purpose, JSON.stringify({ claims, expiresAt }), key)
      const record = { key, value, expiresAt, person }
      const there = await store.get(key)
      // Where another process is quicker, its challenge is as new as this one.
      await (there ? store.replace(record, there.version) : store.create(record))
    },
    drop: (person) => store.delete(keyOf(person)),
  }
}

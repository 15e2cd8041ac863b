import type { Store, StoredRecord } from '../stores/store.ts'
import type { Grant } from './grants/grant.ts'
import type { Keyring } from './keys/keyring.ts'
import { open, seal } from './keys/sealed.ts'
import { purposesOf } from './record-purposes.ts'
import { keepTag } from './tokens/grant-token.ts'

/** What became of the records that were not sealed under the current key. */
export type Resealed = {
  readonly moved: number
  /** Of another Entra configuration, of a key that is gone, or being changed by a server. */
  readonly left: number
}

type ResealOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
}

/** How many records are held at once. */
const PAGE = 100

/**
 * Seals every record under the current key, so that a former one can be retired with the least end.
 * Each is one compare-and-swap: what a server changes meanwhile stays as that server has it.
 */
export async function resealRecords(options: ResealOptions): Promise<Resealed> {
  const { store, binding } = options
  const done = { moved: 0, left: 0 }
  for (const [prefix, purpose] of purposesOf(binding)) {
    let after: string | undefined
    do {
      const page = await store.page({ prefix, after, limit: PAGE })
      for (const record of page.records) await reseal(record, purpose, options, done)
      after = page.next
    } while (after !== undefined)
  }
  return done
}

async function reseal(
  { version, ...record }: StoredRecord,
  purpose: string,
  { store, keyring, binding }: ResealOptions,
  done: { moved: number; left: number },
): Promise<void> {
  const { key, value } = record
  if (value.startsWith(`${keyring.current.id}.`)) return
  const text = open(keyring, purpose, value, key)
  const changed = text && key.startsWith('grant:') ? withTag(text, keyring, binding) : text
  const isMoved =
    changed !== undefined &&
    (await store.replace({ ...record, value: seal(keyring, purpose, changed, key) }, version))
  done[isMoved ? 'moved' : 'left']++
}

/**
 * The grant, which knows its token from now on without the key that it was made with. Undefined
 * where a server is renewing it, which seals it anew by itself, and whose answer must not be lost.
 */
function withTag(text: string, keyring: Keyring, binding: string): string | undefined {
  const grant = JSON.parse(text) as Grant
  if (grant.lease && grant.lease.until > Date.now() / 1000) return undefined
  const key = keyring.find(grant.keyId)
  if (grant.revoked || key === keyring.current || !key) return text
  const source = { grantId: grant.id, generation: grant.generation, salt: grant.salt }
  const kind = grant.generation === 0 ? 'code' : 'refresh_token'
  const changed: Grant = { ...grant, keptTag: keepTag(kind, source, key, binding) }
  return JSON.stringify(changed)
}

import type { Store } from '../stores/store.ts'
import { ConfigError } from './errors.ts'
import type { Config } from './options.ts'

const KEY = 'keyring'

/** As good as never: some ten years, in seconds. */
const FOREVER = 10 * 366 * 24 * 60 * 60

/**
 * Holds the store against the keyring: the ids of the keys it has been written under stand in a
 * record of its own. A store of other keys is refused, for its sign-ins could only seem lost.
 */
export async function checkStoreKeys(config: Config, store: Store): Promise<void> {
  const { keyring } = config
  const ids = keyring.keys.map((key) => key.id)
  const expiresAt = Math.floor(Date.now() / 1000) + FOREVER
  const record = { key: KEY, value: ids.join(' '), expiresAt }
  const known = await store.get(KEY)
  if (!known) {
    // Two replicas that start together: the second checks against what the first wrote.
    if (!(await store.create(record))) return checkStoreKeys(config, store)
    return
  }
  const written = known.value.split(' ')
  if (!written.some((id) => keyring.find(id))) {
    throw new ConfigError([
      {
        option: 'secret',
        problem: `does not fit the store ${store.name}: it was written with key ${written[0]}, the keyring has ${ids.join(', ')}.`,
        cure: 'Give the key that the store was written with, or another store; without the key its sign-ins cannot be read.',
      },
    ])
  }
  if (known.value !== record.value) await store.replace(record, known.version)
}

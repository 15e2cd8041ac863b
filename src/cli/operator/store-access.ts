import { ConfigError } from '../../core/errors.ts'
import type { Store } from '../../index.ts'
import { dataFolder, environment } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import { openStore, resolveStore, type StoreSettings } from '../store-settings.ts'
import type { StoreOptions } from './on-store.ts'

/** The store that is named, whatever keys its records are under: no more of the server is needed. */
export function readStoreSettings({ data, store }: StoreOptions): StoreSettings {
  const env = environment()
  const problems: ConstructorParameters<typeof ConfigError>[0][number][] = []
  const text = store || env.ENTRANCE_STORE
  const settings = resolveStore(text, dataFolder(data, env), problems, env.ENTRANCE_COSMOS_KEY)
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}

/** Opens it, works on it, and closes it; says so where it does not answer. */
export async function withOpenStore<T>(
  settings: StoreSettings,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(settings)
  try {
    return await reaching(store, () => work(store))
  } finally {
    await store.close()
  }
}

/** What is wrong for good says how to mend it; all else means that the store does not answer. */
export async function reaching<T>(store: Store, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CommandError || error instanceof ConfigError) throw error
    // The guarded store tells its clients nothing; what it heard is behind it.
    const { message, cause } = error as Error
    const words = cause instanceof Error ? cause.message : message
    const reason = withoutCredentials(words.replace(`${store.name} cannot be reached: `, ''))
    throw new CommandError(`The store ${store.name} does not answer: ${reason}`, {
      cure: 'Check that it runs and can be reached from here, and try again.',
      cause: error,
    })
  }
}

/** Drivers quote the address that they were given, with the password in it. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, '//***@').slice(0, 500)
}

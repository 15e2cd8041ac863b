import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import {
  type KeySource,
  type LiveKeyring,
  type MasterKey,
  SECRET_MIN_LENGTH,
} from './keys/keyring.ts'
import { agreeOnKeys, checkStoreKeys } from './store-keys.ts'

/** How a server stands with its keys. */
export type KeyStatus = {
  /** The key that makes what is made now. */
  readonly current: string
  /** All that are recognised, the newest first. */
  readonly keys: readonly string[]
  /** Those that other replicas make things with, and this one lacks: it is not fit to serve. */
  readonly lacking: readonly string[]
}

/** Follows the master keys while a server runs. */
export type KeyWatch = {
  /** Holds the keys against the store, then watches both. Throws `ConfigError`. */
  start(): Promise<void>
  stop(): void
  status(): KeyStatus
}

/** How often the keys are held against what other replicas say, in milliseconds. */
const INTERVAL = 30_000

type KeyWatchOptions = {
  readonly keyring: LiveKeyring
  /** Where the keys come from, if they can change. */
  readonly keySource: KeySource | undefined
  readonly store: Store
  readonly log: Log
}

export function createKeyWatch(options: KeyWatchOptions): KeyWatch {
  const { keyring, keySource, store, log } = options
  let lacking: readonly string[] = []
  let known = keyring.current.id
  let timer: NodeJS.Timeout | undefined
  let unwatch: (() => void) | undefined
  let isUnreadable = false

  function tell(message: string): void {
    known = keyring.current.id
    const keys = keyring.keys.map(({ id }) => id).join(' ')
    log({ event: 'keys.changed', message, current: known, keys })
  }

  function failed(error: unknown): void {
    // Once: a file that is damaged stays so until somebody mends it.
    if (isUnreadable) return
    isUnreadable = true
    const message = `The keys cannot be read; those at hand stay in force. ${messageOf(error)}`
    log({ event: 'keys.unreadable', level: 'error', message })
  }

  const watcher = {
    changed(keys: readonly MasterKey[]) {
      if (!isUsable(keys)) return failed('One is too short, or there is none.')
      isUnreadable = false
      if (keyring.update(keys)) tell(`The keys have changed. ${describe(keyring)}`)
    },
    failed,
  }

  async function agree(): Promise<void> {
    if (keyring.current.id !== known) tell(`Another key is in use by now. ${describe(keyring)}`)
    const { ids: found } = await agreeOnKeys(keyring, store)
    if (found.join() === lacking.join()) return
    lacking = found
    keyring.setElsewhere(found)
    if (lacking.length === 0) {
      log({ event: 'keys.agree', message: 'The replicas agree on their keys again.' })
      return
    }
    const message = `Other replicas make things with key ${lacking.join(', ')}, which this one lacks: it refuses what they give. Give every replica the same keys.`
    log({ event: 'keys.disagree', level: 'error', message, lacking: lacking.join(' ') })
  }

  return {
    async start() {
      await checkStoreKeys({ keyring }, store)
      await agree()
      unwatch ??= keySource?.watch(watcher)
      // The store has its own words in the log when it is away.
      timer ??= setInterval(() => void agree().catch(() => {}), INTERVAL).unref()
    },
    stop() {
      clearInterval(timer)
      unwatch?.()
      timer = undefined
      unwatch = undefined
    },
    status: () => ({
      current: keyring.current.id,
      keys: keyring.keys.map(({ id }) => id),
      lacking,
    }),
  }
}

/** A source is somebody else's code: without a key nothing could be made. */
function isUsable(keys: readonly MasterKey[]): boolean {
  return keys.length > 0 && keys.every(({ secret }) => secret.length >= SECRET_MIN_LENGTH)
}

/** What each key is for, in a sentence. */
function describe(keyring: LiveKeyring): string {
  const { current } = keyring
  const others = keyring.keys.filter((key) => key !== current)
  const coming = others
    .filter(({ activeFrom }) => activeFrom > Date.now())
    .map(({ id, activeFrom }) => `, ${id} from ${new Date(activeFrom).toISOString()} on`)
  const former = others.filter(({ activeFrom }) => activeFrom <= Date.now()).map(({ id }) => id)
  const recognised = former.length === 0 ? '' : `; ${former.join(', ')} recognised as before`
  return `${current.id} makes what is made now${coming.join('')}${recognised}.`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

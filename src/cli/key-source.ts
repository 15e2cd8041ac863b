import { statSync } from 'node:fs'
import type { KeySource, KeyWatcher, MasterKey } from '../index.ts'
import { keyFilePath, openKeyFile, readKeyFile, type StoredKey } from './key-file.ts'

/** How often the key file is looked at, in milliseconds: one look at its date, no more. */
const FILE_INTERVAL = 2000

/** The keys of the data folder's key file, which is made if there is none, and watched. */
export function fileKeySource(data: string, interval = FILE_INTERVAL): KeySource {
  // Before the file is read: what is written in between is noticed by the first look.
  const stamp = stampOf(data)
  return {
    keys: toMasterKeys(openKeyFile(data)),
    watch: (watcher) => watchFile(data, stamp, watcher, interval),
  }
}

function watchFile(data: string, stamp: string, watcher: KeyWatcher, interval: number): () => void {
  let seen = stamp
  function look(): void {
    try {
      const now = stampOf(data)
      if (now === seen) return
      seen = now
      watcher.changed(toMasterKeys(readKeyFile(data) ?? missing(data)))
    } catch (error) {
      watcher.failed(error)
    }
  }
  const timer = setInterval(look, interval).unref()
  return () => clearInterval(timer)
}

/** Another text for another file, or the same one written anew. */
function stampOf(data: string): string {
  const stat = statSync(keyFilePath(data), { throwIfNoEntry: false })
  return stat ? [stat.ino, stat.mtimeMs, stat.size].join() : ''
}

function missing(data: string): never {
  throw new Error(`${keyFilePath(data)} is gone. Put it back from a backup.`)
}

/** As the library takes them. */
export function toMasterKeys(keys: readonly StoredKey[]): readonly MasterKey[] {
  return keys.map(({ secret, activeFrom }) => ({
    secret,
    ...(activeFrom !== undefined && { activeFrom: Date.parse(activeFrom) }),
  }))
}

import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../core/errors.ts'
import { SECRET_MIN_LENGTH } from '../core/keys/keyring.ts'

/** A master key as the key file keeps it. */
export type StoredKey = { readonly secret: string; readonly createdAt: string }

/** The key file of a data folder. */
export function keyFilePath(data: string): string {
  return join(data, 'keys.json')
}

/** The keys of the file, the current one first; undefined when there is no file yet. */
export function readKeyFile(data: string): readonly StoredKey[] | undefined {
  const path = keyFilePath(data)
  if (!existsSync(path)) return undefined
  const keys = parse(readFileSync(path, 'utf8'))
  if (!keys) throw new ConfigError([damaged(path)])
  // Whoever can read it can forge every sign-in.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  return keys
}

/** The keys of the file, which is made with one key if there is none. */
export function openKeyFile(data: string): readonly StoredKey[] {
  return readKeyFile(data) ?? writeKeyFile(data, [createKey()])
}

/** Puts a new key in front; the former ones stay, so that what they made goes on being good. */
export function rotateKeyFile(data: string): readonly StoredKey[] {
  return writeKeyFile(data, [createKey(), ...(readKeyFile(data) ?? [])])
}

export function createKey(): StoredKey {
  return { secret: randomBytes(32).toString('base64url'), createdAt: new Date().toISOString() }
}

/** Whole or not at all: a torn key file would sign everybody out. */
function writeKeyFile(data: string, keys: readonly StoredKey[]): readonly StoredKey[] {
  const path = keyFilePath(data)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(temporary, path)
  return keys
}

function parse(text: string): readonly StoredKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) return undefined
    const isKey = (key: StoredKey) =>
      typeof key?.secret === 'string' && key.secret.length >= SECRET_MIN_LENGTH
    return keys.every(isKey) ? (keys as StoredKey[]) : undefined
  } catch {
    return undefined
  }
}

function damaged(path: string) {
  return {
    option: path,
    problem: 'is not a key file: it is damaged or was edited.',
    cure: 'Restore it from a backup. If there is none, remove the data folder: everybody then signs in again.',
  }
}

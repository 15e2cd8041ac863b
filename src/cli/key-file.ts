import { randomBytes, randomUUID } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import { SECRET_MIN_LENGTH } from '../core/keys/keyring.ts'
import { FileFault, toFileFault } from '../files/file-fault.ts'
import { makeDataFolder } from './data-folder.ts'

/** A master key as the key file keeps it. */
export type StoredKey = {
  readonly secret: string
  readonly createdAt: string
  /** From when on things are made with it; absent: as soon as it is there. */
  readonly activeFrom?: string
}

/** The key file of a data folder. */
export function keyFilePath(data: string): string {
  return join(data, 'keys.json')
}

/** The keys of the file, the current one first; undefined when there is no file yet. */
export function readKeyFile(data: string): readonly StoredKey[] | undefined {
  const keys = parseKeyFile(data)
  // Whoever can read it can forge every sign-in.
  if (keys && isKeyFileOpen(data)) closeKeyFile(data)
  return keys
}

/** Whether others on this machine can read the file. Windows has other rights. */
export function isKeyFileOpen(data: string): boolean {
  const mode = statSync(keyFilePath(data), { throwIfNoEntry: false })?.mode ?? 0
  return process.platform !== 'win32' && (mode & 0o077) !== 0
}

/** Takes the right to read the file from everybody but its owner. */
export function closeKeyFile(data: string): void {
  const path = keyFilePath(data)
  try {
    chmodSync(path, 0o600)
  } catch (error) {
    throw new ConfigError([unusable(path, 'cannot be closed to others', error)])
  }
}

/** {@link readKeyFile}, and nothing is changed, however open the file is. */
export function parseKeyFile(data: string): readonly StoredKey[] | undefined {
  const path = keyFilePath(data)
  if (!existsSync(path)) return undefined
  const keys = parse(read(path))
  if (!keys) throw new ConfigError([damaged(path)])
  return keys
}

/** What is wrong with the file, if there is one; nothing is changed. */
export function findKeyFileProblems(data: string): readonly ConfigProblem[] {
  try {
    parseKeyFile(data)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** The keys of the file, which is made with one key if there is none. */
export function openKeyFile(data: string): readonly StoredKey[] {
  const keys = readKeyFile(data)
  if (keys) return keys
  writeKeyFile(data, [createKey()], putIfAbsent)
  // Of two servers that start together in one folder, both take the key of the quicker.
  return readKeyFile(data) as readonly StoredKey[]
}

/**
 * Puts a new key in front, used from so many seconds on: by then every running server has read it.
 * The former ones stay, so that what they made goes on being good.
 */
export function rotateKeyFile(data: string, seconds: number): readonly StoredKey[] {
  const known = readKeyFile(data) ?? []
  const activeFrom = new Date(Date.now() + seconds * 1000).toISOString()
  const key = known.length === 0 ? createKey() : { ...createKey(), activeFrom }
  const keys = [key, ...known]
  writeKeyFile(data, keys, renameSync)
  return keys
}

/** Takes a key out of the file. What was made with it ends. */
export function removeFromKeyFile(data: string, isGone: (key: StoredKey) => boolean): void {
  const keys = readKeyFile(data) ?? []
  const rest = keys.filter((key) => !isGone(key))
  if (rest.length > 0 && rest.length < keys.length) writeKeyFile(data, rest, renameSync)
}

export function createKey(): StoredKey {
  return { secret: randomBytes(32).toString('base64url'), createdAt: new Date().toISOString() }
}

/** Whole or not at all: a torn key file would sign everybody out. */
function writeKeyFile(
  data: string,
  keys: readonly StoredKey[],
  put: (from: string, to: string) => void,
): void {
  makeDataFolder(data)
  const path = keyFilePath(data)
  // Of its own: in containers with one folder in common every process may have the same id.
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const text = `${JSON.stringify({ keys }, null, 2)}\n`
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    put(temporary, path)
  } catch (error) {
    throw new ConfigError([unusable(path, 'cannot be written', error)])
  } finally {
    rmSync(temporary, { force: true })
  }
}

function putIfAbsent(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    // A file system without hard links, such as a share: it appears before it is whole.
    copyFileSync(from, to, constants.COPYFILE_EXCL)
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError([unusable(path, 'cannot be read', error)])
  }
}

function parse(text: string): readonly StoredKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys) || keys.length === 0) return undefined
    const isKey = (key: StoredKey) =>
      typeof key?.secret === 'string' &&
      key.secret.length >= SECRET_MIN_LENGTH &&
      typeof key.createdAt === 'string' &&
      (key.activeFrom === undefined || Date.parse(key.activeFrom) > 0)
    return keys.every(isKey) ? (keys as StoredKey[]) : undefined
  } catch {
    return undefined
  }
}

function damaged(path: string): ConfigProblem {
  return {
    option: path,
    problem: 'is not a key file: it is damaged or was edited.',
    cure: 'Restore it from a backup. If there is none, remove the data folder: everybody then signs in again.',
  }
}

function unusable(path: string, what: string, error: unknown): ConfigProblem {
  const fault = toFileFault(path, error)
  if (fault instanceof FileFault) return { option: path, problem: fault.problem, cure: fault.cure }
  const problem = `${what}: ${(error as Error).message}.`
  return { option: path, problem, cure: 'Let this user read and write it.' }
}

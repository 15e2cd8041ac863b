import { randomUUID } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { FileFault, toFileFault } from '../../files/file-fault.ts'
import { withLock } from '../client/lock.ts'
import { makeFolder } from '../data-folder.ts'
import { CommandError } from '../exit-codes.ts'

/** A client's file as it was read. */
export type ConfigFile = {
  readonly path: string
  /** The file itself, where the path is a link to it or leads over one. */
  readonly target: string
  readonly isLinked: boolean
  /** Empty where there is no file. */
  readonly text: string
  readonly status: Stats | undefined
}

/** Somebody else has written the file between our reading and our writing it. */
export class FileChanged extends CommandError {
  constructor(path: string) {
    super(`${path} has been changed meanwhile, and was left as it is.`, { cure: 'Run it again.' })
  }
}

/** Far more than anybody's list of servers. */
const LARGEST = 1024 * 1024

/** Reads a client's file; one that is not there is empty. Nothing is made. */
export function readConfigFile(path: string): ConfigFile {
  try {
    return read(path)
  } catch (error) {
    throw explain(path, error)
  }
}

function read(path: string): ConfigFile {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) {
    if (isLink(path)) throw unusable(path, 'is a link to a file that is not there')
    const isLinked = isLink(dirname(path))
    const target = isLinked ? join(realpathSync(dirname(path)), basename(path)) : path
    return { path, target, isLinked, text: '', status }
  }
  if (!status.isFile()) throw unusable(path, 'is not a file')
  if (status.size > LARGEST) throw unusable(path, `is larger than ${LARGEST / 1024} KB`)
  const target = realpathSync(path)
  const isLinked = isLink(path) || isLink(dirname(path))
  return { path, target, isLinked, text: decode(path, readFileSync(path)), status }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function decode(path: string, bytes: Buffer): string {
  const isUtf16 = bytes.includes(0)
  try {
    // Kept, for it is to be written back.
    if (!isUtf16) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Below.
  }
  const cure = 'Save it as UTF-8 in an editor. Nothing was changed.'
  const what = isUtf16 ? 'UTF-16, or no text' : 'another encoding'
  throw new CommandError(`${path} is not in UTF-8, but in ${what}.`, { cure })
}

/**
 * Writes the text in the file's place, whole or not at all. Throws `FileChanged` where the file is
 * no longer what was read. Links stay links; mode and owner stay.
 */
export async function writeConfigFile(file: ConfigFile, text: string): Promise<void> {
  const { path, target } = file
  const temporary = `${target}.${randomUUID()}.tmp`
  try {
    prepare(file, temporary, text)
    // Held for a moment only: a process that goes in it is known to be gone.
    await withLock(`${target}.lock`, { staleTtl: 10 }, async () => {
      checkUnchanged(file)
      renameSync(temporary, target)
    })
  } catch (error) {
    throw explain(path, error)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function prepare({ path, target, status }: ConfigFile, temporary: string, text: string): void {
  // Whoever has made it read-only means it.
  if (status) accessSync(target, constants.W_OK)
  else makeFolder(resolve(dirname(target)), 0o777)
  // Others' entries may be secret: nobody reads them before the file's own mode is there.
  writeFileSync(temporary, text, { flag: 'wx', flush: true, mode: status ? 0o600 : 0o666 })
  if (status) keepOwner(path, temporary, status)
}

function checkUnchanged({ path, target, text, status }: ConfigFile): void {
  const isThere = existsSync(target)
  if (isThere !== Boolean(status)) throw new FileChanged(path)
  if (isThere && decode(path, readFileSync(target)) !== text) throw new FileChanged(path)
}

function keepOwner(path: string, temporary: string, status: Stats): void {
  const made = statSync(temporary)
  if (made.uid !== status.uid || made.gid !== status.gid) {
    try {
      chownSync(temporary, status.uid, status.gid)
    } catch (cause) {
      throw unusable(path, 'belongs to another user or group, and would not after a change', cause)
    }
  }
  // Behind it: a change of owner takes bits away.
  chmodSync(temporary, status.mode & 0o7777)
}

function unusable(path: string, what: string, cause?: unknown): CommandError {
  const cure = 'Look at what is there, or take what --print writes and add it yourself.'
  return new CommandError(`${path} ${what}.`, { cure, cause })
}

function explain(path: string, cause: unknown): CommandError {
  if (cause instanceof CommandError) return cause
  const fault = toFileFault(path, cause)
  const cure = 'Or add what --print writes yourself. Nothing was changed.'
  if (fault instanceof FileFault) {
    return new CommandError(fault.problem, { cure: `${fault.cure} ${cure}`, cause })
  }
  return new CommandError(`${path} cannot be used: ${(cause as Error).message}.`, { cure, cause })
}

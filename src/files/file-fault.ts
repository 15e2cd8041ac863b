/** Why a file cannot be used, and what the operator can do: the same words at the start and later. */
export class FileFault extends Error {
  override readonly name = 'FileFault'
  /** Which file, and what is wrong with it. */
  readonly problem: string
  readonly cure: string
  /** What the system called it, such as `ENOSPC`. */
  readonly code: string | undefined

  constructor(problem: string, cure: string, cause?: unknown) {
    super(`${problem} ${cure}`, { cause })
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code
    this.problem = problem
    this.cure = cure
  }
}

/** What follows the file's name, and the cure. */
type Reason = readonly [what: string, cure: string]

const FULL: Reason = [
  'cannot be written: the disk is full',
  'Make room on it. What was confirmed is kept, and a server that runs goes on by itself.',
]
const QUOTA: Reason = [
  'cannot be written: the quota of this user is used up',
  'Make room, or raise the quota. What was confirmed is kept.',
]
const LIMIT: Reason = [
  'cannot be written: it would be larger than this process may make a file (ulimit -f)',
  'Raise the limit. What was confirmed is kept.',
]
const READ_ONLY: Reason = [
  'cannot be written: its file system is read-only',
  'Mount it for writing, or name a place on another one. A disk that failed may have become so: look at dmesg.',
]
const DENIED: Reason = [
  'cannot be used: this user may not write there',
  'Let this user write the file and its folder (ls -ln shows whose they are), or name another place.',
]
const OWNER: Reason = [
  'cannot be closed to others: it belongs to another user',
  'Give it to the user that the server runs as (chown), or name another place.',
]
const FOLDER: Reason = [
  'is a folder, and a file is expected',
  'Move it away, or name another place.',
]
const NO_FOLDER: Reason = [
  'cannot be written: a part of its path is missing, or is not a folder',
  'Make the folder, or name another place.',
]
const LINK: Reason = ['is a symbolic link', 'Remove the link, or name the file itself.']
const TOO_MANY: Reason = [
  'cannot be opened: this process, or the machine, has too many files open',
  'Raise the limit (ulimit -n).',
]
const DISK: Reason = [
  'cannot be read or written: the system reports an error of the disk',
  'Look whether the disk is full (df), a limit on the size of files is reached (ulimit -f), or the disk fails (dmesg).',
]
const DAMAGED: Reason = [
  'is damaged',
  'Restore it from a backup, and move away what stands beside it with -wal and -shm at its end. To begin anew, move all three away. Nothing of it has been mended or removed.',
]
const NO_DATABASE: Reason = [
  'is not a database, or its beginning is damaged',
  'Restore it from a backup, or name another file. Nothing of it has been changed.',
]
const LOCKED: Reason = [
  'is locked by another program for too long',
  'Look for a backup or an sqlite3 shell that holds it (fuser). It goes on as soon as that lets go.',
]
const SHARE: Reason = [
  'cannot be locked as a file of this machine can',
  'Put it on a disk of this machine: a network share will not do.',
]
const UNOPENED: Reason = [
  'cannot be opened, or one of those beside it (-wal, -shm)',
  'Let this user write all three and their folder, or name another place.',
]

const BY_ERRNO: ReadonlyMap<string, Reason> = new Map([
  ['ENOSPC', FULL],
  ['EDQUOT', QUOTA],
  ['EFBIG', LIMIT],
  ['EROFS', READ_ONLY],
  ['EACCES', DENIED],
  ['EPERM', OWNER],
  ['EISDIR', FOLDER],
  ['ENOTDIR', NO_FOLDER],
  ['ENOENT', NO_FOLDER],
  ['EEXIST', NO_FOLDER],
  ['ELOOP', LINK],
  ['EMFILE', TOO_MANY],
  ['ENFILE', TOO_MANY],
  ['EIO', DISK],
])

/** By SQLite's primary result codes: https://sqlite.org/rescode.html */
const BY_RESULT: ReadonlyMap<number, Reason> = new Map([
  [3, DENIED],
  [5, LOCKED],
  [8, READ_ONLY],
  [10, DISK],
  [11, DAMAGED],
  [13, FULL],
  [14, UNOPENED],
  [15, SHARE],
  [26, NO_DATABASE],
])

/** What an error of the system or of SQLite means for a file; any other error as it is. */
export function toFileFault(path: string, error: unknown): unknown {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  // The lower eight bits are the primary code; what is above says where it happened.
  const reason =
    typeof errcode === 'number' ? BY_RESULT.get(errcode & 0xff) : BY_ERRNO.get(String(code))
  if (error instanceof FileFault || !reason) return error
  const [what, cure] = reason
  const said = typeof errcode === 'number' ? `SQLite ${errcode}` : code
  return new FileFault(`${path} ${what} (${said}).`, cure, error)
}

/** Does something with a file; an error says what is wrong with the file. */
export function onFile<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toFileFault(path, error)
  }
}

/** Operations on a file, each of which says what is wrong with the file when it fails. */
export function explainFaults<T extends object>(path: string, operations: T): T {
  const explained = Object.entries(operations).map(([name, operation]) => [
    name,
    typeof operation === 'function' ? explain(path, operation as Operation) : operation,
  ])
  return Object.fromEntries(explained) as T
}

type Operation = (...args: unknown[]) => Promise<unknown>

function explain(path: string, operation: Operation): Operation {
  return async (...args) => {
    try {
      return await operation(...args)
    } catch (error) {
      throw toFileFault(path, error)
    }
  }
}

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { toFileFault } from '../files/file-fault.ts'
import type { Log } from '../log.ts'
import { toConfigError } from './file-problems.ts'

export type AuditFile = { write(line: string): void; close(): Promise<void> }

export type AuditFileOptions = {
  /** When a file has as much, the next one is begun. @default 10 MiB */
  readonly maxBytes?: number
  /** How many full ones are kept. @default 5 */
  readonly maxFiles?: number
}

const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/**
 * A file that lines are added to, 0600, one process's own. Each line is written before the answer
 * that it is about goes out. One that cannot be written is lost, and the log says so: a full disk
 * must not lock everybody out. Throws `ConfigError`.
 */
export function openAuditFile(path: string, log: Log, options: AuditFileOptions = {}): AuditFile {
  const { maxBytes = 10 * 1024 * 1024, maxFiles = 5 } = options
  let { fd, size } = openFirst(path)
  let lost = 0

  /**
   * Opens before it closes: where that fails, the old file goes on. Where another process, or
   * logrotate, has begun the next one already, that is gone on with.
   */
  function rotate(): void {
    if (isSameFile(path, fd)) moveAway()
    const next = open(path)
    closeSync(fd)
    ;({ fd, size } = next)
  }

  function moveAway(): void {
    for (let n = maxFiles - 1; n >= 1; n--) moveIfThere(`${path}.${n}`, `${path}.${n + 1}`)
    renameSync(path, `${path}.1`)
  }

  /** A line whole or not at all: the next one is not to go on where a full disk cut this one off. */
  function append(line: string): void {
    const bytes = Buffer.from(line)
    if (size > 0 && size + bytes.length > maxBytes) rotate()
    let done = 0
    try {
      while (done < bytes.length) done += writeSync(fd, bytes, done)
    } catch (error) {
      // Commands add lines to it as well: what is taken back is what was written here.
      if (done > 0) ftruncateSync(fd, fstatSync(fd).size - done)
      throw error
    }
    size += bytes.length
  }

  return {
    write(line) {
      try {
        append(line)
        if (lost > 0) log(resumed(lost))
        lost = 0
      } catch (error) {
        if (lost++ === 0) log(failed(path, error))
      }
    },
    async close() {
      closeSync(fd)
    },
  }
}

function open(path: string): { fd: number; size: number } {
  const fd = openSync(path, FLAGS, 0o600)
  const stat = fstatSync(fd)
  // A device is the machine's, not ours.
  if (stat.isFile()) fchmodSync(fd, 0o600)
  return { fd, size: stat.size }
}

function openFirst(path: string): { fd: number; size: number } {
  try {
    return open(path)
  } catch (error) {
    throw toConfigError('ENTRANCE_AUDIT', toFileFault(path, error))
  }
}

function isSameFile(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  const { ino, dev } = fstatSync(fd)
  return there?.ino === ino && there.dev === dev
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function failed(path: string, error: unknown) {
  const message = `Lines of the audit log are lost. ${String(toFileFault(path, error))}`
  return { event: 'audit.failed', level: 'error', message } as const
}

/** What the log says when lines of the audit log were lost, and are not any more. */
export function resumed(lost: number) {
  const message = `The audit log can be written again; ${lost} lines were lost.`
  return { event: 'audit.resumed', level: 'warn', message, lost } as const
}

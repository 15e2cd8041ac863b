import { createHash, randomUUID } from 'node:crypto'
import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { CommandError, UsageError } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import type { FileEnd, FileHeader, FileRecord, FileRevocation } from './format.ts'

/** Where an export is written to. */
export type Output = {
  write(text: string): Promise<void>
  /** All is there, and on the disk: from now on it stands under its name. */
  finish(): Promise<void>
  /** Nothing is left of it. After `finish` it does nothing. */
  abandon(): Promise<void>
}

/** How much is written at once, in characters. */
const CHUNK = 256 * 1024

/**
 * A file of its owner's, which stands under its name when all of it is there: one that is there
 * already stays until then, and for good unless it may be overwritten.
 */
export async function openOutputFile(path: string, mayOverwrite: boolean): Promise<Output> {
  await checkPlace(path, mayOverwrite)
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`
  const file = await attempt(path, () => open(temporary, 'wx', 0o600))
  let isDone = false

  async function abandon(): Promise<void> {
    if (isDone) return
    isDone = true
    await file.close().catch(() => {})
    await rm(temporary, { force: true })
  }

  return {
    write: (text) => attempt(path, () => file.writeFile(text)),
    async finish() {
      await attempt(path, async () => {
        await file.sync()
        await file.close()
      })
      await attempt(path, () => (mayOverwrite ? rename(temporary, path) : putNew(temporary, path)))
      isDone = true
    },
    abandon,
  }
}

async function checkPlace(path: string, mayOverwrite: boolean): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return
  if (!found.isFile()) {
    throw new UsageError(`${path} is there, and no plain file.`, 'Name another, or - for stdout.')
  }
  if (!mayOverwrite) throw exists(path)
}

/** A link takes nobody's place: who came in between keeps what they wrote. */
async function putNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
    await rm(temporary, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    // A file system without hard links, such as a share.
    await checkPlace(path, false)
    await rename(temporary, path)
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CommandError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(path)
    throw new CommandError(`${path} cannot be written: ${message}.`, {
      cure: 'Make room, or name another place; nothing was left there.',
      cause: error,
    })
  }
}

function exists(path: string): UsageError {
  return new UsageError(`${path} is there already.`, 'Name another, or give --force.')
}

/** Stdout. That it cannot be written to ends the process, with the reason. */
export function toOutput({ stdout }: Terminal): Output {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stdout.write(text, (error) => {
          if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') reject(nobodyReads())
          else if (!error) resolve()
        })
      }),
    async finish() {},
    async abandon() {},
  }
}

function nobodyReads(): CommandError {
  return new CommandError('Whoever read the export stopped before its end.')
}

/** Writes the lines of an export, and counts and digests them for the last one. */
export type FileWriter = {
  record(record: FileRecord): Promise<void>
  revocation(revocation: FileRevocation): Promise<void>
  /** Writes the last line; gives what it says. */
  end(): Promise<FileEnd>
}

export function createFileWriter(header: FileHeader, output: Output): FileWriter {
  const digest = createHash('sha256')
  const count = { records: 0, revocations: 0 }
  let text = `${JSON.stringify(header)}\n`

  async function put(line: unknown): Promise<void> {
    text += `${JSON.stringify(line)}\n`
    if (text.length >= CHUNK) await flush()
  }

  async function flush(): Promise<void> {
    const chunk = text
    text = ''
    digest.update(chunk)
    await output.write(chunk)
  }

  return {
    async record({ key, value, expiresAt, person, client }) {
      count.records++
      await put({ record: { key, value, expiresAt, person, client } })
    },
    async revocation({ kind, id, issuedUntil, expiresAt }) {
      count.revocations++
      await put({ revocation: { kind, id, issuedUntil, expiresAt } })
    },
    async end() {
      await flush()
      const end = { ...count, sha256: digest.digest('hex') }
      await output.write(`${JSON.stringify({ end })}\n`)
      return end
    },
  }
}

import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Product } from './profiles/profile.ts'

export type Measured = {
  /** Resident memory of the process in bytes. */
  readonly memory: number
  /** Bytes in its folder. */
  readonly storage: number
}

export async function measure({ pid, folder }: Product): Promise<Measured> {
  return { memory: await memoryOf(pid), storage: await sizeOf(folder) }
}

/** A bare machine has no `ps`; where there is no /proc, there is one. */
async function memoryOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  const resident = status && /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]
  if (resident) return Number(resident) * 1024
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(async ({ parentPath, name }) => {
    // A file may go while it is counted.
    const found = await stat(join(parentPath, name)).catch(() => undefined)
    return found?.size ?? 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

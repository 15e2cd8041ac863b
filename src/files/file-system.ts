import { statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** A file system on which SQLite cannot keep its promises, or perhaps not. */
export type UnfitFileSystem = {
  /** As people call it: `NFS`. */
  readonly name: string
  /** Whether its files are another machine's for certain. */
  readonly isNetwork: boolean
}

const network = (name: string) => ({ name, isNetwork: true })
const unclear = (name: string) => ({ name, isNetwork: false })

/** By the numbers that Linux has for them (statfs(2)). */
const BY_TYPE: ReadonlyMap<number, UnfitFileSystem> = new Map([
  [0x6969, network('NFS')],
  [0x517b, network('SMB')],
  [0xff534d42, network('SMB (CIFS)')],
  [0xfe534d42, network('SMB')],
  [0x00c36400, network('Ceph')],
  [0x5346414f, network('AFS')],
  [0x6b414653, network('AFS')],
  [0x73757245, network('Coda')],
  [0x0bd00bd0, network('Lustre')],
  [0x47504653, network('GPFS')],
  [0x65735546, unclear('FUSE')],
  [0x01021997, unclear('9P')],
  [0x786f4256, unclear('a shared folder of VirtualBox')],
])

/** What is wrong with the place of a file, which need not be there yet; undefined: nothing is known. */
export function findUnfitFileSystem(path: string): UnfitFileSystem | undefined {
  if (process.platform !== 'linux' || path === ':memory:') return undefined
  try {
    return unfitByType(statfsSync(nearestExisting(path)).type)
  } catch {
    // Whoever opens the file is told more.
    return undefined
  }
}

/** {@link findUnfitFileSystem} by the number; some systems give it with a sign. */
export function unfitByType(type: number): UnfitFileSystem | undefined {
  return BY_TYPE.get(type >>> 0)
}

/** The path itself, or the nearest folder above it that is there. */
export function nearestExisting(path: string): string {
  const whole = resolve(path)
  const parent = dirname(whole)
  const isThere = parent === whole || statSync(whole, { throwIfNoEntry: false })
  return isThere ? whole : nearestExisting(parent)
}

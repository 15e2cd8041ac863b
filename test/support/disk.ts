import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A disk that can be filled up under a server that runs, and emptied again. */
export type Disk = {
  readonly folder: string
  /** From now on the process can write nothing more. */
  fill(pid: number): void
  free(pid: number): void
}

/** A kind of disk: of the system's, or as if. */
export type DiskKind = { readonly name: string; readonly open: (t: TestContext) => Disk }

/** Any Linux has it: what a process writes is refused as if the disk had no room. */
const limit: DiskKind = {
  name: 'a limit on the size of files',
  open: (t) => ({
    folder: newFolder(t),
    fill: (pid) => limitFiles(pid, '0:'),
    free: (pid) => limitFiles(pid, 'unlimited:'),
  }),
}

/** A file system of its own, that is really full: for whoever may mount one. */
const tmpfs: DiskKind = {
  name: 'a file system that is full',
  open: (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'entrance-disk-'))
    assert.ok(mount(folder))
    t.after(() => {
      spawnSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true })
    })
    const ballast = join(folder, 'ballast')
    return {
      folder,
      fill() {
        const block = Buffer.alloc(64 * 1024)
        // As far as it goes, and then the last bytes.
        for (const size of [block.length, 1]) {
          try {
            for (;;) writeFileSync(ballast, block.subarray(0, size), { flag: 'a' })
          } catch (error) {
            assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
          }
        }
      },
      free: () => rmSync(ballast),
    }
  },
}

/** The kinds of full disks that this machine can have. */
export const DISKS: readonly DiskKind[] = canMount() ? [limit, tmpfs] : [limit]

/**
 * What a command is run by so that the rights of files count for it: root has a right to ignore
 * them, which it gives up here.
 */
export const WITH_RIGHTS: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'] : []

/** What a command is run by that can write nothing. */
export const ON_A_FULL_DISK: readonly string[] = ['prlimit', '--fsize=0:']

/** A folder that goes with the test, whatever rights it has by then. */
export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-disk-'))
  t.after(() => {
    spawnSync('chmod', ['-R', 'u+rwX', folder])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}

function limitFiles(pid: number, soft: string): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${soft}`])
  assert.equal(status, 0, String(stderr))
}

function mount(folder: string): boolean {
  const options = ['-t', 'tmpfs', '-o', 'size=4m', 'none', folder]
  return spawnSync('mount', options).status === 0
}

function canMount(): boolean {
  if (process.platform !== 'linux') return false
  const folder = mkdtempSync(join(tmpdir(), 'entrance-mount-'))
  const can = mount(folder)
  if (can) spawnSync('umount', ['--lazy', folder])
  rmSync(folder, { recursive: true, force: true })
  return can
}

// The package as somebody gets it: packed, and unpacked elsewhere.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/setup.js'

/** Packs what is built into a folder; gives the file. */
export function pack(folder: string): string {
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  )
  return join(folder, filename)
}

/** Unpacks the package into a folder, without what it depends on; gives the command's file. */
export function unpack(file: string, folder: string): string {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', file, '-C', folder])
  return join(folder, 'package', 'dist', 'cli', 'main.js')
}

/** Runs npm and gives what it writes; throws with what it says. */
export function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    // There, it is no program but a script.
    shell: process.platform === 'win32',
  })
}

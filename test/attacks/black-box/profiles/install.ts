import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NotInstalled } from './profile.ts'

/** Below `node_modules`: nothing of theirs belongs to this project. */
const CACHE = join(import.meta.dirname, '../../../../node_modules/.cache/attacks')

export type Step = readonly [command: string, ...args: string[]]

/**
 * Brings a product into a folder of its own, once for each version. `steps` are run there, one after
 * the other.
 */
export function install(name: string, version: string, steps: readonly Step[]): string {
  const folder = join(CACHE, `${name}-${version}`)
  const stamp = join(folder, '.installed')
  if (existsSync(stamp)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.stderr.write(`installing ${name} ${version} …\n`)
  for (const [command, ...args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
    if (status === 0) continue
    const reason = error?.message ?? stderr.trim().split('\n').at(-1)
    throw new NotInstalled(`${name} ${version} could not be installed: ${command}: ${reason}`)
  }
  writeFileSync(stamp, '')
  return folder
}

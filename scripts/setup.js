// What every script of this repository does first: install, build, choose a Node.
// Plain JavaScript that an old Node can run; it is what fetches the new one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Installs the packages of `folder` when its lock file is newer than what is installed. */
export function ensureInstalled(folder = root) {
  const isDone = () => {
    const installed = modifiedAt(join(folder, 'node_modules', '.package-lock.json'))
    const isInstalled = installed >= modifiedAt(join(folder, 'package-lock.json'))
    return isInstalled && existsSync(join(folder, 'node_modules'))
  }
  once(isDone, () => {
    say(`installing the packages${folder === root ? '' : ` of ${folder.slice(root.length + 1)}`} …`)
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    run(npm, args, { cwd: folder, shell: process.platform === 'win32' })
  })
}

/** Builds `dist`, the command and the page of the conversation too, when a source is newer than the last build. */
export function ensureBuilt() {
  const stamp = join(root, 'node_modules', '.entrance-built')
  const inputs = [
    'src',
    'package.json',
    // The command holds copies of packages: one mended by `npm audit fix` is to get into it.
    'node_modules/.package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/bundle.js',
    'scripts/command.js',
    'scripts/page.js',
    'scripts/types.js',
  ]
  const newest = Math.max(...inputs.map((name) => newestIn(join(root, name))))
  const isDone = () => existsSync(join(root, 'dist')) && modifiedAt(stamp) >= newest
  once(isDone, () => {
    say('building …')
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    run(nodeBinary(), [tsc, '-p', join(root, 'tsconfig.build.json')])
    for (const name of ['command.js', 'page.js', 'types.js']) {
      run(nodeBinary(), [join(root, 'scripts', name)])
    }
    writeFileSync(stamp, '')
  })
}

/**
 * Does what is not done yet, once: a command in a second terminal waits for the first start, where
 * two installations at once would take the files from under each other.
 */
function once(/** @type {() => boolean} */ isDone, /** @type {() => void} */ work) {
  if (isDone()) return
  const lock = join(root, '.setup-lock')
  while (!take(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  if (!isDone()) work()
  rmSync(lock, { force: true })
}

/** Whether the lock is this process's now; what one has left that is gone counts as none. */
function take(/** @type {string} */ lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  try {
    // An empty one is just being written.
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0)
  } catch {
    rmSync(lock, { force: true })
  }
  return false
}

/** The Node to run the product on: this one when it is new enough, else the pinned one. */
export function nodeBinary() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  return join(root, 'node_modules', 'node', 'bin', name)
}

/** Progress goes to stderr: stdout belongs to the command that is run. */
export function say(/** @type {string} */ text) {
  process.stderr.write(`${text}\n`)
}

function run(
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {import('node:child_process').SpawnSyncOptions} */ options = {},
) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], cwd: root, ...options })
  if (result.status === 0) return
  say(`failed: ${command} ${args.join(' ')}${result.error ? ` (${result.error.message})` : ''}`)
  // The lock stays, of a process that is gone.
  process.exit(result.status ?? 1)
}

function newestIn(/** @type {string} */ path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  // A folder's own time changes when a file in it goes away.
  /** @type {number} */
  let newest = stat.mtimeMs
  for (const name of readdirSync(path)) newest = Math.max(newest, newestIn(join(path, name)))
  return newest
}

function modifiedAt(/** @type {string} */ path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

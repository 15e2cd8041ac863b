// What every script of this repository does first: install, build, choose a Node.
// Plain JavaScript that an old Node can run; it is what fetches the new one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lock = join(root, '.setup-lock')

/** Installs the packages of `folder` when its lock file is newer than what is installed, or some are missing. */
export function ensureInstalled(folder = root) {
  const isDone = () => {
    const installed = modifiedAt(join(folder, 'node_modules', '.package-lock.json'))
    return installed >= modifiedAt(join(folder, 'package-lock.json')) && hasPackages(folder)
  }
  once(isDone, () => {
    say(`installing the packages${folder === root ? '' : ` of ${folder.slice(root.length + 1)}`} …`)
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    // What builds is a development dependency, its programs are optional ones: NODE_ENV=production
    // and npm's own settings leave them out.
    const all = ['--include=dev', '--include=optional']
    const args = ['ci', ...all, '--no-audit', '--no-fund', '--loglevel=error']
    run(npm, args, { cwd: folder, shell: process.platform === 'win32' })
  })
}

/** Whether each package that `folder` names is there: `npm prune --omit=dev`, for one, takes some away. */
function hasPackages(/** @type {string} */ folder) {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  const names = Object.keys({ ...dependencies, ...devDependencies })
  return ['.', ...names].every((name) => existsSync(join(folder, 'node_modules', name)))
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
    for (const old of [stamp, join(root, 'dist')]) rmSync(old, { recursive: true, force: true })
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
  for (let tries = 0; !take(); tries++) {
    // After a restart, another program may have the number of the one that wrote it.
    if (tries === 10) say(`waiting for another command that is at it; if none is, delete ${lock}`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  if (!isDone()) work()
  release()
  process.off('exit', release)
}

/** Whether the lock is this process's now; what one has left that is gone counts as none. */
function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  if (!isHeld()) rmSync(lock, { force: true })
  return false
}

/** Whether the process that wrote the lock is still there. */
function isHeld() {
  try {
    const holder = readFileSync(lock, 'utf8')
    // An empty one is just being written.
    if (holder === '') return true
    // A container's processes have the same numbers each time: this one has not written it yet.
    return Number(holder) !== process.pid && process.kill(Number(holder), 0)
  } catch (error) {
    // All else: it is another user's, or the lock has just gone.
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH'
  }
}

/** The Node to run the product on: this one when it is new enough, else the pinned one. */
export function nodeBinary() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = join(root, 'node_modules', 'node', 'bin', name)
  if (existsSync(pinned)) return pinned
  say(`Node 22.18 or newer is needed; this is ${process.versions.node}. The one that comes as a package is
put in place by its install script, and that has not run: npm's ignore-scripts forbids it.
Install a newer Node, or allow that script: npm rebuild node --ignore-scripts=false`)
  process.exit(1)
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
  // From here on the lock is the program's own, which goes on where this process is killed.
  const hold = ['-c', 'echo $$ > "$0" && exec "$@"', lock, command, ...args]
  const [program, words] = process.platform === 'win32' ? [command, args] : ['sh', hold]
  const result = spawnSync(program, words, { stdio: ['ignore', 2, 2], cwd: root, ...options })
  if (result.status === 0) return
  say(`failed: ${command} ${args.join(' ')}${result.error ? ` (${result.error.message})` : ''}`)
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

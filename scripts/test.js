// `npm test`: every test. `npm test -- FILES-OR-FOLDERS`: those; node's own options go through.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { ensureNeeds } from './needs.js'
import { ensureBuilt, ensureInstalled, nodeBinary, root, say } from './setup.js'

const asked = process.argv.slice(2)
const options = asked.filter((arg) => arg.startsWith('-'))
const names = asked.filter((arg) => !arg.startsWith('-'))
// Each file of tests is a process of its own: the first that needs a module compiles it for all.
const compiled = join(root, 'node_modules', '.cache', 'tests')

ensureInstalled()
ensureInstalled(join(root, 'test', 'clients'))
ensureBuilt()
const found = ensureNeeds()
if (names.length === 0) check()
process.exit(runTests())

/** Format, lint and types, before the tests: they are quick and say more. */
function check() {
  say('checking format, lint and types …')
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  for (const args of [
    [biome, 'check', '.'],
    [tsc, '-p', '.'],
  ]) {
    const status = runNode(args)
    if (status !== 0) process.exit(status)
  }
}

function runTests() {
  return runNode(
    [
      '--test',
      '--test-reporter=./test/support/reporter.ts',
      // One more than processors: some file always waits for a clock, a disk or a browser.
      `--test-concurrency=${availableParallelism() + 1}`,
      // A test that hangs fails by its name and does not hang the run.
      '--test-timeout=180000',
      ...options,
      ...(names.length > 0 ? names.map(toPattern) : ['test/**/*.test.ts']),
    ],
    { ...process.env, NODE_COMPILE_CACHE: compiled, ...found },
  )
}

/** A folder as the pattern of its tests, which node expands itself: shells differ. */
function toPattern(/** @type {string} */ name) {
  // npm starts scripts in the root and keeps where one was in INIT_CWD.
  const folders = [root, process.env.INIT_CWD ?? root]
  const path = folders.map((folder) => resolve(folder, name)).find((path) => existsSync(path))
  if (!path) return name
  const pattern = relative(root, path).replaceAll('\\', '/')
  return statSync(path).isDirectory() ? `${pattern}/**/*.test.ts` : pattern
}

/** Gives the exit code. stdin stays closed: no test may wait for a person. */
function runNode(/** @type {string[]} */ args, env = process.env) {
  const stdio = /** @type {const} */ (['ignore', 'inherit', 'inherit'])
  const result = spawnSync(nodeBinary(), args, { cwd: root, stdio: [...stdio], env })
  if (result.error) say(`failed: ${result.error.message}`)
  return result.status ?? 1
}

// `npm run attacks:break`: takes each defence out of a copy of the source and runs the tests that
// have to notice. `npm run attacks:break -- WORDS` does so for the defences whose names have them.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureInstalled, nodeBinary, root, say } from './setup.js'

/** @typedef {{ file: string, find: string, replace: string }} Breakage */
/** @typedef {{ name: string, breakages: readonly Breakage[], tests: readonly string[] }} Defence */

ensureInstalled()
const words = process.argv.slice(2).join(' ')
const defences = readDefences().filter(({ name }) => name.includes(words))
const copy = mkdtempSync(join(tmpdir(), 'entrance-break-'))
try {
  process.exitCode = breakAll()
} finally {
  rmSync(copy, { recursive: true, force: true, maxRetries: 5 })
}

/** Gives the exit code: 0 where every breakage is noticed. */
function breakAll() {
  makeCopy()
  const files = [...new Set(defences.flatMap(({ tests }) => tests))]
  say(`${defences.length} defences; first ${files.length} test files over the source as it is …`)
  // A test that fails anyway would notice everything.
  const failing = files.filter((file) => runTests([file]) !== 0)
  if (failing.length > 0) {
    say(`These fail though nothing is broken: ${failing.join(', ')}`)
    return 1
  }
  const unnoticed = defences.filter((defence) => !isNoticed(defence))
  process.stdout.write(`\n${defences.length - unnoticed.length} of ${defences.length} noticed\n`)
  return unnoticed.length > 0 ? 1 : 0
}

/** @param {Defence} defence */
function isNoticed({ name, breakages, tests }) {
  const kept = new Map(breakages.map(({ file }) => [file, readFileSync(sourceOf(file), 'utf8')]))
  for (const { file, find, replace } of breakages) {
    const source = readFileSync(sourceOf(file), 'utf8')
    if (source.split(find).length !== 2)
      throw new Error(`${name}: '${find}' is not once in ${file}`)
    writeFileSync(
      sourceOf(file),
      source.replace(find, () => replace),
    )
  }
  const noticed = tests.some((file) => runTests([file]) !== 0)
  for (const [file, source] of kept) writeFileSync(sourceOf(file), source)
  process.stdout.write(
    `| ${noticed ? 'noticed' : 'NOT NOTICED'} | ${name} | ${tests.join(' ')} |\n`,
  )
  return noticed
}

/** Gives the exit code. @param {readonly string[]} files */
function runTests(files) {
  // What waits for something that a breakage took away fails, and does not hold up the rest.
  const limits = ['--test-timeout=60000', '--test-force-exit']
  const args = ['--test', '--test-reporter=dot', ...limits, ...files]
  const result = spawnSync(nodeBinary(), args, { cwd: copy, stdio: 'ignore' })
  if (result.error) throw result.error
  return result.status ?? 1
}

function makeCopy() {
  for (const name of ['src', 'test', 'docs', 'scripts', 'package.json', 'tsconfig.json']) {
    const filter = (/** @type {string} */ path) => !path.includes('node_modules')
    cpSync(join(root, name), join(copy, name), { recursive: true, filter })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
}

/** @param {string} file */
function sourceOf(file) {
  return join(copy, 'src', file)
}

/** They are TypeScript, which the Node that runs this may be too old for. @returns {Defence[]} */
function readDefences() {
  const url = pathToFileURL(join(root, 'test', 'attacks', 'defences.ts')).href
  const script = `import { DEFENCES } from ${JSON.stringify(url)}; console.log(JSON.stringify(DEFENCES))`
  const args = ['--input-type=module', '--eval', script]
  const result = spawnSync(nodeBinary(), args, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
  if (result.status !== 0) throw new Error(result.stderr)
  return JSON.parse(result.stdout)
}

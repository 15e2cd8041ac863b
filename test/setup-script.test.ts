import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Takes a while, and notes when it began and ended. */
const NPM = `#!${process.execPath}
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync('npm.log', 'begin ')
setTimeout(() => {
  mkdirSync('node_modules', { recursive: true })
  writeFileSync('node_modules/.package-lock.json', '')
  appendFileSync('npm.log', 'end ')
}, 300)
`

/** A clone whose npm is that one. */
function newClone(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'entrance-setup-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'npm'), NPM)
  chmodSync(join(root, 'bin', 'npm'), 0o755)
  writeFileSync(join(root, 'package-lock.json'), '{}')
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  cpSync(join(import.meta.dirname, '..', 'scripts', 'setup.js'), join(root, 'setup', 'setup.js'))
  writeFileSync(
    join(root, 'setup', 'install.js'),
    "import { ensureInstalled } from './setup.js'\nensureInstalled()\n",
  )
  const env = { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` }
  const install = () =>
    run(process.execPath, [join(root, 'setup', 'install.js')], { env, cwd: root })
  return { root, install, log: () => readFileSync(join(root, 'npm.log'), 'utf8').trim() }
}

const skip = process.platform === 'win32' && 'The npm of this test is a script for a shell.'

test('commands that start together in a fresh clone install once, and wait for it', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  await Promise.all([clone.install(), clone.install(), clone.install()])
  assert.equal(clone.log(), 'begin end')
})

test('the lock of an installation that was killed keeps nobody waiting', { skip }, async (t) => {
  const clone = newClone(t)
  // A process that has ended.
  const { stdout } = await run(process.execPath, ['-p', 'process.pid'])
  writeFileSync(join(clone.root, '.setup-lock'), stdout)
  await clone.install()
  assert.equal(clone.log(), 'begin end')
})

test('what is built is built again when a package of it is another, and not when nothing changed', async (t) => {
  const { root } = newClone(t)
  const packages = join(root, 'node_modules')
  mkdirSync(join(packages, 'typescript', 'bin'), { recursive: true })
  const build =
    "const fs = require('node:fs'); fs.mkdirSync('dist'); fs.appendFileSync('built', 'x')"
  writeFileSync(join(packages, 'typescript', 'bin', 'tsc'), build)
  writeFileSync(join(packages, '.package-lock.json'), '{}')
  mkdirSync(join(root, 'src'))
  mkdirSync(join(root, 'scripts'))
  for (const name of ['bundle', 'command', 'page', 'types']) {
    writeFileSync(join(root, 'scripts', `${name}.js`), '')
  }
  for (const name of ['tsconfig.json', 'tsconfig.build.json']) writeFileSync(join(root, name), '{}')
  const script = join(root, 'setup', 'build.js')
  writeFileSync(script, "import { ensureBuilt } from './setup.js'\nensureBuilt()\n")
  const builds = async () => {
    await run(process.execPath, [script], { cwd: root })
    return readFileSync(join(root, 'built'), 'utf8').length
  }
  assert.equal(await builds(), 1)
  assert.equal(await builds(), 1)
  // As `npm update` and `npm audit fix` leave it: neither need touch package.json.
  const later = new Date(Date.now() + 1000)
  utimesSync(join(packages, '.package-lock.json'), later, later)
  assert.equal(await builds(), 2)
})

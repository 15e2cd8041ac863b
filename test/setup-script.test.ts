import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Takes a while, and notes how it was called, when it began and ended. Leaves out what npm would. */
const NPM = `#!${process.execPath}
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync('npm.log', 'begin ')
if (existsSync('offline')) process.exit(1)
const isWhole = process.argv.includes('--include=dev') || process.env.NODE_ENV !== 'production'
setTimeout(() => {
  mkdirSync(isWhole ? 'node_modules/builder' : 'node_modules', { recursive: true })
  writeFileSync('node_modules/.package-lock.json', '')
  appendFileSync('npm.log', 'end ')
}, existsSync('slow') ? 1500 : 300)
`

/** A clone whose npm is that one. */
function newClone(t: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'entrance-setup-')))
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
  const install = (variables: NodeJS.ProcessEnv = {}) => {
    const options = { env: { ...env, ...variables }, cwd: root }
    return run(process.execPath, [join(root, 'setup', 'install.js')], options)
  }
  return { root, install, log: () => readFileSync(join(root, 'npm.log'), 'utf8').trim() }
}

const BUILT_WITH = '{ "type": "module", "devDependencies": { "builder": "1.0.0" } }'

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

test('an installation goes on when the command that began it is killed, and the next one waits for it', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  writeFileSync(join(clone.root, 'slow'), '')
  const first = clone.install()
  const ended = assert.rejects(first)
  while (!existsSync(join(clone.root, 'npm.log'))) await wait(10)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  await clone.install()
  assert.equal(clone.log(), 'begin end')
  await ended
})

test('where NODE_ENV is production, what a clone is built with is installed all the same', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  writeFileSync(join(clone.root, 'package.json'), BUILT_WITH)
  await clone.install({ NODE_ENV: 'production' })
  assert.ok(existsSync(join(clone.root, 'node_modules', 'builder')))
})

test('packages that somebody took away are installed again, and nothing where all are there', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  writeFileSync(join(clone.root, 'package.json'), BUILT_WITH)
  await clone.install()
  await clone.install()
  assert.equal(clone.log(), 'begin end')
  // As `npm prune --omit=dev` leaves it: what npm wrote down is newer than the lock file.
  rmSync(join(clone.root, 'node_modules', 'builder'), { recursive: true })
  await clone.install()
  assert.equal(clone.log(), 'begin end begin end')
})

test('an installation that failed leaves no lock behind', { skip }, async (t) => {
  const clone = newClone(t)
  writeFileSync(join(clone.root, 'offline'), '')
  await assert.rejects(clone.install(), /failed: npm ci/)
  assert.ok(!existsSync(join(clone.root, '.setup-lock')))
})

test('the lock of a container that was started again, in which this process has the same number, keeps nobody waiting', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  // The number is known before the script runs: it writes the lock of its predecessor itself.
  writeFileSync(
    join(clone.root, 'setup', 'install.js'),
    `import { writeFileSync } from 'node:fs'
import { ensureInstalled } from './setup.js'
writeFileSync('.setup-lock', String(process.pid))
ensureInstalled()
`,
  )
  await clone.install()
  assert.equal(clone.log(), 'begin end')
})

test('who waits for a lock that another program seems to hold is told how to go on', {
  skip,
}, async (t) => {
  const clone = newClone(t)
  const lock = join(clone.root, '.setup-lock')
  // Of a process that is there, and knows nothing of it.
  writeFileSync(lock, String(process.pid))
  const waiting = clone.install()
  let said = ''
  waiting.child.stderr?.on('data', (text) => {
    said += text
    if (said.includes(`delete ${lock}`)) rmSync(lock)
  })
  await waiting
  assert.equal(clone.log(), 'begin end')
})

test('an old Node says why the newer one that comes as a package is not there', async (t) => {
  const { root } = newClone(t)
  writeFileSync(
    join(root, 'setup', 'node.js'),
    `Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } })
const { nodeBinary } = await import('./setup.js')
process.stdout.write(nodeBinary())
`,
  )
  const choose = () => run(process.execPath, [join(root, 'setup', 'node.js')], { cwd: root })
  await assert.rejects(choose(), /npm rebuild node --ignore-scripts=false/)
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = join(root, 'node_modules', 'node', 'bin', name)
  mkdirSync(dirname(pinned), { recursive: true })
  writeFileSync(pinned, '')
  assert.equal((await choose()).stdout, pinned)
})

/** A clone with all that a build takes; gives how to build it, and how many builds began. */
function newBuild(t: TestContext) {
  const { root } = newClone(t)
  const packages = join(root, 'node_modules')
  mkdirSync(join(packages, 'typescript', 'bin'), { recursive: true })
  const compile =
    "const fs = require('node:fs'); fs.mkdirSync('dist'); fs.appendFileSync('built', 'x')"
  writeFileSync(join(packages, 'typescript', 'bin', 'tsc'), compile)
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
  return { root, packages, builds }
}

test('what is built is built again when a package of it is another, and not when nothing changed', async (t) => {
  const { packages, builds } = newBuild(t)
  assert.equal(await builds(), 1)
  assert.equal(await builds(), 1)
  // As `npm update` and `npm audit fix` leave it: neither need touch package.json.
  const later = new Date(Date.now() + 1000)
  utimesSync(join(packages, '.package-lock.json'), later, later)
  assert.equal(await builds(), 2)
})

test('a build that was interrupted counts as none, though the one before it was whole', async (t) => {
  const { root, builds } = newBuild(t)
  assert.equal(await builds(), 1)
  rmSync(join(root, 'dist'), { recursive: true })
  const command = join(root, 'scripts', 'command.js')
  const { atime, mtime } = statSync(command)
  const write = (text: string) => {
    writeFileSync(command, text)
    utimesSync(command, atime, mtime)
  }
  write('process.exit(1)')
  await assert.rejects(builds(), /failed: .*command\.js/)
  write('')
  assert.equal(await builds(), 3)
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { COMMAND } from '../support/serve.ts'

const root = dirname(dirname(dirname(COMMAND)))

/** The package as it is installed: its own folder, what it depends on, and a folder for the rest. */
function install(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-installed-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  const modules = join(folder, 'node_modules')
  const temporary = join(folder, 'temporary')
  for (const path of [modules, temporary]) mkdirSync(path)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
  const run = () => {
    const args = [join(folder, 'dist', 'cli', 'main.js'), 'client', 'list']
    const folders = { HOME: temporary, TMPDIR: temporary, TEMP: temporary, TMP: temporary }
    const env = { PATH: process.env.PATH, ...folders }
    return spawnSync(process.execPath, args, { cwd: temporary, encoding: 'utf8', env })
  }
  return { run, modules, temporary }
}

test('what V8 made of the code is kept beside it, and not where others may write', (t) => {
  const { run, modules, temporary } = install(t)
  assert.equal(run().status, 0)
  const kept = readdirSync(join(modules, '.cache', 'entrance-compiled'), { recursive: true })
  assert.ok(kept.length > 5, String(kept.length))
  assert.deepEqual(readdirSync(temporary), [])
  if (process.platform !== 'win32') {
    assert.equal(statSync(join(modules, '.cache', 'entrance-compiled')).mode & 0o777, 0o700)
  }
  assert.equal(run().status, 0)
})

for (const [what, open] of [
  ['the folder for it', ['.cache', 'entrance-compiled']],
  ['the folder above', ['.cache']],
] as const) {
  test(`no code is taken from where others may write: ${what}`, {
    skip: process.platform === 'win32',
  }, (t) => {
    const { run, modules } = install(t)
    const folder = join(modules, '.cache', 'entrance-compiled')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(join(modules, ...open), 0o777)
    assert.equal(run().status, 0)
    assert.deepEqual(readdirSync(folder), [])
  })
}

test('a package whose folder nobody may write to starts all the same', (t) => {
  const { run, modules } = install(t)
  // Not by its rights: root has all of them.
  writeFileSync(join(modules, '.cache'), '')
  const { status, stdout, stderr } = run()
  assert.equal(status, 0, stderr)
  assert.match(stdout + stderr, /^You are not signed in to any server\.\n$/)
  assert.ok(!existsSync(join(modules, '.cache', 'entrance-compiled')))
})

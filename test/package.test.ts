import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

const root = dirname(import.meta.dirname)
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages

/** What comes with these packages, by the lock; a nested copy counts as one more. */
function installed(names: readonly string[], seen = new Set<string>()): Set<string> {
  for (const name of names) {
    const at = `node_modules/${name}`
    assert.ok(lock[at], `${name} is in the lock`)
    if (seen.has(at)) continue
    seen.add(at)
    installed(Object.keys(lock[at].dependencies ?? {}), seen)
  }
  return seen
}

function bytesOf(folder: string): number {
  const files = globSync('**/*', { cwd: folder }).map((name) => statSync(join(folder, name)))
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}

test('beside the MCP SDK, an install brings at most 5 MB in 12 packages, none with an install script', () => {
  const names = Object.keys(manifest.dependencies)
  const sdk = installed(names.filter((name) => name.startsWith('@modelcontextprotocol/')))
  const added = [...installed(names)].filter((at) => !sdk.has(at))
  const dist = globSync('dist/**/*', { cwd: root }).filter(
    (name) => !/^dist.cli.*\.d\.ts$/.test(name),
  )
  const own = [...dist, ...globSync('*.md', { cwd: root }), 'LICENSE', 'package.json']
    .map((name) => statSync(join(root, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
  const bytes = added.reduce((sum, at) => sum + bytesOf(join(root, at)), own)
  assert.ok(bytes <= 5_000_000, `${bytes} bytes`)
  assert.ok(added.length + 1 <= 12, added.join(' '))
  assert.deepEqual(
    added.filter((at) => lock[at].hasInstallScript),
    [],
  )
})

test('each type that an entry point leads to is in the package', () => {
  const waiting = Object.values<string>(manifest.exports)
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(root, path.replace(/\.js$/, '.d.ts')))
  assert.ok(waiting.length > 5)
  const seen = new Set<string>()
  for (const file of waiting) {
    assert.ok(existsSync(file), file)
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import\() ?['"](\.[^'"]+)['"]/g,
    ))
      waiting.push(resolve(file, '..', path.replace(/\.[jt]s$/, '.d.ts')))
  }
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

test('an older Node, which has no node:sqlite, is told which one is needed', () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  const flags = ['--no-experimental-sqlite', '--import', `data:text/javascript,${older}`]
  for (const args of [['--version'], ['chat'], ['connect', 'vscode']]) {
    const { status, stderr } = spawnSync(process.execPath, [...flags, main, ...args], {
      encoding: 'utf8',
    })
    assert.equal(status, 2, stderr)
    assert.match(stderr, /^entrance needs Node 22\.18 or newer; this is 20\.20\.2\..*\n$/)
  }
})

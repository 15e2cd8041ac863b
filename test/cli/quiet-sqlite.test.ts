import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** Node 22, as far as this is about it: warns when it is loaded first; and something else soon after. */
const NODE_22 = `
import { registerHooks } from 'node:module'
let hasWarned = false
const load = (name) => {
  if (name !== 'node:sqlite' || hasWarned) return
  hasWarned = true
  process.emitWarning('SQLite is an experimental feature', 'ExperimentalWarning')
  queueMicrotask(() => process.emitWarning('So is something else', 'ExperimentalWarning'))
}
const { getBuiltinModule } = process
process.getBuiltinModule = (name) => (load(name), getBuiltinModule(name))
registerHooks({ resolve: (name, context, next) => (load(name), next(name, context)) })
`

test('that Node 22 calls its SQLite experimental is not shown, and other warnings are', () => {
  const preload = `data:text/javascript,${encodeURIComponent(NODE_22)}`
  const args = ['--import', preload, main, '--version']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /So is something else/)
  assert.doesNotMatch(stderr, /SQLite/)
})

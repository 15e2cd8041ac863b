import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = dirname(import.meta.dirname)

for (const [name, count] of [
  ['storms', '200'],
  ['fuzz', '200'],
  ['growth', '100'],
  ['moving', '200'],
  ['revocation', '2'],
] as const) {
  test(`the bench ${name} runs to its end`, () => {
    const args = ['--expose-gc', join(root, 'bench', `${name}.ts`), count]
    const bench = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
    assert.equal(bench.status, 0, bench.stderr)
    assert.match(bench.stdout, /^\| .+ \|$/m)
  })
}

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { ATTACKS } from './attacks.ts'
import { attack, type RunningTarget, startTarget } from './carry-out.ts'
import { entrance } from './profiles/entrance.ts'

let running: RunningTarget
before(async () => {
  running = await startTarget(entrance)
})
after(() => running[Symbol.asyncDispose]())

for (const [what, attacks] of ATTACKS) {
  suite(`from outside: ${what}`, () => {
    for (const one of attacks) {
      test(`${one.name} (${one.rows.join(', ')})`, async (t) => {
        const { outcome, evidence } = await attack(one, running.target, entrance)
        if (outcome === 'not applicable') t.diagnostic(evidence)
        else assert.equal(outcome, 'withstood', evidence)
      })
    }
  })
}

test('every attack has a name of its own', () => {
  const names = [...ATTACKS.values()].flat().map(({ name }) => name)
  assert.ok(names.length >= 45)
  assert.deepEqual(names.length, new Set(names).size)
})

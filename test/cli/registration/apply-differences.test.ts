import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGraph } from '../../../src/cli/graph/graph-client.ts'
import { applyDifferences } from '../../../src/cli/registration/apply-differences.ts'
import { compareRegistration } from '../../../src/cli/registration/compare-registration.ts'
import { desired } from './registrations.ts'

const origin = 'https://graph.microsoft.com'

for (const [what, answer] of [
  ['no ids', {}],
  ['an id that is none', { appId: 'a/../b', id: 'x' }],
  ['an id that would change the next body', { appId: 'x","tags":["y', id: 'x' }],
  ['a number', { appId: 5, id: 'x' }],
] as const) {
  test(`${what} in the answer is neither kept nor sent on`, async () => {
    const asked: string[] = []
    const graph = createGraph({
      ...{ origin, token: 'x' },
      fetch: async (input) => {
        asked.push(String(input))
        return Response.json(answer)
      },
    })
    const given: string[] = []
    const applied = applyDifferences(graph, compareRegistration(undefined, desired(), { origin }), {
      given: (blank) => void given.push(blank),
    })
    await assert.rejects(applied, /does not say what came of it/)
    assert.deepEqual(given, [])
    assert.equal(asked.length, 1)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { letRequestsGo } from '../../src/cli/let-requests-go.ts'

type Node = { next?: Node | undefined }
const makeList = () => {
  const list: z.ZodType<Node> = z.object({ next: z.lazy(() => list).optional() })
  return list
}

test('schemas made afterwards read what JSON can say as before, and look for no cycle', () => {
  const ring: Node = {}
  ring.next = ring
  assert.ok(makeList().safeParse(ring).success)
  letRequestsGo()
  assert.deepEqual(makeList().parse({ next: { next: {} } }), { next: { next: {} } })
  assert.equal(makeList().safeParse({ next: 1 }).success, false)
  assert.throws(() => makeList().safeParse(ring), RangeError)
})

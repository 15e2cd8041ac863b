import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { createEntraWatch } from '../../../src/core/entra/watch.ts'
import { EntraError } from '../../../src/core/errors.ts'
import type { LogEvent } from '../../../src/index.ts'

const AWAY = new EntraError('Entra ID is not answering.', { isTransient: true, cure: 'Wait.' })

test('Entra is asked at the start, again while it is away, and not while it is there', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const events: string[] = []
  const log = ({ event }: LogEvent) => void events.push(event)
  let asked = 0
  let isThere = false
  let isAnswering = true
  const ask = async () => {
    asked++
    if (!isThere) throw AWAY
  }
  const watch = createEntraWatch({ ask, isAnswering: () => isAnswering, log })
  const later = async () => {
    t.mock.timers.tick(10_000)
    await nextRound()
  }
  watch.start()
  await nextRound()
  for (let i = 0; i < 3; i++) await later()
  assert.equal(asked, 4)
  assert.deepEqual(events.splice(0), ['entra.unreachable'])
  isThere = true
  for (let i = 0; i < 3; i++) await later()
  assert.equal(asked, 5)
  assert.deepEqual(events.splice(0), ['entra.reachable'])

  // Somebody who signed in has found it away.
  isAnswering = false
  isThere = false
  await later()
  assert.deepEqual(events.splice(0), ['entra.unreachable'])
  watch.stop()
  await later()
  assert.equal(asked, 6)
  assert.deepEqual(events, [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { assertRefused, getCode, redeem, refresh } from './support.ts'

const START = Date.UTC(2026, 10, 27)
const DAY = 24 * 60 * 60

test('advancing the clock ages what was issued', async () => {
  const emulator = createEmulator()
  const code = await getCode(emulator)
  emulator.clock.advance(601)
  assertRefused(await redeem(emulator, { code }), 70008, 'invalid_grant')

  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  emulator.clock.advance(89 * DAY)
  assert.equal((await refresh(emulator, body.refresh_token)).status, 200)
  emulator.clock.advance(2 * DAY)
  assertRefused(await refresh(emulator, body.refresh_token), 700082, 'invalid_grant')
})

test('the clock runs on from where it was put', () => {
  let time = START
  const { clock } = createEmulator({ now: () => time })
  clock.advance(1.5)
  clock.advance(0)
  time += 1000
  assert.equal(clock.now(), START + 2500)
  clock.reset()
  assert.equal(clock.now(), START + 1000)
})

test('the clock does not go back, nor past a century', () => {
  const { clock } = createEmulator({ now: () => START })
  for (const seconds of [-1, Number.NaN, Infinity, 4e9]) {
    assert.throws(() => clock.advance(seconds), RangeError)
  }
  assert.equal(clock.now(), START)
})

test('every answer is dated by the emulator’s clock', async () => {
  const emulator = createEmulator({ now: () => START })
  emulator.clock.advance(DAY)
  for (const path of ['/', '/nowhere', '/common/discovery/v2.0/keys']) {
    const { headers } = await emulator.fetch(new Request(`${emulator.origin}${path}`))
    assert.equal(headers.get('date'), 'Sat, 28 Nov 2026 00:00:00 GMT', path)
  }
})

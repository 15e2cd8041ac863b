import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createTurns } from '../../src/expenses/in-turn.ts'

const ALICE = { tid: 't', oid: 'alice' }
const NAMESAKE = { tid: 'other', oid: 'alice' }

suite('what reads much', () => {
  test('is one after the other for one person, and beside it for others', async () => {
    const inTurn = createTurns()
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const slow = inTurn(ALICE, async () => {
      await gate.promise
      order.push('first')
    })
    const next = inTurn(ALICE, async () => order.push('second'))
    await inTurn(NAMESAKE, async () => order.push('another’s'))
    gate.resolve()
    await Promise.all([slow, next])
    assert.deepEqual(order, ['another’s', 'first', 'second'])
  })

  test('goes on after a failure, which only its own caller hears of', async () => {
    const inTurn = createTurns()
    const failing = inTurn(ALICE, () => Promise.reject(new Error('no storage')))
    const next = inTurn(ALICE, async () => 'read')
    await assert.rejects(failing, /no storage/)
    assert.equal(await next, 'read')
  })
})

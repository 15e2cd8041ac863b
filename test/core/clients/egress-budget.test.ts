import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createEgressBudget, type EgressBudget } from '../../../src/core/clients/egress-budget.ts'
import { stopClock } from '../../attacks/support.ts'

/** Takes one and gives its place back: how long to wait, or 'taken'. */
function use(budget: EgressBudget, host: string): number | 'taken' {
  const place = budget.take(host)
  if ('retryAfter' in place) return place.retryAfter
  place.release()
  return 'taken'
}

suite('requests under way', () => {
  test('are four to one host, and sixteen in all', () => {
    const budget = createEgressBudget()
    const places = Array.from({ length: 16 }, (_, n) => budget.take(`host${n % 4}`))
    assert.ok(places.every((place) => 'release' in place))
    assert.equal(use(budget, 'another'), 5)
    const [first] = places
    if (first && 'release' in first) first.release()
    assert.equal(use(budget, 'host1'), 5)
    assert.equal(use(budget, 'another'), 'taken')
    assert.equal(use(budget, 'host0'), 'taken')
  })
})

suite('requests of a minute', () => {
  test('are thirty to one host', () => {
    using clock = stopClock()
    const budget = createEgressBudget()
    for (let n = 0; n < 30; n++) {
      assert.equal(use(budget, 'host'), 'taken')
      clock.forward(1)
    }
    assert.equal(use(budget, 'host'), 30)
    assert.equal(use(budget, 'another'), 'taken')
    clock.forward(29)
    assert.equal(use(budget, 'host'), 1)
    clock.forward(1)
    // The first is a minute old, and the second is not.
    assert.equal(use(budget, 'host'), 'taken')
    assert.equal(use(budget, 'host'), 1)
  })

  test('are 120 in all', () => {
    using clock = stopClock()
    const budget = createEgressBudget()
    for (let n = 0; n < 120; n++) assert.equal(use(budget, `host${n}`), 'taken')
    assert.equal(use(budget, 'another'), 60)
    clock.forward(60)
    assert.equal(use(budget, 'another'), 'taken')
  })
})

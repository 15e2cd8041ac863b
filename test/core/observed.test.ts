import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { observeEntra } from '../../src/core/observed.ts'
import { joinObservers, type Observer, type Step } from '../../src/core/observer.ts'
import type { LogEvent } from '../../src/index.ts'

/** An Entra whose answers say what time it is there. */
function entraAt(ahead: number, headers: Record<string, string> = {}) {
  const logs: LogEvent[] = []
  const date = () => new Date(Date.now() + ahead * 1000).toUTCString()
  const answer = async () => new Response('', { headers: { date: date(), ...headers } })
  const observed = observeEntra(answer as typeof fetch, joinObservers([]), (event) =>
    logs.push(event),
  )
  const ask = () => observed.fetch('https://login.microsoftonline.com/common')
  return { logs, ask }
}

suite("this machine's clock, beside Entra's", () => {
  test('is said to be off, once', async () => {
    const { logs, ask } = entraAt(-90)
    for (let i = 0; i < 5; i++) await ask()
    assert.equal(logs.length, 1)
    assert.equal(logs[0]?.event, 'clock.off')
    assert.match(logs[0]?.message ?? '', /is (89|90|91) seconds ahead of Entra's/)
  })

  test('which way it is off is said', async () => {
    const { logs, ask } = entraAt(200)
    await ask()
    assert.match(logs[0]?.message ?? '', /(199|200) seconds behind Entra's/)
  })

  test('is not said to be off by less than a minute, by an answer of a cache or by none', async () => {
    for (const { logs, ask } of [
      entraAt(-50),
      entraAt(50),
      entraAt(-600, { age: '600' }),
      entraAt(0, { date: 'noon' }),
    ]) {
      await ask()
      assert.deepEqual(logs, [])
    }
  })
})

suite('an observer that throws', () => {
  const broken = () => {
    throw new Error('broken')
  }

  function joined(...observers: Observer[]) {
    const logs: LogEvent[] = []
    return { logs, ...joinObservers(observers, (event) => void logs.push(event)) }
  }

  test('takes nothing from who is observed, nor from the other observers, and is told of once', () => {
    const told: string[] = []
    const other: Observer = {
      audit: ({ event }) => void told.push(event),
      gate: (verdict) => void told.push(verdict),
      transaction: (id) => void told.push(id),
      trace: () => 'trace',
    }
    const all = joined({ audit: broken, gate: broken, transaction: broken, trace: broken }, other)
    all.audit?.({ event: 'token.refreshed', outcome: 'success' })
    all.gate?.('allowed')
    all.transaction('t')
    assert.equal(all.trace(), 'trace')
    assert.deepEqual(told, ['token.refreshed', 'allowed', 't'])
    assert.deepEqual(
      all.logs.map(({ event }) => event),
      ['observer.failed'],
    )
  })

  test('before or after a step has the step done once, with its own end', async () => {
    for (const step of [
      broken,
      async <T>(_: Step, run: () => Promise<T>): Promise<T> => {
        await run()
        return broken()
      },
    ] as const) {
      const { logs, ...all } = joined({ step, call: step }, {})
      let count = 0
      const done = async () => ++count
      assert.equal(await all.step({ kind: 'store', name: 'get' }, done), 1)
      assert.equal(await all.call?.({ kind: 'request', name: '/mcp' }, done), 2)
      assert.equal(logs.length, 1)
      const failing = all.step({ kind: 'store', name: 'get' }, () =>
        Promise.reject(new Error('own')),
      )
      await assert.rejects(failing, /own/)
    }
  })
})

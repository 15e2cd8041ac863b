import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { observeEntra } from '../../src/core/observed.ts'
import { joinObservers } from '../../src/core/observer.ts'
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

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { suite, test } from 'node:test'
import { DOINGS, runChaos } from '../support/chaos.ts'
import { withoutNginx } from '../support/nginx.ts'
import { startReplicas } from '../support/replicas.ts'
import { SHARED_STORES } from '../support/shared-store.ts'

const SECONDS = 15
/** So often at least is each thing done, however busy the machine is; else it is dozens of times. */
const TIMES = 5
/** What two processors are good for, with other tests beside. */
const PACE = 1500

suite('replicas killed, the store cut off and Entra down, while 50 people work', {
  concurrency: true,
}, () => {
  for (const kind of SHARED_STORES) {
    const skip = withoutNginx || kind.skip
    test(`on ${kind.kind}, every promise holds afterwards`, { skip }, async (t) => {
      const seed = Number(process.env.ENTRANCE_TEST_SEED ?? randomInt(2 ** 31))
      t.diagnostic(`ENTRANCE_TEST_SEED=${seed}`)
      await using running = await startReplicas(kind)
      const { wrongs, counts, failures } = await runChaos(running, {
        seed,
        seconds: SECONDS,
        times: TIMES,
        pace: PACE,
      })
      t.diagnostic([...counts].map(([what, count]) => `${what}: ${count}`).join(', '))
      assert.deepEqual(wrongs, [], failures.join('\n'))
      for (const what of DOINGS) {
        assert.ok(
          (counts.get(what) ?? 0) >= TIMES,
          `${what}: ${counts.get(what)}\n${failures.join('\n')}`,
        )
      }
    })
  }
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '../attacks/malformed-requests.ts'
import { startCrowd } from '../support/crowd.ts'
import { withoutNginx } from '../support/nginx.ts'
import { startReplicas } from '../support/replicas.ts'
import { SHARED_STORES } from '../support/shared-store.ts'

suite('three replicas that are restarted one after the other, under load', () => {
  for (const kind of SHARED_STORES) {
    const skip = withoutNginx || kind.skip
    test(`on ${kind.kind}, no request fails`, { skip }, async (t) => {
      await using running = await startReplicas(kind)
      const { url, emulator, replicas, nginx } = running
      const random = (name: string) => createRandom(Number.parseInt(name.slice(-3), 10))
      const crowd = startCrowd({ url, emulator, size: 20, random, pace: 100, hasCheats: false })
      for (const replica of replicas) {
        await wait(1000)
        assert.equal(await replica.stop('SIGTERM'), 0)
        await replica.start()
      }
      await wait(1000)
      await crowd.stop()
      const { failures, wrongs, counts } = crowd.ledger
      t.diagnostic([...counts].map(([what, count]) => `${what}: ${count}`).join(', '))
      assert.deepEqual([...failures, ...wrongs], [])
      assert.deepEqual(
        nginx.requests().filter(({ status }) => status >= 500),
        [],
      )
      assert.ok((counts.get('expenses') ?? 0) > 50)
    })
  }
})

import { redisStore } from '../../src/stores/redis.ts'
import { recordOf } from './contract.ts'

// One replica among several: counts up in one record, a hundred times, each by compare-and-swap.
const store = redisStore(process.argv[2] as string)
await store.connect()
process.send?.('opened')
process.once('message', async () => {
  let done = 0
  await store.create(recordOf('count', { value: '0' }))
  while (done < 100) {
    const record = await store.get('count')
    if (!record) throw new Error('The record is gone.')
    const value = String(Number(record.value) + 1)
    if (await store.replace(recordOf('count', { value }), record.version)) done++
  }
  await store.close()
  process.send?.(done)
  process.disconnect()
})

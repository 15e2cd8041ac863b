import { postgresStore } from '../../src/stores/postgres.ts'
import { recordOf } from './contract.ts'

// One replica: connects when it is told to, tries to replace one version, and says what came of it.
const store = postgresStore(process.argv[2] as string)
process.send?.('here')
process.once('message', async () => {
  await store.connect()
  await store.create(recordOf('grant:1', { value: 'first' }))
  const isDone = await store.replace(recordOf('grant:1', { value: String(process.pid) }), 1)
  await store.close()
  process.send?.(isDone)
  process.disconnect()
})

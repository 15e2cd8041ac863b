import { sqliteStore } from '../../src/stores/sqlite.ts'
import { recordOf } from './contract.ts'

// One of the processes that test/stores/sqlite.test.ts starts side by side.
const [path = '', task = ''] = process.argv.slice(2)
const store = sqliteStore(path)
// All of them begin when all of them are there.
process.send?.('opened')
process.once('message', async () => {
  process.send?.(await (task === 'count' ? count() : fill()))
  await store.close()
  process.disconnect()
})

/** Counts up in one record, a hundred times, each time by compare-and-swap. */
async function count(): Promise<number> {
  let done = 0
  await store.create(recordOf('count', { value: '0' }))
  while (done < 100) {
    const record = await store.get('count')
    if (!record) throw new Error('The record is gone.')
    const value = String(Number(record.value) + 1)
    if (await store.replace(recordOf('count', { value }), record.version)) done++
  }
  return done
}

/** Writes until the disk is full; tells what was written, what was not, and what is read then. */
async function fill() {
  const value = 'x'.repeat(50_000)
  const written: string[] = []
  let refused = ''
  for (let i = 0; i < 1000 && !refused; i++) {
    const key = `grant:${i}`
    await store.create(recordOf(key, { value })).then(
      () => written.push(key),
      (error: Error) => {
        refused = error.message
      },
    )
  }
  const read = await Promise.all(written.map((key) => store.get(key)))
  return { refused, written: written.length, read: read.filter((r) => r?.value === value).length }
}

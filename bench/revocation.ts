// How long a token is still let in after the operator's word, on every other process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveStore } from '../src/cli/store-settings.ts'
import type { ConfigProblem } from '../src/index.ts'
import { startPostgres, withoutPostgres } from '../test/support/postgres.ts'
import { startRedis, withoutRedis } from '../test/support/redis.ts'
import { measureDelays, percentile } from '../test/support/revocation-delays.ts'

const [count = '200', ...addresses] = process.argv.slice(2)
const PROCESSES = 3

await using started = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
started.defer(() => rmSync(folder, { recursive: true, force: true }))

console.log(`${count} revocations, ${PROCESSES} other processes. In milliseconds.\n`)
console.log('| store | p50 | p99 | longest |')
console.log('|---|--:|--:|--:|')
await measure(`sqlite:${join(folder, 'entrance.db')}`)
if (!withoutPostgres) await measure(await started.use(await startPostgres()).database())
if (!withoutRedis) await measure(started.use(await startRedis()).store())
for (const address of addresses) await measure(address)
for (const reason of [withoutPostgres, withoutRedis]) if (reason) console.log(`\n${reason}`)

/** Of an empty store. */
async function measure(address: string): Promise<void> {
  const problems: ConfigProblem[] = []
  const store = resolveStore(address, folder, problems)
  for (const { problem, cure } of problems) throw new Error(`${problem} ${cure}`)
  const delays = await measureDelays({ store, revocations: Number(count), processes: PROCESSES })
  const cells = [50, 99, 100].map((percent) => percentile(delays, percent).toFixed(0))
  // The rest of an address may have a password in it.
  console.log(`| ${address.split(':')[0]} | ${cells.join(' | ')} |`)
}

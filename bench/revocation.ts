// How long a token is still let in after the operator's word, on every other process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveStore } from '../src/cli/store-settings.ts'
import type { ConfigProblem } from '../src/index.ts'
import { measureDelays, percentile } from '../test/support/revocation-delays.ts'

const [count = '200', ...addresses] = process.argv.slice(2)
const PROCESSES = 3
const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))

try {
  console.log(`${count} revocations, ${PROCESSES} other processes. In milliseconds.\n`)
  console.log('| store | p50 | p99 | longest |')
  console.log('|---|--:|--:|--:|')
  for (const address of [`sqlite:${join(folder, 'entrance.db')}`, ...addresses]) {
    const problems: ConfigProblem[] = []
    const store = resolveStore(address, folder, problems)
    for (const { problem, cure } of problems) throw new Error(`${problem} ${cure}`)
    const delays = await measureDelays({ store, revocations: Number(count), processes: PROCESSES })
    const cells = [50, 99, 100].map((percent) => percentile(delays, percent).toFixed(0))
    // The rest of an address may have a password in it.
    console.log(`| ${address.split(':')[0]} | ${cells.join(' | ')} |`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

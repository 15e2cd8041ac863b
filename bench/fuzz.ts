// The slowest answers to generated requests, by endpoint: what nobody should be able to make slow.
import { randomBytes } from 'node:crypto'
import {
  BATCH,
  describe,
  type FuzzAnswer,
  makeArtefacts,
  requestsOf,
  startFuzzTarget,
} from '../test/attacks/fuzz.ts'
import type { FuzzRequest } from '../test/attacks/fuzz-grammar.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
const SEED = Number(process.argv[3] ?? 20_261_127)

const NAMES = [
  ...['/authorize', '/consent', '/auth/callback', '/token', '/revoke', '/register', '/mcp'],
  '/.well-known',
]

type Slowest = { count: number; total: number; time: number; status: number; request: string }

const endpoints = new Map<string, Slowest>()

await using target = await startFuzzTarget(randomBytes(32).toString('base64url'))
for (let batch = 0; batch * BATCH < COUNT; batch++) {
  const artefacts = await makeArtefacts(target)
  for (const request of requestsOf(SEED, batch, artefacts)) {
    const answer = await target.ask(request)
    // The first batch is what the compiler learns from.
    if (answer && batch > 0) note(request, answer)
  }
}

console.log(`${COUNT} requests, seed ${SEED}. Milliseconds.\n`)
console.log('| endpoint | requests | mean | slowest | status |')
console.log('|---|--:|--:|--:|--:|')
for (const [name, { count, total, time, status }] of endpoints) {
  console.log(
    `| ${name} | ${count} | ${(total / count).toFixed(2)} | ${time.toFixed(1)} | ${status} |`,
  )
}
const [slowest] = [...endpoints.values()].toSorted((a, b) => b.time - a.time)
console.log(`\nThe slowest of all, ${slowest?.time.toFixed(1)} ms: ${slowest?.request}`)

function note(request: FuzzRequest, { status, time }: FuzzAnswer): void {
  const name = NAMES.find((path) => request.path.startsWith(path)) ?? 'others'
  const known = endpoints.get(name)
  const sums = { count: (known?.count ?? 0) + 1, total: (known?.total ?? 0) + time }
  if (known && known.time >= time) endpoints.set(name, { ...known, ...sums })
  else endpoints.set(name, { ...sums, time, status, request: describe(request).slice(0, 500) })
}

// Everything goes wrong while 50 people work; afterwards every promise is held against what is so.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runChaos } from '../test/support/chaos.ts'
import { startReplicas } from '../test/support/replicas.ts'
import { SHARED_STORES } from '../test/support/shared-store.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    minutes: { type: 'string', default: '10' },
    people: { type: 'string', default: '50' },
    seed: { type: 'string' },
  },
})
const kind = SHARED_STORES.find(({ kind }) => kind.toLowerCase() === values.store)
const seconds = Number(values.minutes) * 60
const people = Number(values.people)
const seed = Number(values.seed ?? randomInt(2 ** 31))
if (!kind || !(seconds > 0) || !Number.isInteger(people) || !Number.isInteger(seed)) {
  const stores = SHARED_STORES.map(({ kind }) => kind.toLowerCase()).join(' | ')
  console.error(`npm run bench -- chaos --store ${stores} --minutes 10 --people 50 --seed NUMBER`)
  process.exit(2)
}
if (kind.skip) throw new Error(kind.skip)

console.log(`${kind.kind}, ${people} people, ${values.minutes} minutes, seed ${seed}\n`)
await using running = await startReplicas(kind)
const { counts, wrongs, failures } = await runChaos(running, { seed, seconds, people })
console.log('| what | times |\n|---|--:|')
for (const [what, count] of [...counts].toSorted()) console.log(`| ${what} | ${count} |`)
console.log(`\nOf what did not work for the moment:\n${failures.join('\n')}`)
console.log(`\nWhat must never happen: ${wrongs.length === 0 ? 'none' : `\n${wrongs.join('\n')}`}`)
process.exitCode = wrongs.length === 0 ? 0 : 1

// What a store with many grants costs: side by side with one that has few, and while many expire.
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { resolveOptions } from '../src/core/resolve-options.ts'
import { type RunningEmulator, startEmulator } from '../src/emulator/emulator.ts'
import type { EntranceOptions, Store } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { recordsOf } from '../test/support/fill-grants.ts'
import { fixedPort } from '../test/support/fixed-port.ts'
import { type Identity, startFlows, type Times } from './growth/flows.ts'
import { median } from './growth/loop.ts'
import { measureSteps } from './growth/steps.ts'
import { KINDS, type Subject } from './growth/subjects.ts'
import { measureSweep } from './growth/sweep.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { store: { type: 'string', multiple: true, default: [...KINDS.keys()] } },
})
const GRANTS = Number(positionals[0] ?? 1_000_000)
const FEW = Math.min(1000, GRANTS)
const FLOWS = GRANTS < 10_000 ? 4 : 300
const WARM_UP = Math.floor(FLOWS / 10)
const CREATIONS = Math.min(20_000, GRANTS)

for (const name of values.store) {
  const kind = KINDS.get(name)
  if (!kind) throw new Error(`Which store? ${[...KINDS.keys()].join(', ')}`)
  if (kind.skip) console.log(`${name} is left out: ${kind.skip}`)
  else await measure(name, kind.open)
}

/** A store with few grants and one with many. */
async function measure(name: string, open: () => Promise<Subject>): Promise<void> {
  await using emulator = await startEmulatorHere()
  await using few = await open()
  await using many = await open()
  await using small = await filled(few, FEW, emulator.running)
  const before = await many.size().catch(() => undefined)
  const began = performance.now()
  await using large = await filled(many, GRANTS, emulator.running)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(
    `\n${name}: ${GRANTS} grants, filled in ${seconds} s${await measureSize(many, before)}\n`,
  )
  await compare(name, small, large, emulator.running)
  const sweep = await measureSweep(many, large.store, resolveOptions(large.options), CREATIONS)
  console.log(`\n${CREATIONS} creations one by one, each in milliseconds.\n`)
  print(
    ['store', 'when', 'median', '99 %', 'longest', 'longest pause', 'most work', 'records left'],
    sweep.map(({ when, times, left }) => [name, when, ...times.map(toCell), left ?? '-']),
  )
}

async function startEmulatorHere() {
  const running = await startEmulator({ port: 0 })
  return { running, [Symbol.asyncDispose]: () => running.close() }
}

type Filled = AsyncDisposable & {
  readonly store: Store
  readonly identity: Identity
  readonly options: EntranceOptions
}

async function filled(subject: Subject, count: number, emulator: RunningEmulator): Promise<Filled> {
  const identity = { port: await fixedPort(), secret: randomBytes(32).toString('base64url') }
  const { tenantId: tid, application, origin: authority } = emulator
  const options = {
    url: `http://localhost:${identity.port}`,
    secret: identity.secret,
    entra: { tenantId: tid, ...application, authority },
  }
  const config = resolveOptions({ ...options, store: memoryStore() })
  await subject.fill(recordsOf(count, { config, tid }))
  const store = subject.open()
  await store.connect()
  const close = () => store.close()
  return { store, identity, options: { ...options, store }, [Symbol.asyncDispose]: close }
}

async function measureSize(many: Subject, before = 0): Promise<string> {
  const size = await many.size()
  if (size === undefined) return ''
  const each = ((size - before) / GRANTS).toFixed(0)
  return `; ${(size / 1024 / 1024).toFixed(0)} MiB, ${each} bytes each`
}

/** Both servers in turns, so that a disturbance hits both; then what an operator does. */
async function compare(
  name: string,
  few: Filled,
  many: Filled,
  emulator: RunningEmulator,
): Promise<void> {
  const times: Record<'few' | 'many', Times> = { few: new Map(), many: new Map() }
  await using small = await startFlows(few.store, emulator, few.identity, times.few)
  await using large = await startFlows(many.store, emulator, many.identity, times.many)
  for (let i = 0; i < FLOWS + WARM_UP; i++) {
    for (const side of i % 2 ? [small, large] : [large, small]) await side.flow(i >= WARM_UP)
  }
  console.log(`Medians of ${FLOWS}, in milliseconds; ${FEW} and ${GRANTS} grants in turns.\n`)
  const pairs = [...times.few].map(
    ([what, own]) => [what, median(own), median(times.many.get(what) ?? [])] as const,
  )
  print(
    ['store', 'what', `${FEW}`, `${GRANTS}`, 'ratio'],
    pairs.map(([what, a, b]) => [name, what, toCell(a), toCell(b), (b / a).toFixed(2)]),
  )
  const scale = Math.min(GRANTS / 1_000_000, 1)
  const taken = await measureSteps(many.store, large.server.entrance, many.options, scale)
  console.log(
    '\nOther things, in milliseconds. Pause: nobody was answered; work: of the processor.\n',
  )
  print(
    ['store', 'what', 'time', 'longest pause', 'all work', 'most work in one turn'],
    taken.map(({ what, took, pause, all, most }) => [
      ...[name, what],
      ...[took, pause, all, most].map(toCell),
    ]),
  )
}

function toCell(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(value < 10 ? 2 : 0)
}

function print(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(2)}${'--:|'.repeat(head.length - 2)}`)
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}

// What a store with many grants costs: side by side with one that has few, and while many expire.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startEmulator } from '../src/emulator/emulator.ts'
import type { Store, StoredRecord } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { json, signIn, type TokenResponse } from '../test/support/oauth-client.ts'
import { leaveLog } from '../test/support/secrets.ts'
import { startEntrance } from '../test/support/start.ts'

const GRANTS = Number(process.argv[2] ?? 1_000_000)
const FEW = Math.min(1000, GRANTS)
/** How many expire at one time. */
const BURST = Math.min(50_000, GRANTS)
const FLOWS = GRANTS < 10_000 ? 20 : 300
const WARM_UP = FLOWS / 10
const DAY = 86_400

type Draft = Omit<StoredRecord, 'version'>

/** A store to be filled without its own care for each single record. */
type Subject = {
  readonly store: Store
  load(records: Iterable<Draft>): Promise<void>
}

const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
const SUBJECTS: ReadonlyMap<string, (size: string) => Subject> = new Map([
  ['memory', openMemory],
  ['SQLite', openSqlite],
])

type Times = Map<string, number[]>

const growth: string[] = []
const sweeping: string[] = []
try {
  for (const [name, open] of SUBJECTS) await compare(name, open('few'), open('many'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`Medians of ${FLOWS}, in milliseconds; ${FEW} and ${GRANTS} grants in turns.\n`)
print(['store', 'what', `${FEW}`, `${GRANTS}`, 'ratio'], growth)
console.log(`\nOne creation, in milliseconds, with ${GRANTS} grants; then while ${BURST} expire.\n`)
print(['store', 'when', 'median', '99 %', 'longest', 'left'], sweeping)

async function compare(name: string, few: Subject, many: Subject): Promise<void> {
  const later = Math.floor(Date.now() / 1000) + DAY
  await few.load(records(FEW, later))
  await many.load(records(GRANTS, later))
  const times: Record<'few' | 'many', Times> = { few: new Map(), many: new Map() }
  {
    await using emulator = await startEmulatorHere()
    await using small = await startFlows(few.store, emulator.emulator, times.few)
    await using large = await startFlows(many.store, emulator.emulator, times.many)
    for (let i = 0; i < FLOWS + WARM_UP; i++) {
      // Neither is always the one that goes first.
      for (const server of i % 2 ? [small, large] : [large, small]) await server.flow(i >= WARM_UP)
    }
    await sweep(name, many)
  }
  for (const [what, small] of times.few) {
    const pair = [median(small), median(times.many.get(what) ?? [])] as const
    const ratio = (pair[1] / pair[0]).toFixed(2)
    growth.push([name, what, ...pair.map((time) => time.toFixed(3)), ratio].join(' | '))
  }
}

async function startEmulatorHere() {
  const emulator = await startEmulator({ port: 0 })
  return { emulator, [Symbol.asyncDispose]: () => emulator.close() }
}

/** A server whose people sign in, refresh and call; the store's own part of it is noted as well. */
async function startFlows(
  store: Store,
  emulator: Awaited<ReturnType<typeof startEmulator>>,
  times: Times,
) {
  const clock = { spent: 0 }
  const entrance = { store: watch(store, clock) }
  const server = await startEntrance({ emulator, entrance })
  leaveLog(server.logs)

  async function time<T>(what: string, isNoted: boolean, step: () => Promise<T>): Promise<T> {
    const start = performance.now()
    clock.spent = 0
    const result = await step()
    if (isNoted) {
      note(times, what, performance.now() - start)
      if (clock.spent > 0) note(times, `${what}: the store`, clock.spent)
    }
    return result
  }

  return {
    async flow(isNoted: boolean) {
      const { client, client_id, tokens } = await time('sign-in', isNoted, () => signIn(server.url))
      const refreshed = await time('refresh', isNoted, async () =>
        json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token)),
      )
      await time('/mcp', isNoted, async () =>
        (await client.mcp(refreshed.access_token, { method: 'tools/list' })).text(),
      )
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** The store, with the time of each operation that a request waits for added up. */
function watch(store: Store, clock: { spent: number }): Store {
  async function timed<T>(operation: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await operation()
    } finally {
      clock.spent += performance.now() - start
    }
  }
  return {
    ...store,
    get: (key) => timed(() => store.get(key)),
    create: (record) => timed(() => store.create(record)),
    replace: (record, version) => timed(() => store.replace(record, version)),
    delete: (key) => timed(() => store.delete(key)),
    list: (by) => timed(() => store.list(by)),
  }
}

/** Creations as they are, then as many as it takes to clear away what has expired at one time. */
async function sweep(name: string, { store, load }: Subject): Promise<void> {
  const before = await createMany(store, 2000)
  await load(records(BURST, Math.floor(Date.now() / 1000) - 1, 'old'))
  const during = await createMany(store, Math.ceil(BURST / 4))
  const cells = (times: number[]) =>
    [median(times), quantile(times, 0.99), Math.max(...times)].map((time) => time.toFixed(3))
  sweeping.push([name, 'nothing expires', ...cells(before), '-'].join(' | '))
  sweeping.push([name, 'a burst expires', ...cells(during), countOld(name)].join(' | '))
}

async function createMany(store: Store, count: number): Promise<number[]> {
  const times: number[] = []
  for (const record of records(count, Math.floor(Date.now() / 1000) + DAY, `${Math.random()}`)) {
    const start = performance.now()
    await store.create(record)
    times.push(performance.now() - start)
  }
  return times
}

function openMemory(): Subject {
  const store = memoryStore()
  return {
    store,
    async load(drafts) {
      for (const record of drafts) await store.create(record)
    },
  }
}

function openSqlite(size: string): Subject {
  const path = join(folder, `${size}.db`)
  const store = sqliteStore(path)
  return {
    store,
    async load(drafts) {
      using db = new DatabaseSync(path)
      // The indexes fit into memory, and nobody needs what a crash would lose here.
      db.exec('PRAGMA cache_size = -262144; PRAGMA synchronous = OFF')
      const insert = db.prepare(
        'INSERT INTO records (key, value, version, expires_at, person, client) VALUES (?, ?, 1, ?, ?, ?)',
      )
      db.exec('BEGIN')
      for (const { key, value, expiresAt, person = null, client = null } of drafts) {
        insert.run(key, value, expiresAt, person, client)
      }
      db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
    },
  }
}

/** How many expired rows are left; the store itself does not show them. */
function countOld(name: string): string {
  if (name !== 'SQLite') return '-'
  using db = new DatabaseSync(join(folder, 'many.db'), { readOnly: true })
  const row = db
    .prepare('SELECT count(*) AS rows FROM records WHERE expires_at <= unixepoch()')
    .get()
  return String(row?.rows)
}

/** Records like those of grants: as long, and of ten to a person. */
function* records(count: number, expiresAt: number, label = 'grant'): Generator<Draft> {
  const value = 'x'.repeat(1500)
  for (let i = 0; i < count; i++) {
    const id = createHash('sha256').update(`${label} ${i}`).digest('base64url')
    const person = `tenant/${Math.floor(i / 10)}`
    yield { key: `grant:${id}`, value, expiresAt, person, client: `client ${i % 1000}` }
  }
}

function note(times: Times, what: string, time: number): void {
  const noted = times.get(what) ?? []
  noted.push(time)
  times.set(what, noted)
}

function median(times: number[]): number {
  return quantile(times, 0.5)
}

function quantile(times: number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? Number.NaN
}

function print(head: readonly string[], rows: readonly string[]): void {
  console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(2)}${'--:|'.repeat(head.length - 2)}`)
  for (const row of rows) console.log(`| ${row} |`)
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { KINDS } from '../../bench/growth/subjects.ts'
import type { Run } from '../../bench/kit/part.ts'
import { measureGrowth } from '../../bench/parts/growth.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { SEED } from '../../src/emulator/emulator.ts'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { StoredRecord } from '../../src/stores/store.ts'
import { COMMON_CLIENT, type NewRecord, recordsOf } from '../support/fill-grants.ts'

const GRANTS = 700

suite('what is poured into a store', () => {
  for (const [name, { skip, open }] of KINDS) {
    test(`${name}: lies there, and can be changed, as if it had been put there one by one`, {
      skip,
    }, async () => {
      const records = await made()
      await using subject = await open()
      await subject.fill(inBatches(records))
      const [store, plain] = [subject.open(), memoryStore()]
      for (const record of records) await plain.create(record)
      try {
        await store.connect()
        for (const { key } of records) {
          assert.deepEqual(plainly(await store.get(key)), plainly(await plain.get(key)))
        }
        const person = records.find((record) => record.person)?.person ?? ''
        assert.equal((await store.list({ person })).length, 10)
        assert.deepEqual(
          inOrder(await store.list({ person })),
          inOrder(await plain.list({ person })),
        )
        for (const query of [{ prefix: 'seen:' }, { prefix: 'grant:', client: COMMON_CLIENT }]) {
          const found = await walk(store, query)
          assert.ok(found.length > 20)
          assert.deepEqual(inOrder(found), inOrder(await walk(plain, query)))
        }
        const record = records[0] as NewRecord
        assert.equal(await store.create(record), false)
        assert.equal(await store.replace({ ...record, value: 'changed' }, 1), true)
        assert.equal(await store.replace({ ...record, value: 'late' }, 1), false)
        assert.equal((await store.get(record.key))?.value, 'changed')
      } finally {
        await store.close()
      }
    })
  }
})

test('the part measures each store at hand, and holds the slowest against the target', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
  const run: Run = { isQuick: false, rounds: 2, folder, say: () => {} }
  try {
    const extent = { few: 20, many: 60, refreshes: 4, calls: 4 }
    const { figures, ratios, targets, absent } = await measureGrowth(run, extent)
    assert.equal(figures.length, (3 - absent.length) * 9)
    assert.equal(new Set(figures.map(({ id, subject }) => `${id} ${subject}`)).size, figures.length)
    for (const { id, samples } of figures) {
      // The system counts CPU time in hundredths of a second.
      const least = id.endsWith('/cpu') ? 0 : Number.MIN_VALUE
      assert.ok(samples.every((sample) => sample >= least))
    }
    for (const { id, samples } of targets) {
      const request = id === 'growth-call' ? 'call' : 'refresh'
      const own = ratios.filter((ratio) => ratio.id.endsWith(`/${request}/time`))
      assert.equal(own.length, 3 - absent.length)
      const highest = Math.max(...own.map((ratio) => mean(ratio.samples)))
      assert.equal(mean(samples ?? []), highest)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

async function made(): Promise<NewRecord[]> {
  const { tenantId, clientId, clientSecret } = SEED
  const config = resolveOptions({
    url: 'http://localhost:3000',
    secret: randomBytes(32).toString('base64url'),
    entra: { tenantId, clientId, clientSecret },
    store: memoryStore(),
  })
  const records: NewRecord[] = []
  for await (const batch of recordsOf(GRANTS, { config, tid: tenantId })) records.push(...batch)
  return records
}

/** Two that are not alike, and none. */
async function* inBatches(records: readonly NewRecord[]) {
  yield records.slice(0, 401)
  yield records.slice(401)
  yield []
}

async function walk(
  store: Store,
  query: { prefix: string; client?: string },
): Promise<StoredRecord[]> {
  const found = new Map<string, StoredRecord>()
  let after: string | undefined
  do {
    const page = await store.page({ ...query, after, limit: 100 })
    for (const record of page.records) found.set(record.key, record)
    after = page.next
  } while (after !== undefined)
  return [...found.values()]
}

function inOrder(records: readonly StoredRecord[]): unknown[] {
  return records.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(plainly)
}

/** What is undefined may be left out, too. */
function plainly(record: StoredRecord | undefined): unknown {
  return record && JSON.parse(JSON.stringify(record))
}

/** Of two samples it is their median, too. */
function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}

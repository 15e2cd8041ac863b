import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openStore, resolveStore, type StoreSettings } from '../../src/cli/store-settings.ts'
import type { Store, StoredRecord } from '../../src/index.ts'

/** A store that outlives the process which writes to it. */
export type CrashSetup = {
  readonly name: string
  /** The address of an empty store of the test's own, as `ENTRANCE_STORE` has it, and its key. */
  readonly address: (t: TestContext) => Promise<{ store: string; key?: string }>
}

type Confirmed = { readonly key: string; readonly version?: number; readonly revoked?: true }

/** How often the process is killed, and after how many confirmed writes each time. */
const ROUNDS = 3
const WRITES = 150

/** What must hold when a process is killed in the middle of its writes, and another goes on. */
export function crashContract({ name, address }: CrashSetup): void {
  test(`${name}: after SIGKILL every confirmed write is there, and none is torn`, {
    timeout: 60_000,
  }, async (t) => {
    const { store: text, key } = await address(t)
    const confirmed: Confirmed[] = []
    for (let round = 0; round < ROUNDS; round++) {
      confirmed.push(...(await writeAndDie(t, [text, String(round), key ?? ''])))
      const store = await openNamed(resolveStore(text, '.', [], key))
      try {
        await checkConfirmed(store, confirmed)
        await checkWhole(store)
      } finally {
        await store.close()
      }
    }
    assert.ok(confirmed.length >= ROUNDS * WRITES)
  })
}

/** Opens and connects a store by its settings. */
export async function openNamed(settings: StoreSettings): Promise<Store> {
  const store = await openStore(settings)
  await store.connect()
  return store
}

/** A value that tells whether all of it is there, and of which record and version it is. */
export function toValue(key: string, version: number): string {
  const body = `${key} ${version} ${'x'.repeat(3000)}`
  return `${body} ${createHash('sha256').update(body).digest('hex')}`
}

/** Starts a process that writes, kills it, and gives what it had confirmed until then. */
async function writeAndDie(t: TestContext, args: readonly string[]): Promise<Confirmed[]> {
  const child = fork(join(import.meta.dirname, 'crash-process.ts'), args)
  t.after(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const opened = await Promise.race([once(child, 'message'), exit])
  assert.deepEqual(opened[0], 'opened')
  const confirmed: Confirmed[] = []
  child.on('message', (message) => {
    confirmed.push(message as Confirmed)
    if (confirmed.length === WRITES) child.kill('SIGKILL')
  })
  child.send('go')
  const [, signal] = await exit
  assert.equal(signal, 'SIGKILL')
  return confirmed
}

async function checkConfirmed(store: Store, confirmed: readonly Confirmed[]): Promise<void> {
  const { revocations } = await store.revocations()
  const revoked = new Set(revocations.map(({ id }) => id))
  for (const { key, version = 1 } of confirmed) {
    const record = await store.get(key)
    assert.ok(record && record.version >= version, `${key} was at ${version}: ${record?.version}`)
  }
  const missing = confirmed.filter((write) => write.revoked && !revoked.has(write.key))
  assert.deepEqual(missing, [])
}

/** Whatever is there, confirmed or not, is there as it was written, and the store goes on. */
async function checkWhole(store: Store): Promise<void> {
  const errors = (await store.check()).filter(({ severity }) => severity === 'error')
  assert.deepEqual(errors, [])
  const listed = await store.list({ person: 'tid/oid' })
  const isTorn = ({ key, value, version }: StoredRecord) => value !== toValue(key, version)
  assert.deepEqual(
    listed.filter(isTorn).map(({ key }) => key),
    [],
  )
  const [first] = listed
  assert.ok(first)
  const { version, key } = first
  assert.equal(await store.replace({ ...first, value: toValue(key, version + 1) }, version), true)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeAll } from '../../src/cli/commands/store-export.ts'
import { readFile } from '../../src/cli/store-file/read.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { seal } from '../../src/core/keys/sealed.ts'
import { createMovedRecords } from '../../src/core/moved-records.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

const keyring = createKeyring(['entrance test vector: forty characters ..'])
const binding = 'bind'
const NOW = Math.floor(Date.now() / 1000)
const expiresAt = NOW + 3600

function grantOf(value: Record<string, unknown>) {
  const key = 'grant:1'
  return { key, value: seal(keyring, `grant ${binding}`, JSON.stringify(value), key), expiresAt }
}

/** A store in which things happen as soon as an export has read the records. */
function changedBehind(inner: Store, change: () => Promise<void>): Store {
  let reads = 0
  const page: Store['page'] = async (query) => {
    const found = await inner.page(query)
    // The first walk counts.
    if (query.prefix === '' && ++reads === 2) await change()
    return found
  }
  return { ...inner, page }
}

test('who is revoked or blocked behind an export that is under way is so after its import', async () => {
  const inner = memoryStore()
  await inner.create(grantOf({ id: '1', generation: 1 }))
  await inner.create({ key: 'barred:person:a', value: 'sealed', expiresAt })
  const store = changedBehind(inner, async () => {
    await inner.revoke({ kind: 'grant', id: '1', issuedUntil: NOW, expiresAt })
    const revoked = { at: NOW, reason: 'operator' }
    await inner.replace(grantOf({ id: '1', generation: 1, revoked }), 1)
    await inner.create({ key: 'barred:person:b', value: 'sealed', expiresAt })
  })
  let file = ''
  const nothing = async () => {}
  const write = async (text: string) => {
    file += text
  }
  const { signal } = new AbortController()
  await writeAll(store, { write, finish: nothing, abandon: nothing }, { signal })

  const target = memoryStore()
  const { take } = createMovedRecords({ store: target, keyring, binding })
  async function* chunks() {
    yield Buffer.from(file)
  }
  for await (const entry of readFile(chunks(), 'file')) {
    if ('record' in entry) await take([entry.record])
    if ('revocation' in entry) await target.revoke(entry.revocation)
  }
  assert.equal((await target.get('grant:1'))?.value, (await inner.get('grant:1'))?.value)
  assert.ok(await target.get('barred:person:a'))
  assert.ok(await target.get('barred:person:b'))
  assert.equal((await target.revocations()).revocations.length, 1)
})

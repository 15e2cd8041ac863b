import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { keyFilePath, rotateKeyFile } from '../../src/cli/key-file.ts'
import { fileKeySource } from '../../src/cli/key-source.ts'
import { createKeyWatch } from '../../src/core/key-watch.ts'
import { createKeyring, keyIdOf } from '../../src/core/keys/keyring.ts'
import type { LogEvent } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

test('a running server takes up a rotated key by itself, and says so once', async (t) => {
  const { data, keyring, events } = await watched(t)
  const [former] = keyring.keys
  const made = rotateKeyFile(data, 3600)[0]
  await until(() => events.length > 0)
  assert.equal(keyring.keys[0]?.id, keyIdOf(made?.secret ?? ''))
  assert.equal(keyring.current.id, former?.id)
  const [changed] = events
  assert.equal(changed?.event, 'keys.changed')
  assert.ok(changed?.message.includes(`${made?.activeFrom} on`), changed?.message)
  assert.ok(!JSON.stringify(events).includes(made?.secret ?? ''), 'a key is in the log')
})

test('a key file that is damaged or gone while a server runs changes nothing, and is told once', async (t) => {
  const { data, keyring, events } = await watched(t)
  const before = keyring.keys
  const whole = readFileSync(keyFilePath(data), 'utf8')
  writeFileSync(keyFilePath(data), whole.slice(0, 20))
  await until(() => events.length > 0)
  rmSync(keyFilePath(data))
  writeFileSync(keyFilePath(data), '{"keys":[]}')
  rotate(data, whole)
  await until(() => events.length > 1)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['keys.unreadable', 'keys.changed'],
  )
  assert.match(events[0]?.message ?? '', /those at hand stay in force.*damaged or was edited/)
  assert.equal(keyring.current, before[0])
})

test('a watch that is ended looks no more, and one that was kept up holds no process', async (t) => {
  const { data, keyring, watch } = await watched(t)
  watch.stop()
  rotateKeyFile(data, 0)
  await setTimeout(30)
  assert.equal(keyring.keys.length, 1)
})

async function watched(t: TestContext) {
  const data = mkdtempSync(join(tmpdir(), 'entrance-key-source-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const keySource = fileKeySource(data, 5)
  const keyring = createKeyring(keySource.keys)
  const events: LogEvent[] = []
  const log = (event: LogEvent) => void events.push(event)
  const watch = createKeyWatch({ keyring, keySource, store: memoryStore(), log })
  t.after(() => watch.stop())
  await watch.start()
  return { data, keyring, events, watch }
}

/** Puts the file back, and a key in front. */
function rotate(data: string, whole: string): void {
  writeFileSync(keyFilePath(data), whole)
  rotateKeyFile(data, 3600)
}

async function until(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isDone()) {
    assert.ok(performance.now() < deadline, 'it does not come')
    await setTimeout(2)
  }
}

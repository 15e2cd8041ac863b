import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { withLock } from '../../../src/cli/client/lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const LOCK = new URL('../../../src/cli/client/lock.ts', import.meta.url).href

/** A process of its own that runs `script`, given `withLock` and two paths. */
function startProcess(script: string, lock: string, counter: string) {
  const file = join(folder, `${Math.random()}.mjs`)
  writeFileSync(
    file,
    `import { readFileSync, writeFileSync } from 'node:fs'
    import { withLock } from ${JSON.stringify(LOCK)}
    const [lock, counter] = ${JSON.stringify([lock, counter])}
    ${script}`,
  )
  return fork(file)
}

test('what several processes do under the lock happens one after the other', async () => {
  const [lock, counter] = [join(folder, 'count.lock'), join(folder, 'count')]
  writeFileSync(counter, '0')
  const script = `
    for (let i = 0; i < 10; i++) {
      await withLock(lock, {}, async () => {
        const count = Number(readFileSync(counter, 'utf8'))
        await new Promise((resolve) => setImmediate(resolve))
        writeFileSync(counter, String(count + 1))
      })
    }`
  const children = Array.from({ length: 5 }, () => startProcess(script, lock, counter))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0, 0, 0])
  assert.equal(readFileSync(counter, 'utf8'), '50')
  assert.ok(!existsSync(lock))
})

test('a lock whose process was killed is taken over at once', async () => {
  const lock = join(folder, 'killed.lock')
  const script = `await withLock(lock, {}, () => {
    process.send('held')
    return new Promise(() => setInterval(() => {}, 1000))
  })`
  const child = startProcess(script, lock, '')
  await once(child, 'message')
  assert.ok(existsSync(lock))
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(await withLock(lock, { staleTtl: 600 }, async () => 'mine'), 'mine')
  assert.ok(!existsSync(lock))
})

test('of several that find the same stale lock only one holds it at a time', async () => {
  const [lock, counter] = [join(folder, 'stale.lock'), join(folder, 'stale')]
  writeFileSync(counter, '0')
  writeFileSync(lock, JSON.stringify({ nonce: 'n', pid: 1, host: 'elsewhere' }))
  utimesSync(lock, new Date(0), new Date(0))
  const script = `
    await withLock(lock, {}, async () => {
      const count = Number(readFileSync(counter, 'utf8'))
      await new Promise((resolve) => setImmediate(resolve))
      writeFileSync(counter, String(count + 1))
    })`
  const children = Array.from({ length: 5 }, () => startProcess(script, lock, counter))
  await Promise.all(children.map((child) => once(child, 'exit')))
  assert.equal(readFileSync(counter, 'utf8'), '5')
})

test('a lock of another machine counts until it is old', async () => {
  const lock = join(folder, 'elsewhere.lock')
  // This process id is nobody's here, which says nothing about the other machine.
  writeFileSync(lock, JSON.stringify({ nonce: 'n', pid: 2 ** 30, host: 'elsewhere' }))
  const signal = AbortSignal.timeout(200)
  await assert.rejects(
    withLock(lock, { signal }, async () => {}),
    { name: 'AbortError' },
  )
  utimesSync(lock, new Date(0), new Date(0))
  assert.equal(await withLock(lock, {}, async () => 'mine'), 'mine')
})

test('an unfinished lock file counts until it is old', async () => {
  const lock = join(folder, 'empty.lock')
  writeFileSync(lock, '')
  await assert.rejects(
    withLock(lock, { signal: AbortSignal.timeout(100) }, async () => {}),
    { name: 'AbortError' },
  )
  utimesSync(lock, new Date(0), new Date(0))
  assert.equal(await withLock(lock, {}, async () => 'mine'), 'mine')
})

test('the lock is given back when the work fails', async () => {
  const lock = join(folder, 'fails.lock')
  const failing = withLock(lock, {}, async () => {
    throw new Error('no')
  })
  await assert.rejects(failing, { message: 'no' })
  assert.ok(!existsSync(lock))
})

test('a lock that has become another’s is left to it', async () => {
  const lock = join(folder, 'lost.lock')
  const other = JSON.stringify({ nonce: 'other', pid: process.pid, host: hostname() })
  await withLock(lock, {}, async () => writeFileSync(lock, other))
  assert.equal(readFileSync(lock, 'utf8'), other)
})

test('a lock that is never given back is not waited for without end', async () => {
  const lock = join(folder, 'held.lock')
  const other = JSON.stringify({ nonce: 'other', pid: process.pid, host: hostname() })
  writeFileSync(lock, other)
  const future = new Date(Date.now() + 3_600_000)
  utimesSync(lock, future, future)
  await assert.rejects(
    withLock(lock, { staleTtl: 0.05 }, async () => {}),
    { message: /holds .*held\.lock and does not let go/ },
  )
})

import assert from 'node:assert/strict'
import {
  chmodSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { addExpense, getExpenses } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { DISKS, newFolder, WITH_RIGHTS } from '../support/disk.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { json, type OAuthClient, signIn, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'
import { entrance } from './client/command.ts'

const skip = process.platform !== 'linux' && 'rights and limits are those of Linux'

suite('the disk of a running server', { skip }, () => {
  for (const { name, open } of DISKS) {
    test(`fills up (${name}): nothing is confirmed that is not kept, and it goes on by itself`, async (t) => {
      const disk = open(t)
      const { folder } = disk
      const audit = join(folder, 'audit.jsonl')
      const env = { ...(await samePorts()), ENTRANCE_AUDIT: `file:${audit}` }
      await using server = await startServe({ folder, env })
      const pid = server.pid as number
      const { client, client_id, tokens, browser } = await signIn(server.url)
      const first = await addExpense(client, tokens.access_token)

      disk.fill(pid)
      const refused = await client.refresh(client_id, tokens.refresh_token)
      assert.equal(refused.status, 503)
      assert.ok(Number(refused.headers.get('retry-after')) > 0)
      assert.match(await refused.text(), /temporarily_unavailable/)
      await assert.rejects(addExpense(client, tokens.access_token), /The expense was not saved/)
      const authorization = client.authorization(client_id)
      const page = await browser.signIn(authorization.url, { until: authorization.redirect_uri })
      assert.equal(page.status, 503)
      assert.match(page.text, /cannot reach its store/)
      // What needs no disk goes on.
      assert.equal((await fetch(`${server.url}/health`)).status, 200)
      const kept = await getExpenses(client, tokens.access_token)
      assert.deepEqual(
        kept.map(({ id }) => id),
        [first],
      )
      assert.match(told(server, 'store.unreachable').join('\n'), fullText('entrance.db'))
      assert.match(told(server, 'expenses.add_failed').join('\n'), fullText('expenses.db'))
      // A line may still fit into what its file has of the disk.
      const lost = await until(
        () => told(server, 'audit.failed'),
        () => addExpense(client, tokens.access_token),
      )
      assert.match(lost.join('\n'), fullText('audit.jsonl'))
      assert.equal(lost.length, 1)

      disk.free(pid)
      const next = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
      const second = await addExpense(client, next.access_token)
      const again = await signIn(server.url, { browser: createBrowser() })
      assert.equal(told(server, 'audit.resumed').length, 1)
      // Whole lines only: the one that was cut off is gone.
      for (const line of readFileSync(audit, 'utf8').trimEnd().split('\n')) JSON.parse(line)
      assert.equal(server.pid, pid)
      await server.stop()

      await using restarted = await startServe({ folder, env })
      assert.equal(restarted.url, server.url)
      const later = await json<TokenResponse>(await client.refresh(client_id, next.refresh_token))
      const listed = await getExpenses(client, later.access_token)
      assert.deepEqual(listed.map(({ id }) => id).toSorted(), [first, second].toSorted())
      assert.equal((await refresh(again.client, again.client_id, again.tokens)).status, 200)
    })
  }

  test('takes nothing new: people sign in all the same, a key is not half made, and the emulator says what it cannot keep', async (t) => {
    const folder = newFolder(t)
    await using server = await startServe({ folder, by: WITH_RIGHTS })
    const data = join(folder, '.entrance')
    const { client, client_id, tokens } = await signIn(server.url)
    const before = readFileSync(join(data, 'keys.json'))

    chmodSync(data, 0o500)
    const bob = await signIn(server.url, { account: 'Bob' })
    await addExpense(bob.client, bob.tokens.access_token)
    assert.equal((await refresh(client, client_id, tokens)).status, 200)
    const said = await until(() => told(server, 'emulator.state.failed'))
    assert.equal(said.length, 1)
    assert.match(said[0] ?? '', /in memory only.*emulator\.json cannot be used: this user may not/)
    const rotated = await entrance(['keys', 'rotate'], { cwd: folder, by: WITH_RIGHTS })
    assert.equal(rotated.code, 2)
    assert.match(rotated.stderr, /\.entrance cannot be used: EACCES/)
    assert.deepEqual(readFileSync(join(data, 'keys.json')), before)

    chmodSync(data, 0o700)
    const { oid } = decodeJwt(bob.tokens.access_token)
    await server.stop()
    assert.equal(told(server, 'emulator.state.resumed').length, 1)
    assert.ok(readFileSync(join(data, 'emulator.json'), 'utf8').includes(String(oid)))
  })

  test('damages the store: it answers 503 and says so, overwrites nothing, and a backup brings everybody back', async (t) => {
    const folder = newFolder(t)
    const path = join(folder, '.entrance', 'entrance.db')
    const env = await samePorts()
    const first = await startServe({ folder, env })
    const { client, client_id, tokens } = await signIn(first.url)
    await first.stop()
    const backup = readFileSync(path)

    await using server = await startServe({ folder, env })
    damage(path)
    const damaged = pagesOf(path)
    const refused = await client.refresh(client_id, tokens.refresh_token)
    assert.equal(refused.status, 503)
    const said = told(server, 'store.unreachable').join('\n')
    assert.match(said, /entrance\.db is damaged \(SQLite 11\)\. Restore it from a backup/)
    assert.equal((await fetch(`${server.url}/health`)).status, 200)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(pagesOf(path), damaged)
    await assert.rejects(startServe({ folder, env }), /ended with 2:.*is damaged/s)
    assert.deepEqual(pagesOf(path), damaged)

    for (const name of ['-wal', '-shm']) rmSync(path + name, { force: true })
    writeFileSync(path, backup)
    await using mended = await startServe({ folder, env })
    assert.equal(mended.url, server.url)
    assert.equal((await refresh(client, client_id, tokens)).status, 200)
  })
})

/** What the log says of an event: the sentence, and the error behind it. */
function told({ logs }: RunningServe, name: string): string[] {
  return logs.flatMap((entry) =>
    typeof entry === 'object' && entry.event === name
      ? [`${entry.message} ${entry.error ?? ''}`]
      : [],
  )
}

/** Which file, what is wrong with it, and what to do. */
function fullText(file: string): RegExp {
  return new RegExp(`${file} cannot be .*(Make room on it|Raise the limit|full \\(df\\))`)
}

/** Grants belong to the addresses that they were made at. */
async function samePorts() {
  return { PORT: String(await fixedPort()), EMULATOR_PORT: String(await fixedPort()) }
}

function refresh(client: OAuthClient, client_id: string, tokens: TokenResponse): Promise<Response> {
  return client.refresh(client_id, tokens.refresh_token)
}

/** Waits until something has been said. */
async function until(
  said: () => string[],
  meanwhile: () => Promise<unknown> = () => wait(20),
): Promise<string[]> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const found = said()
    if (found.length > 0) return found
    assert.ok(Date.now() < deadline, 'nothing was said')
    await meanwhile().catch(() => {})
  }
}

const PAGE = 4096

/** Overwrites all pages but the first, and has the server forget what it has read of them. */
function damage(path: string): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const { size } = statSync(path)
  const fd = openSync(path, 'r+')
  writeSync(fd, Buffer.alloc(size - PAGE, 0x5a), 0, size - PAGE, PAGE)
  db.exec('PRAGMA application_id = 1')
  db.close()
}

/** All but the first page. */
function pagesOf(path: string): Buffer {
  return readFileSync(path).subarray(PAGE)
}

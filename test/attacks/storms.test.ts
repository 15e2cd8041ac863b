import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createEntrance, type Entrance } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { createOAuthClient } from '../support/oauth-client.ts'

const url = 'http://localhost:8000'
const folder = mkdtempSync(join(tmpdir(), 'entrance-storm-'))
const path = join(folder, 'entrance.db')

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let entrance: Entrance
before(async () => {
  entrance = createEntrance({
    url,
    secret: randomBytes(32).toString('base64url'),
    store: sqliteStore(path),
    entra: {
      tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
      clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
      clientSecret: 'not-a-secret',
    },
    limits: false,
    fetch: () => Promise.reject(new Error('Nothing here may reach Entra.')),
  })
  await entrance.ready()
})
after(async () => {
  await entrance.close()
  rmSync(folder, { recursive: true, force: true })
})

const COUNT = 20_000

suite(`${COUNT} requests of nobody in particular leave nothing behind (ts-peers row 12)`, () => {
  test('registrations, each with another name and address', async () => {
    await assertFlat(async (i) => {
      const client_name = `Client ${i}`
      const redirect_uris = [`http://localhost:${10_000 + (i % 50_000)}/cb/${i}`]
      const response = await register({ client_name, redirect_uris })
      assert.equal(response.status, 201)
    })
  })

  test('authorization requests, each with another state', async () => {
    const { client_id } = (await (await register({})).json()) as { client_id: string }
    const { href } = createOAuthClient(url).authorization(client_id, { state: 'the-state' }).url
    await assertFlat(async (i) => {
      const response = await entrance.fetch(new Request(href.replace('the-state', `state-${i}`)))
      assert.equal(response.status, 302)
    })
  })

  test('forged tokens, codes and refresh tokens, each another one', async () => {
    const { client_id } = (await (await register({})).json()) as { client_id: string }
    const host = 'localhost:8000'
    await assertFlat(async (i) => {
      const tag = String(i).padStart(43, 'A')
      const token = `r1.${tag.slice(-22)}.1.AAAAAAAA.AAAAAA.${tag}`
      const authorization = `Bearer eyJhbGciOiJFUzI1NiJ9.${Buffer.from(`{"i":${i}}`).toString('base64url')}.${tag}`
      assert.equal(entrance.authenticate({ authorization, host }).isAllowed, false)
      if (i % 4 > 0) return
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id,
        refresh_token: token,
      })
      const response = await entrance.fetch(new Request(`${url}/token`, { method: 'POST', body }))
      assert.equal(response.status, 400)
    })
  })
})

async function register(metadata: Record<string, unknown>): Promise<Response> {
  const body = JSON.stringify({
    redirect_uris: ['http://127.0.0.1:49152/callback'],
    token_endpoint_auth_method: 'none',
    ...metadata,
  })
  const headers = { 'content-type': 'application/json' }
  return entrance.fetch(new Request(`${url}/register`, { method: 'POST', headers, body }))
}

/**
 * Neither heap nor store is larger afterwards, but for what any program's own caches take, once: a
 * leak grows in each half of the storm.
 */
async function assertFlat(request: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < 1000; i++) await request(i)
  const half = COUNT / 2
  const measured = [measure()]
  for (const start of [1000, 1000 + half]) {
    for (let i = start; i < start + half; i++) {
      // As a connection does: without a round of the event loop the store is never read.
      if (i % 100 === 0) await nextRound()
      await request(i)
    }
    measured.push(measure())
  }
  const [before, between, after] = measured as [Measured, Measured, Measured]
  const grown = Math.min(between.heap - before.heap, after.heap - between.heap) / half
  assert.ok(grown < 50, `${grown.toFixed(0)} bytes of heap for each request`)
  assert.equal(after.rows, before.rows)
  assert.equal(after.size, before.size)
}

type Measured = ReturnType<typeof measure>

function measure() {
  collectGarbage()
  using db = new DatabaseSync(path)
  const rows = Number(db.prepare('SELECT count(*) AS n FROM records').get()?.n)
  return { heap: process.memoryUsage().heapUsed, rows, size: statSync(path).size }
}

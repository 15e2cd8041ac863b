// What is left of a storm of strangers: memory and store, before and after.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createEntrance } from '../src/index.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { createOAuthClient } from '../test/support/oauth-client.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
const URL_HERE = 'http://localhost:8000'

const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
const path = join(folder, 'entrance.db')
const entrance = createEntrance({
  url: URL_HERE,
  secret: randomBytes(32).toString('base64url'),
  store: sqliteStore(path),
  // What they would hold up is what is measured.
  limits: false,
  entra: {
    tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
    clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
    clientSecret: 'not-a-secret',
  },
  fetch: () => Promise.reject(new Error('Nothing here may reach Entra.')),
})

try {
  await entrance.ready()
  const { client_id } = (await (await register({}, 0)).json()) as { client_id: string }
  const { href } = createOAuthClient(URL_HERE).authorization(client_id, { state: 'the-state' }).url
  console.log(`${COUNT} of each, after 1000 to warm up. MB; the store in bytes and rows.\n`)
  console.log('| storm | requests/s | RSS | heap | external | store | rows |')
  console.log('|---|--:|--:|--:|--:|--:|--:|')
  await storm('registrations, all alike', (i) => register({}, i), 201)
  await storm('registrations, each another', (i) => register(distinct(i), i), 201)
  await storm(
    'registrations with a secret',
    (i) => register({ ...distinct(i), token_endpoint_auth_method: 'client_secret_basic' }, i),
    201,
  )
  await storm('authorizations, abandoned', (i) => get(href.replace('the-state', `s${i}`), i), 302)
  await storm('authorizations, abandoned at the consent page', (i) => showConsent(href, i), 200)
} finally {
  await entrance.close()
  rmSync(folder, { recursive: true, force: true })
}

async function storm(
  name: string,
  request: (i: number) => Promise<Response>,
  status: number,
): Promise<void> {
  const send = async (i: number) => {
    const response = await request(i)
    if (response.status !== status) throw new Error(`${name}: ${response.status}`)
    await response.text()
  }
  for (let i = 0; i < 1000; i++) await send(i)
  const before = measure()
  const start = performance.now()
  for (let i = 1000; i < 1000 + COUNT; i++) await send(i)
  const rate = COUNT / ((performance.now() - start) / 1000)
  const after = measure()
  const pair = (key: keyof typeof before) => `${before[key]} → ${after[key]}`
  const cells = [
    name,
    rate.toFixed(0),
    pair('rss'),
    pair('heap'),
    pair('external'),
    pair('store'),
    pair('rows'),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

/** From an address of its own, as a proxy would say. */
function get(url: string, i: number): Promise<Response> {
  return entrance.fetch(new Request(url, { headers: addressOf(i) }))
}

async function showConsent(href: string, i: number): Promise<Response> {
  const answer = await get(href.replace('the-state', `s${i}`), i)
  return get(answer.headers.get('location') ?? '', i)
}

function register(metadata: object, i: number): Promise<Response> {
  const body = JSON.stringify({
    redirect_uris: ['http://127.0.0.1:49152/callback'],
    token_endpoint_auth_method: 'none',
    ...metadata,
  })
  const headers = { 'content-type': 'application/json', ...addressOf(i) }
  return entrance.fetch(new Request(`${URL_HERE}/register`, { method: 'POST', headers, body }))
}

function distinct(i: number): object {
  const redirect_uris = [`http://localhost:${10_000 + (i % 50_000)}/cb/${i}`]
  return { client_name: `Client ${i}`, redirect_uris }
}

function addressOf(i: number): Record<string, string> {
  return { 'x-forwarded-for': `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` }
}

function measure() {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  using db = new DatabaseSync(path)
  const rows = Number(db.prepare('SELECT count(*) AS n FROM records').get()?.n)
  const store = ['', '-wal'].reduce((sum, tail) => sum + sizeOf(`${path}${tail}`), 0)
  return {
    rss: toMegabytes(rss),
    heap: toMegabytes(heapUsed),
    external: toMegabytes(external),
    store,
    rows,
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function toMegabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { RunningEmulator } from '../../src/emulator/emulator.ts'
import { createEntrance, type Entrance, type EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import type { TestInternet } from '../support/internet.ts'
import type { Parameters, SignedIn, TokenResponse } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** An OAuth error as it went over the wire. */
export type WireError = { error: string; error_description: string }

/** Reads a JSON error (RFC 6749 §5.2): a name, and a description of printable ASCII. */
export async function readError(response: Response): Promise<WireError> {
  const body = (await response.json()) as WireError
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  assert.match(body.error, /^[a-z_]+$/)
  // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
  assert.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  return body
}

/** Holds that a request was refused, and how. */
export async function assertRefused(
  response: Response,
  status: number,
  error: string,
  description: string | RegExp,
): Promise<void> {
  const body = await readError(response)
  assert.deepEqual([response.status, body.error], [status, error], body.error_description)
  if (typeof description === 'string') assert.equal(body.error_description, description)
  else assert.match(body.error_description, description)
}

/** How often Entra's token endpoint was called with a grant type. */
export function countEntraCalls(emulator: RunningEmulator, grantType: string): number {
  return emulator.seen.filter(
    ({ endpoint, params }) => endpoint === 'token' && params.get('grant_type') === grantType,
  ).length
}

/** Whether an access token gets through the gate. */
export async function isLet(signedIn: Pick<SignedIn, 'client'>, token: string): Promise<boolean> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const response = await signedIn.client.mcp(token, { method: 'ping' })
    await response.body?.cancel()
    const { status } = response
    // After a leap of the clock the gate waits for word from the store before it says anything.
    if (status !== 503) {
      assert.ok(status === 401 || status < 300 || status === 400, `status ${status}`)
      return status !== 401
    }
    assert.ok(performance.now() < deadline, 'the gate says nothing')
    await setTimeout(20)
  }
}

/** A listening server and a second process's worth of it, over one SQLite file and one key. */
export type Replicas = AsyncDisposable & {
  readonly server: RunningEntrance
  /** The listening one first. */
  readonly entrances: readonly Entrance[]
  /** Posts to the token endpoint of one of them, in turn. */
  token(turn: number, parameters: Parameters): Promise<Response>
  /** The file. */
  readonly path: string
  /** What another replica is made with. */
  readonly options: EntranceOptions
}

export async function startReplicas(
  given: Partial<Omit<EntranceOptions, 'entra'>> = {},
  internet?: TestInternet,
): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-attacks-'))
  const path = join(folder, 'entrance.db')
  const secret = randomBytes(32).toString('base64url')
  const server = await startEntrance({
    entrance: { secret, store: sqliteStore(path), ...given },
    ...(internet && { internet }),
  })
  const { tenantId, application, origin: authority } = server.emulator
  const options: EntranceOptions = {
    url: server.url,
    secret,
    store: sqliteStore(path),
    entra: { tenantId, ...application, authority },
    ...given,
  }
  const other = createEntrance(options)
  await other.ready()
  const entrances = [server.entrance, other]
  return {
    server,
    entrances,
    path,
    options,
    token: (turn, parameters) =>
      (entrances[turn % 2] as Entrance).fetch(formRequest(`${server.url}/token`, parameters)),
    [Symbol.asyncDispose]: async () => {
      await other.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Another server in this process; it is never listened to, so nothing of it reaches Entra. */
export function unheardServer(
  server: RunningEntrance,
  options: Partial<EntranceOptions>,
): Entrance & AsyncDisposable {
  const { tenantId, application, origin: authority } = server.emulator
  const entrance = createEntrance({
    url: server.url,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
    ...options,
  })
  return { ...entrance, [Symbol.asyncDispose]: () => entrance.close() }
}

/** A form as a POST request. */
export function formRequest(
  url: string,
  parameters: Parameters,
  headers: Readonly<Record<string, string>> = {},
): Request {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const body = new URLSearchParams(given as [string, string][])
  return new Request(url, { method: 'POST', body, headers })
}

/** What a browser sends when a person opens a page. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
} as const

/** A GET with exactly these headers: `fetch` says `Sec-Fetch-Mode: cors`, whatever it is told. */
export async function get(
  url: URL | string,
  headers: Readonly<Record<string, string>> = NAVIGATION,
): Promise<Response> {
  const sent = request(url, { headers, agent: false }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const body = Buffer.concat(await answer.toArray())
  const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  return new Response(body, { status: answer.statusCode ?? 0, headers: pairs })
}

/** The parameters of a refresh. */
export function refreshOf({ client_id }: SignedIn, tokens: TokenResponse): Parameters {
  return { grant_type: 'refresh_token', client_id, refresh_token: tokens.refresh_token }
}

/** The parameters of a redemption. */
export function redemptionOf(
  { client_id, redirect_uri, code_verifier }: SignedIn['authorization'],
  code: string,
): Parameters {
  return { grant_type: 'authorization_code', client_id, redirect_uri, code_verifier, code }
}

/** `Authorization: Basic` as RFC 6749 §2.3.1 has it. */
export function basic(clientId: string, secret: string): { authorization: string } {
  const pair = [clientId, secret].map(encodeURIComponent).join(':')
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Date stands still and moves only by hand; timers run on. */
export function stopClock(): Disposable & { forward(seconds: number): void } {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return {
    forward: (seconds) => mock.timers.setTime(Date.now() + seconds * 1000),
    [Symbol.dispose]: () => mock.timers.reset(),
  }
}

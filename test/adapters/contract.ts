import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { after, type TestContext, test } from 'node:test'
import { LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/emulator.ts'
import {
  createEntrance,
  type Entrance,
  type EntranceOptions,
  type ProtectedHandler,
} from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { signIn } from '../support/oauth-client.ts'
import { bodyTests } from './bodies.ts'
import { messageTests } from './messages.ts'

/** An adapter under test. */
export type AdapterSetup = {
  readonly name: string
  /**
   * An application with Entrance in it and two routes of its own: GET `/own` says "own route",
   * POST `/own` reads JSON, with what the framework has for that, and gives it back.
   */
  readonly mount: (entrance: Entrance, handler: ProtectedHandler, prefix: string) => RequestListener
}

/** The application, listening, with somebody signed in. */
export type MountedServer = {
  /** The public base URL, without a trailing slash. */
  readonly url: string
  readonly origin: string
  readonly port: number
  /** Alice's. */
  readonly accessToken: string
  /** Sets what is behind the gate from now on. */
  handle(handler: ProtectedHandler): void
  /** Calls what is behind the gate, as Alice. */
  call(init?: RequestInit): Promise<Response>
}

/** One for all: to make its keys takes longer than a test. */
const emulator = startEmulator({ port: 0 })
after(async () => (await emulator).close())

const answerWho: ProtectedHandler = (_request, { authInfo }) =>
  Response.json({ name: authInfo.user.name, scopes: authInfo.scopes })

/** What every adapter must hold. */
export function adapterContract(setup: AdapterSetup): void {
  for (const prefix of ['', '/deeper/prefix']) {
    const where = prefix ? `below ${prefix}` : 'at the root'
    test(`${setup.name}: a person signs in and calls the server ${where}`, async (t) => {
      const server = await start(t, setup, prefix)
      const response = await server.call()
      assert.deepEqual(await response.json(), { name: 'Alice', scopes: ['mcp-access'] })
      await t.test('its metadata is at every address that clients try', () =>
        checkMetadata(server, prefix),
      )
      await t.test('the routes of the application go on', () => checkOwnRoutes(server))
    })
  }
  test(`${setup.name}: requests count against the address of the socket`, (t) =>
    countsByAddress(t, setup))
  test(`${setup.name}: bodies`, async (t) => bodyTests(t, await start(t, setup)))
  test(`${setup.name}: messages`, async (t) => messageTests(t, await start(t, setup)))
}

async function start(
  t: TestContext,
  setup: AdapterSetup,
  prefix = '',
  options: Partial<EntranceOptions> = {},
): Promise<MountedServer> {
  let listener: RequestListener
  const hosts = LOOPBACK_ADDRESSES
  const listening = await listen((...message) => listener(...message), { port: 0, hosts })
  t.after(() => listening.close())
  const origin = `http://localhost:${listening.port}`
  const url = `${origin}${prefix}`

  registerRedirectUri(await emulator, `${url}/auth/callback`)
  const { tenantId, application, origin: authority } = await emulator
  const entrance = createEntrance({
    url,
    secret: randomBytes(32).toString('base64url'),
    store: memoryStore(),
    entra: { tenantId, ...application, authority },
    ...options,
  })
  t.after(() => entrance.close())

  let handler = answerWho
  listener = setup.mount(entrance, (...call) => handler(...call), prefix)
  const accessToken = (await signIn(url)).tokens.access_token
  const authorization = `Bearer ${accessToken}`
  const call = (init: RequestInit = {}) =>
    fetch(`${url}/mcp`, { ...init, headers: { ...init.headers, authorization } })
  const handle = (next: ProtectedHandler) => {
    handler = next
  }
  return { url, origin, port: listening.port, accessToken, handle, call }
}

/** Without an address the limit would be twenty times as high; a header is no address. */
async function countsByAddress(t: TestContext, setup: AdapterSetup): Promise<void> {
  const server = await start(t, setup, '', { limits: { registrations: 10 } })
  const body = JSON.stringify({ redirect_uris: ['http://127.0.0.1:49152/callback'] })
  const register = (i: number) =>
    fetch(`http://127.0.0.1:${server.port}/register`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': `203.0.113.${i}` },
    })
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => register(i)))
  const refused = answers.filter(({ status }) => status === 429)
  assert.ok(refused.length >= 15, `${refused.length} of 30`)
  assert.equal(refused[0]?.headers.get('retry-after'), '10')
}

function registerRedirectUri({ directory }: RunningEmulator, uri: string): void {
  const [application] = directory.applications
  application?.web.redirectUris.push(uri)
}

/** RFC 9728 §3.1, RFC 8414 §3.1, and what clients try besides. */
async function checkMetadata({ url, origin }: MountedServer, prefix: string): Promise<void> {
  const resources = [`${origin}/.well-known/oauth-protected-resource${prefix}/mcp`]
  const servers = [
    `${origin}/.well-known/oauth-authorization-server${prefix}`,
    `${origin}/.well-known/openid-configuration${prefix}`,
    `${url}/.well-known/oauth-authorization-server`,
    `${url}/.well-known/openid-configuration`,
  ]
  for (const address of resources) {
    const metadata = (await (await fetch(address)).json()) as Record<string, unknown>
    assert.equal(metadata.resource, `${url}/mcp`, address)
    assert.deepEqual(metadata.authorization_servers, [url], address)
  }
  for (const address of servers) {
    const metadata = (await (await fetch(address)).json()) as Record<string, unknown>
    assert.equal(metadata.issuer, url, address)
    assert.equal(metadata.token_endpoint, `${url}/token`, address)
  }
  const refused = await fetch(`${url}/mcp`, { method: 'POST' })
  assert.equal(refused.status, 401)
  const challenge = refused.headers.get('www-authenticate') ?? ''
  assert.ok(challenge.includes(`resource_metadata="${resources[0]}"`), challenge)
}

async function checkOwnRoutes({ origin }: MountedServer): Promise<void> {
  assert.equal(await (await fetch(`${origin}/own`)).text(), 'own route')
  assert.equal((await fetch(`${origin}/nowhere`)).status, 404)
  // More than is read at once: whoever looks at the request first must leave its body alone.
  const body = JSON.stringify({ text: 'x'.repeat(5_000_000) })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${origin}/own`, { method: 'POST', body, headers })
  assert.equal((await response.text()).length, body.length)
}

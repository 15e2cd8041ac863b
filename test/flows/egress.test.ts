import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as nextTurn } from 'node:timers/promises'
import { type RunningEmulator, SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { addGroup } from '../support/admission.ts'
import { createBrowser } from '../support/browser.ts'
import { createLoopbackFetch } from '../support/certificate.ts'
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.ts'
import { codeOf, createOAuthClient, json, type TokenResponse } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'

/** Nobody can look it up: the proxy alone knows where it is. */
const HOST = 'login.example'

type Network = { entra: RunningEmulator; proxy: ForwardProxy }

/** Entra as it is for a company: behind a proxy, with a certificate of the company's own. */
async function startNetwork(t: TestContext, hostname = HOST): Promise<Network> {
  const caFolder = mkdtempSync(join(tmpdir(), 'entrance-ca-'))
  const entra = await startEmulator({ port: 0, https: { caFolder }, hostname })
  const proxy = await startForwardProxy()
  t.after(async () => {
    await proxy[Symbol.asyncDispose]()
    await entra.close()
    rmSync(caFolder, { recursive: true })
  })
  return { entra, proxy }
}

async function serve(t: TestContext, { entra }: Network, env: Record<string, string | undefined>) {
  const given = Object.entries({
    ENTRANCE_AUTHORITY: entra.origin,
    AZURE_TENANT_ID: SEED.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: SEED.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: SEED.clientSecret,
    NODE_EXTRA_CA_CERTS: entra.caFile,
    ...env,
  }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  const server = await startServe({ args: [], env: Object.fromEntries(given) })
  t.after(() => server.stop())
  const [application] = entra.directory.applications
  if (application) application.web.redirectUris = [`${server.url}/auth/callback`]
  return server
}

/** A person's browser finds its own way to Entra. */
function createPersonsBrowser({ entra }: Network) {
  const direct = createLoopbackFetch({ cert: entra.caCertificate ?? '' })
  return createBrowser((input, init) =>
    new URL(input instanceof Request ? input.url : input).origin === entra.origin
      ? direct(input, init)
      : fetch(input, init),
  )
}

async function trySignIn(network: Network, server: RunningServe) {
  const client = createOAuthClient(server.url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createPersonsBrowser(network).signIn(authorization.url, { until })
  return { client, client_id, authorization, page }
}

suite('with a proxy and a certificate authority of the company', () => {
  test('metadata, keys, all calls for tokens and Microsoft Graph go through it', async (t) => {
    const network = await startNetwork(t)
    const { entra, proxy } = network
    const { id } = addGroup(entra, 'Finance', [SEED.alice])
    const env = { HTTPS_PROXY: proxy.url, ENTRANCE_ALLOW_GROUPS: id }
    const server = await serve(t, network, env)
    const { client, client_id, authorization, page } = await trySignIn(network, server)
    const tokens = await json<TokenResponse>(await client.exchange(authorization, codeOf(page)))
    await json(await client.refresh(client_id, tokens.refresh_token))
    const asked = new Set(entra.seen.map(({ endpoint }) => endpoint))
    for (const endpoint of ['openid-configuration', 'keys', 'token', 'graph']) {
      assert.ok(asked.has(endpoint), endpoint)
    }
    assert.deepEqual([...new Set(proxy.connected)], [`${HOST}:${entra.port}`])
  })

  test('without a proxy too the authority is known', async (t) => {
    const network = await startNetwork(t, 'localhost')
    for (const [caFile, isTrusted] of [
      [network.entra.caFile, true],
      [undefined, false],
    ] as const) {
      const server = await serve(t, network, { NODE_EXTRA_CA_CERTS: caFile })
      const { client, authorization, page } = await trySignIn(network, server)
      if (isTrusted) await json(await client.exchange(authorization, codeOf(page)))
      else assert.match(page.text, /its certificate is not trusted here/)
    }
    assert.deepEqual(network.proxy.connected, [])
  })

  const TROUBLE: readonly {
    name: string
    env: (proxy: ForwardProxy) => Record<string, string | undefined>
    refusal?: number
    says: RegExp
    cure: RegExp
  }[] = [
    {
      name: 'whose authority Node was not told of',
      env: ({ url }) => ({ HTTPS_PROXY: url, NODE_EXTRA_CA_CERTS: undefined }),
      says: /its certificate is not trusted here/,
      cure: /NODE_EXTRA_CA_CERTS/,
    },
    {
      name: 'that wants a password',
      env: ({ bareUrl }) => ({ HTTPS_PROXY: bareUrl }),
      says: /the proxy wants a user name and a password \(407\)/,
      cure: /HTTPS_PROXY, as http:\/\/user:password@/,
    },
    {
      name: 'that does not let it through',
      env: ({ url }) => ({ HTTPS_PROXY: url }),
      refusal: 403,
      says: /the proxy refuses to connect \(403\)/,
      cure: /Let the proxy of HTTPS_PROXY through to Entra/,
    },
    {
      name: 'past which NO_PROXY leads',
      env: ({ url }) => ({ HTTPS_PROXY: url, NO_PROXY: HOST }),
      says: /its name (is not known here|cannot be looked up)/,
      cure: /HTTPS_PROXY has to name it/,
    },
  ]
  for (const { name, env, refusal, says, cure } of TROUBLE) {
    test(`${name}, the page and the log say what to do`, async (t) => {
      const network = await startNetwork(t)
      network.proxy.refusal = refusal
      const server = await serve(t, network, env(network.proxy))
      const { page } = await trySignIn(network, server)
      assert.equal(page.status, 503)
      assert.match(page.text, says)
      assert.match(page.text, cure)
      assert.doesNotMatch(page.text, /a-proxy-password/)
      const line = server.logs.find((e) => typeof e === 'object' && e.event === 'entra.unreachable')
      assert.match(String(typeof line === 'object' && line.message), says)
    })
  }

  // `node:https` would listen once more for each piece by each listener, until the memory is full.
  test('that answers piece by piece without end, the server goes on', async (t) => {
    let pieces = 0
    const proxy = createServer((socket) => {
      const timer = setInterval(() => socket.write('X', () => pieces++), 1)
      socket.on('error', () => {}).on('close', () => clearInterval(timer))
      socket.on('data', () => {})
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    t.after(() => proxy.close())
    const { port } = proxy.address() as AddressInfo
    const server = await serve(t, await startNetwork(t), {
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
    })
    const deadline = performance.now() + 15_000
    const isTold = () =>
      server.logs.some((e) => typeof e === 'object' && e.event === 'entra.unreachable')
    while (!isTold()) {
      assert.ok(performance.now() < deadline, 'It has said nothing for 15 seconds.')
      await nextTurn(20)
    }
    assert.ok(pieces > 0)
    const url = `${server.url}/.well-known/oauth-authorization-server`
    assert.equal((await fetch(url, { signal: AbortSignal.timeout(3000) })).status, 200)
  })
})

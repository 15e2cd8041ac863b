import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { type RunningEmulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser } from '../support/browser.ts'
import { startInternet, type TestInternet } from '../support/internet.ts'
import { publishDocuments, untilDocumentsAreFetched } from '../support/published-documents.ts'
import {
  authorizationUrl,
  connect,
  lookAhead,
  message,
  post,
  type Route,
  redirectUrisOf,
  refresh,
  type Session,
  sendRefresh,
  useServer,
} from '../support/simulated-client.ts'
import { SIMULATED_CLIENTS, type SimulatedClient } from '../support/simulated-clients.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

/** The ways to become known. */
const ROUTES: readonly Route[] = ['registration', 'metadata document']

const HOSTS = ['localhost', '127.0.0.1']

for (const route of ROUTES) {
  suite(`by ${route}`, () => {
    let server: RunningEntrance
    let internet: TestInternet
    before(async () => {
      internet = await startInternet()
      await publishDocuments(internet)
      server = await startEntrance(route === 'metadata document' ? { internet } : {})
      if (route === 'metadata document') await untilDocumentsAreFetched(server.url)
    })
    after(async () => {
      await server.stop()
      await internet.close()
    })

    const clients = SIMULATED_CLIENTS.filter(({ cimd }) => route === 'registration' || cimd)
    for (const client of clients) {
      for (const host of HOSTS) {
        const where = host === 'localhost' ? 'as configured' : `by ${host} (C3.1)`
        test(`${client.name} signs in, refreshes and works, ${where} (C1, C2)`, async () => {
          const url = `http://${host}:${server.port}/mcp`
          for (const [use, redirectUri] of redirectUrisOf(client, route, 50_000).entries()) {
            const session = await connect(client, url, { route, use, port: 50_000 })
            assert.equal(session.redirectUri, redirectUri)
            await assertWorks(session)
            await assertWorks(await refresh(session))
          }
        })
      }

      test(`${client.name} is challenged anew when its token is dead (C3.9)`, async () => {
        const session = await connect(client, `${server.url}/mcp`, { route })
        const { access_token } = session.tokens
        const dead = { ...session, tokens: { ...session.tokens, access_token: `${access_token}x` } }
        const refused = await post(dead, 'tools/list', message('tools/list', client.revision))
        await refused.body?.cancel()
        // 403 would have VS Code throw its registration away (C3.10).
        assert.equal(refused.status, 401)
        const challenge = refused.headers.get('www-authenticate') ?? ''
        assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+", /)
        assert.match(challenge, /resource_metadata="[^"]+", scope="mcp-access"$/)
        await assertWorks(await refresh(dead))
      })
    }

    for (const client of clients.filter(({ wantsOfflineAccess }) => wantsOfflineAccess)) {
      test(`${client.name} that asks for offline_access all the same is not sent to consent at Entra (C3.5)`, async () => {
        const seen = server.emulator.seen.length
        const overrides = { scope: 'mcp-access offline_access', prompt: 'consent' }
        await assertWorks(await connect(client, `${server.url}/mcp`, { route, overrides }))
        const requests = server.emulator.seen.slice(seen)
        const prompts = requests
          .filter(({ endpoint, method }) => endpoint === 'authorize' && method === 'GET')
          .map(({ params }) => params.get('prompt'))
        assert.ok(prompts.length > 0)
        assert.deepEqual([...new Set(prompts)], ['select_account'])
      })
    }

    if (route === 'metadata document') {
      test('nobody of them has registered, and each document was asked for once (C3.4)', () => {
        const events = server.logs.filter(({ event }) => event === 'client.registered')
        assert.deepEqual(events, [])
        for (const { cimd } of clients) {
          const asked = internet.requests.filter(({ url }) => url === cimd?.client_id)
          // The first of the list has been tried before as well, to see whether it can be had.
          assert.ok(asked.length === 1 || asked.length === 2, `${cimd?.client_id} ${asked.length}`)
        }
      })
    }

    test('a login that is begun and left does not stand in the way of the next (C3.13)', async () => {
      for (const client of clients) {
        const session = await connect(client, `${server.url}/mcp`, { route })
        await createBrowser().open(urlOf(session))
        await assertWorks(await connect(client, `${server.url}/mcp`, { route }))
        await assertWorks(session)
      }
    })
  })
}

suite('a server that lost its key, and with it every registration (C4)', () => {
  let emulator: RunningEmulator
  let server: RunningEntrance
  const sessions = new Map<SimulatedClient, Session>()
  before(async () => {
    emulator = await startEmulator({ port: 0 })
    const former = await startEntrance({ emulator })
    for (const client of SIMULATED_CLIENTS) {
      sessions.set(client, await connect(client, `${former.url}/mcp`))
    }
    await former.stop()
    server = await startEntrance({ emulator, port: former.port })
    // The first request may go down a connection to the former one.
    await fetch(`${server.url}/health`).catch(() => {})
  })
  after(async () => {
    await server.stop()
    await emulator.close()
  })

  for (const client of SIMULATED_CLIENTS) {
    test(`${client.name} is told so at its refresh, registers anew and works`, async () => {
      const session = sessionOf(client)
      const dead = await post(session, 'tools/list', message('tools/list', client.revision))
      await dead.body?.cancel()
      assert.equal(dead.status, 401)
      const refused = await sendRefresh(session)
      const body = (await refused.json()) as Record<string, unknown>
      assert.equal(refused.status, 401)
      assert.equal(body.error, 'invalid_client')
      assert.equal(body.registration_endpoint, `${server.url}/register`)
      // RFC 6749 §5.2: the challenge answers the scheme that was used.
      const isBasic = client.authentication === 'client_secret_basic'
      assert.equal(refused.headers.has('www-authenticate'), isBasic)
      assert.equal(client.stale.atToken, 'registers')
      await assertWorks(await connect(client, session.server))
    })
  }

  for (const client of SIMULATED_CLIENTS.filter((c) => c.stale.atAuthorize === 'stuck')) {
    test(`${client.name}, stuck with its old id, is shown how it is reset, and works after that`, async () => {
      const session = sessionOf(client)
      const page = await createBrowser().open(urlOf(session))
      assert.equal(page.status, 400)
      assert.match(page.text, /Client Not Registered/)
      assert.ok(page.html.includes(`<strong>${client.stale.reset}</strong>`), page.text)
      await assertWorks(await connect(client, session.server))
    })
  }

  for (const client of SIMULATED_CLIENTS.filter((c) => c.stale.atAuthorize === 'registers')) {
    test(`${client.name} looks ahead, sees 400, registers anew and works (C3.8)`, async () => {
      const session = sessionOf(client)
      const seen = await lookAhead(client, urlOf(session))
      assert.equal(seen.status, 400)
      assert.equal(((await seen.json()) as { error: string }).error, 'invalid_client')
      await assertWorks(await connect(client, session.server))
    })
  }

  for (const client of SIMULATED_CLIENTS.filter((c) => c.stale.atAuthorize === 'never')) {
    test(`${client.name} registers for each login and does not notice`, async () => {
      await assertWorks(await connect(client, sessionOf(client).server))
    })
  }

  function sessionOf(client: SimulatedClient): Session {
    const session = sessions.get(client)
    assert.ok(session)
    return session
  }
})

/** The address that a client would open for one more sign-in with what it has kept. */
function urlOf({ client, found, credentials, redirectUri }: Session): URL {
  const code_verifier = randomBytes(32).toString('base64url')
  const secrets = { state: client.state(), code_verifier }
  return authorizationUrl(client, { found, credentials, redirectUri, options: {} }, secrets)
}

async function assertWorks(session: Session): Promise<void> {
  assert.deepEqual(await useServer(session), [
    'add_user_expense',
    'get_expenses',
    'summarize_expenses',
    'update_user_expense',
    'delete_user_expense',
  ])
}

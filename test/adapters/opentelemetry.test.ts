import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemoryLogRecordExporter, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { startNodeSdk } from '@opentelemetry/sdk-node'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import {
  openTelemetryAudit,
  openTelemetryTraces,
  type TracesOptions,
} from '../../src/adapters/opentelemetry.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { SEED } from '../../src/emulator/seed.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { addExpense } from '../flows/expenses.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import { findSecrets } from '../support/secrets.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const spans = new InMemorySpanExporter()
const records = new InMemoryLogRecordExporter()
const sdk = startNodeSdk({
  logLevel: 'error',
  spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
  logRecordProcessors: [new SimpleLogRecordProcessor({ exporter: records })],
  metricReaders: [],
})
after(() => sdk.shutdown())

/** A server that is traced, and how to look at what came of it. */
async function startTraced(t: TestContext, options: TracesOptions = {}): Promise<RunningEntrance> {
  spans.reset()
  records.reset()
  const observers = [openTelemetryTraces(options), openTelemetryAudit()]
  const server = await startEntrance({ entrance: { observers } })
  t.after(() => server.stop())
  return server
}

const finished = () => spans.getFinishedSpans()
const named = (name: string) => finished().filter((span) => span.name === name)
const only = (name: string) => {
  const [span, ...more] = named(name)
  assert.ok(span && more.length === 0, `${1 + more.length} spans are called ${name}`)
  return span
}
const idOf = (span: ReadableSpan) => span.spanContext().spanId
const childrenOf = (parent: ReadableSpan) =>
  finished().filter(({ parentSpanContext }) => parentSpanContext?.spanId === idOf(parent))
const namesBelow = (parent: ReadableSpan) => childrenOf(parent).map(({ name }) => name)
const linksOf = ({ links }: ReadableSpan, kind: string) =>
  links.filter(({ attributes }) => attributes?.['entrance.link'] === kind)

const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const traceparent = (flags: string) => `00-${CALLER.traceId}-${CALLER.spanId}-${flags}`

suite('traces of a sign-in', () => {
  test('there is a span for each request, and below it for each part', async (t) => {
    const server = await startTraced(t)
    const { client, client_id, tokens } = await signIn(server.url)
    await client.refresh(client_id, tokens.refresh_token)
    const requests = finished().filter(({ kind }) => kind === SpanKind.SERVER)
    assert.deepEqual(
      requests.map(({ name }) => name),
      [
        'POST /register',
        'GET /authorize',
        'GET /consent',
        'POST /consent',
        'GET /auth/callback',
        'POST /token',
        'POST /token',
      ],
    )
    for (const span of requests) assert.equal(span.parentSpanContext, undefined)
    const callback = only('GET /auth/callback')
    assert.partialDeepStrictEqual(callback.attributes, {
      'http.request.method': 'GET',
      'http.route': '/auth/callback',
      'http.response.status_code': 302,
      'url.path': '/auth/callback',
      'url.scheme': 'http',
    })
    assert.ok(namesBelow(callback).includes('store create'), String(namesBelow(callback)))
    const exchange = only('entra sign-in')
    assert.deepEqual([exchange.parentSpanContext?.spanId], [idOf(callback)])
    assert.ok(namesBelow(exchange).includes('entra token'), String(namesBelow(exchange)))
    const asked = childrenOf(exchange).find(({ name }) => name === 'entra token')
    assert.partialDeepStrictEqual(asked?.attributes, {
      'server.address': 'localhost',
      'http.response.status_code': 200,
    })
    assert.match(String(asked?.attributes['entra.trace_id']), /^[0-9a-f-]{36}$/)
    const redeemed = namesBelow(only('redeem code'))
    for (const name of ['store get', 'store replace']) {
      assert.ok(redeemed.includes(name), String(redeemed))
    }
    assert.ok(namesBelow(only('refresh')).includes('entra token'))
  })

  test('its requests have its transaction in common, and are linked to where it began', async (t) => {
    const server = await startTraced(t)
    const { client, client_id, tokens } = await signIn(server.url)
    await client.refresh(client_id, tokens.refresh_token)
    const began = only('GET /authorize')
    const transaction = began.attributes['entrance.transaction']
    assert.match(String(transaction), /^[\w]{8}$/)
    const later = finished().filter(
      (span) => span !== began && span.attributes['entrance.transaction'] === transaction,
    )
    assert.equal(later.length, 5)
    for (const span of later) {
      const [link] = linksOf(span, 'sign-in')
      assert.equal(link?.context.spanId, idOf(began), span.name)
      assert.equal(link?.context.traceId, began.spanContext().traceId)
      assert.notEqual(span.spanContext().traceId, began.spanContext().traceId)
    }
  })

  test('a second replica goes on with it: its spans are linked to the first one’s', async (t) => {
    spans.reset()
    const folder = mkdtempSync(join(tmpdir(), 'entrance-traces-'))
    const emulator = await startEmulator({ port: 0 })
    t.after(async () => {
      await emulator.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    const secret = randomBytes(32).toString('base64url')
    const start = async (name: string, url?: string) => {
      const observers = [openTelemetryTraces({ tracer: trace.getTracer(name) })]
      const store = sqliteStore(join(folder, 'entrance.db'))
      const given = { store, secret, observers, ...(url && { url }) }
      const server = await startEntrance({ emulator, entrance: given })
      t.after(() => server.stop())
      return server
    }
    const first = await start('first')
    const second = await start('second', first.url)
    let replica = first
    const network: typeof fetch = (input, init) =>
      fetch(String(input).replace(first.url, replica.url), init)
    const client = createOAuthClient(first.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const browser = createBrowser(network)
    const consent = await browser.open(authorization.url)
    replica = second
    const until = authorization.redirect_uri
    let page = await browser.press(consent, 'Allow Access')
    page = await browser.press(page, /^Alice/, { until })
    if (!page.url.href.startsWith(until)) page = await browser.press(page, 'Accept', { until })
    await json(
      await createOAuthClient(second.url).exchange(authorization, codeOf(page), {
        resource: `${first.url}/mcp`,
      }),
    )

    const began = only('GET /authorize')
    assert.equal(began.instrumentationScope.name, 'first')
    for (const name of ['POST /consent', 'GET /auth/callback', 'POST /token']) {
      const span = only(name)
      assert.equal(span.instrumentationScope.name, 'second')
      assert.equal(linksOf(span, 'sign-in')[0]?.context.spanId, idOf(began), name)
    }
  })

  test('a call of a tool has its verdict, its tool and the sign-in; a refusal has why', async (t) => {
    const server = await startTraced(t)
    const { client, tokens } = await signIn(server.url)
    await addExpense(client, tokens.access_token)
    await client.mcp(undefined, { method: 'tools/list' })
    const [called, refused] = named('POST /mcp')
    assert.equal(called?.attributes['entrance.gate'], 'allowed')
    const [tool, ...more] = called?.events ?? []
    assert.deepEqual([tool?.name, more], ['tool.called', []])
    const { 'entrance.transaction': transaction } = only('GET /authorize').attributes
    assert.partialDeepStrictEqual(tool?.attributes, { tool: 'add_user_expense', transaction })
    assert.equal(refused?.attributes['entrance.gate'], 'no_token')
    assert.equal(refused?.attributes['http.response.status_code'], 401)
  })

  test('a tool that goes on when its answer has begun has a span of its own, below the call’s', async (t) => {
    const { url, entrance } = await startTraced(t)
    const { tokens } = await signIn(url)
    const guarded = entrance.protect((_request, { auditTool }) => {
      const { readable, writable } = new TransformStream()
      setImmediate(() => {
        auditTool('slow', 'success')
        writable.close()
      })
      return new Response(readable)
    })
    const authorization = `Bearer ${tokens.access_token}`
    const headers = { host: new URL(url).host, authorization }
    await (await guarded(new Request(`${url}/mcp`, { method: 'POST', headers }))).text()
    const tool = only('tool.called')
    assert.equal(tool.attributes.tool, 'slow')
    assert.equal(tool.parentSpanContext?.spanId, idOf(only('POST /mcp')))
  })

  test('reading the feed of revocations each second is no trace', async (t) => {
    const server = await startTraced(t)
    const { entrance } = server
    const before = entrance.status().store.silence
    assert.ok(before !== undefined)
    await fetch(`${server.url}/health`)
    assert.deepEqual(
      finished().map(({ name }) => name),
      ['GET /health'],
    )
  })
})

suite('what a span may not hold', () => {
  test('no secret, no query, no person’s name and no address is in any span', async (t) => {
    const server = await startTraced(t)
    const { client, client_id, code, authorization, tokens } = await signIn(server.url)
    await addExpense(client, tokens.access_token)
    await client.refresh(client_id, tokens.refresh_token)
    await client.exchange(authorization, code)
    const text = JSON.stringify(
      finished().map(({ name, attributes, events, links, status }) => [
        ...[name, attributes, events, links, status],
      ]),
    )
    assert.ok(text.length > 2000)
    assert.deepEqual(findSecrets(text), [])
    assert.doesNotMatch(text, /alice|Test client|[?&](code|state|request)=|127\.0\.0\.1|::1/i)
  })

  test('nor where everything goes wrong, with secrets in places that are no place for them', async (t) => {
    const server = await startTraced(t)
    const planted = `r1.${randomBytes(16).toString('base64url')}.1.kkkkkkkk.bbbbbb.${randomBytes(32).toString('base64url')}`
    const metadata = { client_name: `Name ${planted}` }
    const { client, client_id, code, authorization, tokens } = await signIn(server.url, {
      metadata,
    })
    const { access_token, refresh_token } = tokens
    const other = await json<{ client_id: string }>(await client.register())
    const asks: (() => Promise<Response>)[] = [
      () => client.exchange(authorization, code),
      () => client.exchange(authorization, planted, { code_verifier: planted }),
      () => client.refresh(other.client_id, refresh_token),
      () => client.refresh(client_id, refresh_token, { scope: planted, resource: planted }),
      () => client.refresh(planted, planted),
      () => client.token({ grant_type: planted, client_secret: planted }),
      () => client.token({}, { authorization: `Basic ${btoa(`${client_id}:${planted}`)}` }),
      () => client.revoke({ client_id: planted, token: access_token }),
      () => client.mcp(`${access_token}x`, { method: planted }),
      () => client.mcp(access_token, { method: 'tools/call', params: { name: planted } }),
    ]
    for (const ask of asks) await (await ask()).text()
    const headers = {
      traceparent: traceparent('01'),
      ...{ tracestate: `a=${planted}`, baggage: `a=${planted}`, 'user-agent': planted },
      cookie: `entrance=${planted}; entrance-tx-${planted.slice(3, 11)}=${planted}`,
    }
    for (const path of [
      `/auth/callback?code=${planted}&state=${planted}`,
      `/auth/callback?error=${planted}&error_description=AADSTS50011%20${planted}&state=${planted}`,
      `/authorize?client_id=${client_id}&state=${planted}&redirect_uri=http://localhost/${planted}`,
      `/consent?request=${planted}`,
      `/auth/apps?${planted}`,
      `/.well-known/oauth-authorization-server/${planted}`,
      `/${planted}`,
    ]) {
      await (await fetch(`${server.url}${path}`, { headers, redirect: 'manual' })).text()
    }
    const text = JSON.stringify([
      finished().map(({ name, attributes, events, links, status }) => [
        ...[name, attributes, events, status],
        links.map(({ context, attributes }) => [context, attributes, context.traceState]),
      ]),
      records.getFinishedLogRecords().map(({ attributes, body }) => [attributes, body]),
    ])
    assert.ok(named('POST /token').length >= 7)
    assert.deepEqual(findSecrets(text), [])
    for (const part of planted.split('.').filter(({ length }) => length > 6)) {
      assert.ok(!text.includes(part.slice(0, 12)), part)
      assert.ok(!text.includes(part.slice(-12)), part)
    }
  })

  test('of what fails there is the class, and no message', async () => {
    spans.reset()
    const { step } = openTelemetryTraces()
    const request = new Request('http://localhost/token?code=secret', { method: 'PURGE' })
    const run = () => Promise.reject(new TypeError('the code secret-value is wrong'))
    await assert.rejects(async () => step?.({ kind: 'request', name: '/token', request }, run))
    const span = only('HTTP /token')
    assert.equal(span.attributes['error.type'], 'TypeError')
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR })
    assert.doesNotMatch(JSON.stringify([span.attributes, span.events]), /secret/)
  })
})

suite('a stranger’s traceparent', () => {
  const open = (server: RunningEntrance, headers: Record<string, string>) =>
    fetch(`${server.url}/health`, { headers })

  test('forces no recording', async (t) => {
    const provider = new TracerProvider({
      sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
      spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
    })
    const server = await startTraced(t, { tracer: provider.getTracer('off') })
    await open(server, { traceparent: traceparent('01') })
    assert.deepEqual(finished(), [])
  })

  test('hides nothing, and does not choose the trace: it is linked to', async (t) => {
    const server = await startTraced(t)
    const tracestate = 'vendor=anything-they-like'
    await open(server, { traceparent: traceparent('00'), tracestate, baggage: 'user=alice' })
    const span = only('GET /health')
    assert.equal(span.parentSpanContext, undefined)
    assert.notEqual(span.spanContext().traceId, CALLER.traceId)
    const [link] = linksOf(span, 'caller')
    assert.deepEqual(link?.context, { ...CALLER, traceFlags: 0 })
  })

  test('that is none changes nothing', async (t) => {
    const server = await startTraced(t)
    for (const text of ['', 'x', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'a'.repeat(8000)]) {
      await open(server, { traceparent: text })
    }
    assert.equal(named('GET /health').length, 4)
    for (const span of finished()) assert.deepEqual(span.links, [])
  })

  test('is continued where the operator says that a proxy sets it', async (t) => {
    const server = await startTraced(t, { continueTraces: true })
    await open(server, { traceparent: traceparent('01'), baggage: 'user=alice' })
    const span = only('GET /health')
    assert.equal(span.spanContext().traceId, CALLER.traceId)
    assert.equal(span.parentSpanContext?.spanId, CALLER.spanId)
  })

  test('is not passed on to Entra', async (t) => {
    const sent: string[] = []
    const network: typeof fetch = (input, init) => {
      const { headers } = new Request(input, init)
      sent.push(...[...headers.keys()].filter((name) => /^(trace|baggage)/.test(name)))
      return fetch(input, init)
    }
    spans.reset()
    const observers = [openTelemetryTraces({ continueTraces: true })]
    await using server = await startEntrance({ entrance: { observers, fetch: network } })
    await signIn(server.url)
    assert.ok(named('entra token').length > 0)
    assert.deepEqual(sent, [])
    t.diagnostic(`${named('entra token').length} calls of Entra`)
  })
})

suite('traces of what goes wrong', () => {
  test('Entra’s refusal stands in the callback’s span, with its number', async (t) => {
    const server = await startTraced(t)
    const [application] = server.emulator.directory.applications
    assert.ok(application)
    application.passwordCredentials = []
    await assert.rejects(signIn(server.url))
    const callback = only('GET /auth/callback')
    const event = callback.events.find(({ name }) => name === 'sign_in.failed')
    assert.equal(event?.attributes?.outcome, 'failure')
    assert.match(String(event?.attributes?.aadsts), /^70\d+$/)
    assert.match(String(event?.attributes?.entraTraceId), /^[0-9a-f-]{36}$/)
    assert.equal(only('entra sign-in').attributes['error.type'], 'EntraError')
  })

  test('Entra that is away is an error of the call and of the request', async (t) => {
    const server = await startTraced(t)
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const browser = createBrowser()
    const consent = await browser.open(client.authorization(client_id).url)
    await server.emulator.close()
    const page = await browser.press(consent, 'Allow Access')
    assert.equal(page.status, 503)
    assert.equal(named('entra metadata').at(-1)?.attributes['error.type'], 'ECONNREFUSED')
    const request = only('POST /consent')
    assert.deepEqual(request.status, { code: SpanStatusCode.ERROR })
    assert.equal(request.attributes['error.type'], '503')
  })

  test('a request that fills its bound is not refused for being followed', async (t) => {
    const server = await startTraced(t)
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const statuses = async (traced: boolean) => {
      const headers = traced ? {} : { traceparent: traceparent('00') }
      const lengths = Array.from({ length: 60 }, (_, i) => 1990 + i)
      const opened = lengths.map(async (length) => {
        const { url } = client.authorization(client_id, { state: 's'.repeat(length) })
        const answer = await fetch(url, { redirect: 'manual', headers })
        return answer.headers.get('location')?.includes('/consent') ? 'consent' : 'refused'
      })
      return Promise.all(opened)
    }
    const followed = await statuses(true)
    const plain = await startEntrance({ port: 0, emulator: server.emulator })
    t.after(() => plain.stop())
    assert.deepEqual(followed, await statuses(false))
  })
})

suite('the audit log as log records', () => {
  test('has the names and fields of its lines, and belongs to the request’s span', async (t) => {
    const server = await startTraced(t)
    const { tokens, client } = await signIn(server.url)
    await addExpense(client, tokens.access_token)
    const emitted = records.getFinishedLogRecords()
    assert.deepEqual(
      emitted.map(({ eventName, severityText }) => `${eventName} ${severityText}`),
      ['consent.allowed INFO', 'sign_in.completed INFO', 'token.issued INFO', 'tool.called INFO'],
    )
    const signedIn = emitted[1]
    assert.partialDeepStrictEqual(signedIn?.attributes, {
      outcome: 'success',
      name: 'Alice',
      tid: SEED.tenantId,
      clientName: 'Test client',
      scope: 'mcp-access',
    })
    assert.equal(signedIn?.spanContext?.spanId, idOf(only('GET /auth/callback')))
    assert.match(signedIn?.body as string, /has signed in at Entra/)
  })

  test('with names off it has the ids of a person, and no name', () => {
    records.reset()
    const person = { oid: 'o', tid: 't', name: 'Alice', preferred_username: 'alice@example.com' }
    openTelemetryAudit({ names: false }).audit?.({
      event: 'token.refused',
      outcome: 'denied',
      person,
    })
    const [record] = records.getFinishedLogRecords()
    assert.deepEqual(record?.attributes, { outcome: 'denied', oid: 'o', tid: 't' })
    assert.equal(record?.severityText, 'WARN')
  })
})

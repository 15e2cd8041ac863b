import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import type { LogEvent } from '../../src/index.ts'
import { addExpense } from '../flows/expenses.ts'
import { signIn } from '../support/oauth-client.ts'
import { attributesOf, startCollector } from '../support/otlp-collector.ts'
import { findSecrets } from '../support/secrets.ts'
import { startServe } from '../support/serve.ts'
import { entrance } from './client/command.ts'

const root = dirname(dirname(import.meta.dirname))

suite('serve with OpenTelemetry', () => {
  test('sends a whole sign-in and its audit log, the last of it at the stop', async () => {
    await using collector = await startCollector()
    await using server = await startServe({
      env: { ...collector.env, ENTRANCE_AUDIT: 'otel', OTEL_RESOURCE_ATTRIBUTES: 'team=mcp' },
    })
    const { client, tokens } = await signIn(server.url)
    await addExpense(client, tokens.access_token)
    assert.equal(await server.stop(), 0)

    const { spans, records, resource } = collector
    const names = spans.filter(({ parentSpanId }) => !parentSpanId).map(({ name }) => name)
    assert.deepEqual(names, [
      ...['POST /register', 'GET /authorize', 'GET /consent', 'POST /consent'],
      ...['GET /auth/callback', 'POST /token', 'POST /mcp'],
    ])
    const began = spans.find(({ name }) => name === 'GET /authorize')
    const token = spans.find(({ name }) => name === 'POST /token')
    assert.deepEqual(
      token?.links?.map(({ spanId }) => spanId),
      [began?.spanId],
    )
    assert.deepEqual(
      records.map(({ eventName }) => eventName),
      ['consent.allowed', 'sign_in.completed', 'token.issued', 'tool.called'],
    )
    const callback = spans.find(({ name }) => name === 'GET /auth/callback')
    assert.equal(records[1]?.traceId, callback?.traceId)
    assert.partialDeepStrictEqual(attributesOf(records[1] ?? { attributes: [] }), {
      outcome: 'success',
      upn: 'alice@entrance.example',
      clientName: 'Test client',
    })
    assert.equal(resource.get('service.name'), 'entrance')
    assert.match(String(resource.get('service.version')), /^\d+\.\d+\.\d+/)
    assert.equal(resource.get('team'), 'mcp')
    assert.match(String(resource.get('service.instance.id')), /^[0-9a-f-]{36}$/)
    // A store's address with its password may be an argument of the command.
    assert.deepEqual(
      [...resource.keys()].filter((name) => name.startsWith('process.')),
      [],
    )
    assert.deepEqual(findSecrets(JSON.stringify([spans, records])), [])
  })

  test('takes the service’s name from OTEL_SERVICE_NAME, and sends no logs unasked', async () => {
    await using collector = await startCollector()
    await using server = await startServe({
      env: { ...collector.env, OTEL_SERVICE_NAME: 'expenses' },
    })
    await signIn(server.url)
    await server.stop()
    assert.equal(collector.resource.get('service.name'), 'expenses')
    assert.ok(collector.spans.length > 5)
    assert.deepEqual(collector.records, [])
  })

  test('continues a trace that a proxy sets, where ENTRANCE_TRACEPARENT says so', async () => {
    await using collector = await startCollector()
    const env = { ...collector.env, ENTRANCE_TRACEPARENT: 'continue' }
    await using server = await startServe({ env })
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
    await fetch(`${server.url}/health`, { headers })
    await server.stop()
    assert.deepEqual(
      collector.spans.map((span) => [span.traceId, span.parentSpanId]),
      [[traceId, '00f067aa0ba902b7']],
    )
  })

  test('a collector that never answers costs nobody a sign-in, and the stop seconds at most', async (t) => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const silent = createServer(() => resolve()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => closeAll(silent))
    const { port } = silent.address() as AddressInfo
    await using server = await startServe({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    })
    await signIn(server.url)
    await asked
    const begun = performance.now()
    assert.equal(await server.stop(), 0)
    assert.ok(performance.now() - begun < 8000, `${performance.now() - begun} ms`)
  })

  test('a collector that refuses is told of in the log, once, and with no password', async (t) => {
    let refusals = 0
    const { promise: refused, resolve } = Promise.withResolvers<void>()
    const refusing = createServer((_, response) => {
      response.writeHead(401).end()
      if (++refusals === 3) resolve()
    }).listen(0, '127.0.0.1')
    await once(refusing, 'listening')
    t.after(() => closeAll(refusing))
    const { port } = refusing.address() as AddressInfo
    await using server = await startServe({
      env: {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://user:pass-word@127.0.0.1:${port}/v1/traces`,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key-of-the-collector',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
      },
    })
    for (let i = 0; i < 5; i++) await fetch(`${server.url}/health`)
    await refused
    await server.stop()
    const told = server.logs.filter((line) => (line as LogEvent).event === 'telemetry.failed')
    assert.equal(told.length, 1)
    assert.match((told[0] as LogEvent).message, /^OpenTelemetry cannot do its work: .*Unauthorized/)
    assert.doesNotMatch(JSON.stringify(server.logs), /pass-word|key-of-the-collector/)
  })

  test('the audit log with OpenTelemetry switched off is refused: it would go nowhere', async () => {
    for (const env of [{ OTEL_SDK_DISABLED: 'true' }, { OTEL_LOGS_EXPORTER: 'none' }]) {
      const started = startServe({ env: { ENTRANCE_AUDIT: 'otel', ...env } })
      await assert.rejects(started, (error: Error) => {
        assert.match(error.message, /ended with 2:/)
        assert.match(
          error.message,
          /ENTRANCE_AUDIT\s+is otel, and OpenTelemetry is told to send no/,
        )
        assert.ok(error.message.includes(`Unset ${Object.keys(env)[0]}`))
        return true
      })
    }
  })

  test('the audit log by an exporter that is none, or by a file that is not there, is refused likewise', async () => {
    for (const env of [{ OTEL_LOGS_EXPORTER: 'otpl' }, { OTEL_CONFIG_FILE: 'none.yaml' }]) {
      const started = startServe({ env: { ENTRANCE_AUDIT: 'otel', ...env } })
      await assert.rejects(
        started,
        /ended with 2:.*ENTRANCE_AUDIT\s+is otel, .* sends logs nowhere/s,
      )
    }
  })

  test('a way with traces that is none is refused with those that are', async () => {
    const started = startServe({ env: { ENTRANCE_TRACEPARENT: 'trust' } })
    await assert.rejects(started, /ended with 2:.*ENTRANCE_TRACEPARENT.*'trust'.*continue/s)
  })

  test('a command on the store sends what the operator did with it', async (t) => {
    const folder = folderOf(t)
    await using collector = await startCollector()
    await using server = await startServe({ folder })
    await signIn(server.url)
    const { port } = new URL(server.signInWith)
    const env = {
      ...{ ...collector.env, ENTRANCE_AUDIT: 'otel', HOME: folder },
      ...{ PORT: String(server.port), EMULATOR_PORT: port },
    }
    const words = ['sessions', 'revoke', '--all', '--yes', '--emulator']
    const { code, stdout, stderr } = await entrance(words, { cwd: folder, env })
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Ended 1 session\.$/m)
    assert.deepEqual(
      collector.records.map(({ eventName }) => eventName),
      ['grant.revoked', 'operator.sessions_revoked'],
    )
    assert.match(
      String(attributesOf(collector.records[1] ?? { attributes: [] }).actor),
      /^command:/,
    )
    assert.deepEqual(collector.spans, [])
  })
})

suite('without the packages of OpenTelemetry', () => {
  test('the variable that asks for them is refused with what to install', async (t) => {
    const run = install(t)
    const { code, out } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    assert.equal(code, 2)
    assert.match(
      out,
      /OTEL_EXPORTER_OTLP_ENDPOINT\s+asks for OpenTelemetry, whose packages are not/,
    )
    assert.match(out, /npm install @opentelemetry\/api@\S+ @opentelemetry\/sdk-node@\S+/)
    const audited = await run({ ENTRANCE_AUDIT: 'otel' })
    assert.match(audited.out, /ENTRANCE_AUDIT\s+asks for OpenTelemetry/)
  })

  test('the server runs as ever where nothing asks for them, or they are switched off', async (t) => {
    const run = install(t)
    const off = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' }
    for (const env of [{}, off, { OTEL_TRACES_EXPORTER: 'none' }]) {
      const { code, out } = await run(env)
      assert.match(out, /"event":"server\.listening"/)
      assert.equal(code, 0, out)
    }
  })
})

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-telemetry-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

function closeAll(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** An installation that lacks them; gives how to run its server until it listens, or gives up. */
function install(t: TestContext) {
  const folder = folderOf(t)
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  writeFileSync(join(folder, 'package.json'), '{"type":"module","version":"0.0.0"}')
  symlinkSync(join(root, 'dist'), join(folder, 'dist'), 'junction')
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.') || name === '@opentelemetry') continue
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
  return async (env: Record<string, string>) => {
    const options = ['--preserve-symlinks', '--preserve-symlinks-main']
    const main = join(folder, 'dist', 'cli', 'main.js')
    const child = spawn(process.execPath, [...options, main, 'serve', '--emulator'], {
      cwd: folder,
      env: { PATH: process.env.PATH, PORT: '0', EMULATOR_PORT: '0', LOG_FORMAT: 'json', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('server.listening')) child.kill('SIGTERM')
    })
    const exit = once(child, 'close')
    const written = await Promise.all([text(child.stdout), text(child.stderr)])
    return { code: (await exit)[0] as number, out: written.join('') }
  }
}

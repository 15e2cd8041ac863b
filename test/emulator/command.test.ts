import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runEmulator } from '../../src/cli/commands/emulator.ts'
import type { EmulatorCommandOptions } from '../../src/cli/emulator-options.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { issueServerCertificate } from '../../src/emulator/local-authority.ts'

test('the command prints what to paste, and stops when told', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, data }, io)
  const banner = await firstLine
  const origin = /http:\/\/localhost:\d+/.exec(banner)?.[0]
  for (const line of [
    `ENTRA_PROXY_AZURE_CLIENT_ID=${SEED.clientId}`,
    `ENTRA_PROXY_AZURE_CLIENT_SECRET=${SEED.clientSecret}`,
    `AZURE_TENANT_ID=${SEED.tenantId}`,
    `ENTRANCE_AUTHORITY=${origin}`,
    'Alice  alice@entrance.example',
    'Bob  bob@entrance.example',
  ]) {
    assert.ok(banner.includes(line), line)
  }
  assert.equal((await fetch(String(origin))).status, 200)
  assert.ok(existsSync(join(data, 'emulator.json')))
  stop()
  await running
  await assert.rejects(fetch(String(origin)))
})

test('--json says the same for a program', async () => {
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, json: true }, io)
  const said = JSON.parse(await firstLine)
  assert.equal(said.tenantId, SEED.tenantId)
  assert.equal(said.variables.ENTRANCE_AUTHORITY, said.origin)
  const names = said.accounts.map(({ displayName }: { displayName: string }) => displayName)
  assert.deepEqual(names, ['Alice', 'Bob', 'Ada'])
  stop()
  await running
})

test('a refused sign-in is a line on stderr', async () => {
  const { io, firstLine, stop, errors } = newIo()
  const running = runEmulator({ port: 0, json: true }, io)
  const { origin } = JSON.parse(await firstLine)
  await fetch(`${origin}/common/oauth2/v2.0/authorize?client_id=${SEED.clientId}`)
  assert.match(errors.join(''), /^The emulator refused a request at authorize: AADSTS50194: .*\n$/)
  stop()
  await running
})

test('a port in use is a ConfigError that names it and the cure', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { io } = newIo()
  await assert.rejects(runEmulator({ port }, io), (error) => {
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, new RegExp(`Port ${port} is taken .* --port`))
    return true
  })
})

test('an address that is not this machine’s is a ConfigError', async () => {
  const { io } = newIo()
  await assert.rejects(runEmulator({ port: 0, host: '192.0.2.1', expose: true }, io), ConfigError)
})

test('--https prints whom to trust, and the line that does', async (t) => {
  const data = newFolder(t)
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, https: true, data }, io)
  const banner = await firstLine
  const caFile = join(data, 'emulator-ca.pem')
  assert.match(banner, /^Entra ID emulator at https:\/\/localhost:\d+\n/)
  assert.ok(banner.includes(`  NODE_EXTRA_CA_CERTS=${caFile}\n`))
  assert.ok(banner.includes(`signed by the authority in ${caFile},\nwhich stays the same.`))
  assert.match(banner, /SSL_CERT_FILE=.*\n {2}AzureProvider\(base_authority="localhost:\d+", …\)/)
  assert.ok(existsSync(caFile))
  stop()
  await running
})

test('--https without --data keeps the authority as long as it runs', async () => {
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, https: true, json: true }, io)
  const { caFile, origin, variables } = JSON.parse(await firstLine)
  assert.equal(variables.NODE_EXTRA_CA_CERTS, caFile)
  assert.match(origin, /^https:/)
  assert.ok(existsSync(caFile))
  stop()
  await running
  assert.equal(existsSync(caFile), false)
})

test('--cert and --key are used as they are, and --hostname is in the address', async (t) => {
  const folder = newFolder(t)
  const { cert, key } = issueServerCertificate(undefined, ['emulator.test'])
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
  const { io, firstLine, stop } = newIo()
  const options = { port: 0, ...files, hostname: 'emulator.test', json: true }
  const running = runEmulator(options, io)
  const { origin, caFile } = JSON.parse(await firstLine)
  assert.match(origin, /^https:\/\/emulator\.test:\d+$/)
  assert.equal(caFile, undefined)
  stop()
  await running
})

test('what is wrong with the options is said at once, each with its cure', async (t) => {
  const folder = newFolder(t)
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const [one, other] = [issueServerCertificate(undefined), issueServerCertificate(undefined)]
  writeFileSync(files.cert, one.cert)
  writeFileSync(files.key, other.key)
  const config = join(folder, 'directory.json')
  writeFileSync(config, '{ "users": [{ "tenantId": "x" }], "tenant": [] }')
  const empty = join(folder, 'empty.json')
  writeFileSync(empty, '')
  const cases: [EmulatorCommandOptions, string[]][] = [
    [{ port: 0, host: '0.0.0.0' }, ['--host | signs in as anybody']],
    [{ port: 0, host: '192.0.2.1', control: true }, ['--host |', '--control |']],
    [{ port: 0, hostname: 'http://x' }, ['--hostname | is no host name']],
    [{ port: 0, cert: files.cert }, ['--key | is missing']],
    [{ port: 0, key: files.key }, ['--cert | is missing']],
    [{ port: 0, ...files }, ['--key | is not the key of']],
    [{ port: 0, ...files, https: true }, ['--https | --cert brings one', '--key |']],
    [{ port: 0, cert: config, key: files.key }, ['--cert | holds no certificate']],
    [{ port: 0, cert: files.cert, key: config }, ['--key | holds no private key']],
    [{ port: 0, cert: folder, key: files.key }, ['--cert | not a file']],
    [{ port: 0, data: '/dev/null/x' }, ['--data |']],
    // Node's own recursive mkdir would never come back.
    [{ port: 0, data: '/proc/x' }, ['--data | cannot be used']],
    [{ port: 0, data: '' }, ['--data | it names no folder']],
    [{ port: 0, config: join(folder, 'none.json') }, ['--config | ENOENT']],
    [{ port: 0, config: empty }, ['--config | it is empty']],
    [
      { port: 0, config },
      [`${config}: users[0].userPrincipalName | is missing`, `${config}: tenant | is not known`],
    ],
  ]
  for (const [options, expected] of cases) {
    const problems = await problemsOf(options)
    assert.equal(problems.length, expected.length, problems.join('\n'))
    for (const [i, text] of expected.entries()) {
      const [option = '', part = ''] = text.split(' |')
      assert.ok(problems[i]?.startsWith(`${option} | `), problems[i])
      assert.ok(problems[i]?.includes(part.trim()), `${problems[i]} has ${part}`)
    }
  }
})

test('--expose lets it listen where others can reach it', async () => {
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, host: '0.0.0.0', expose: true, json: true }, io)
  assert.match(JSON.parse(await firstLine).origin, /^http:\/\/localhost:/)
  stop()
  await running
})

test('--config is the directory, --print-config what it could be', async (t) => {
  const config = join(newFolder(t), 'directory.json')
  const printed = newIo()
  await runEmulator({ port: 0, printConfig: true }, printed.io)
  writeFileSync(config, (await printed.firstLine).replaceAll('Alice', 'Carol'))
  const { io, firstLine, stop } = newIo()
  const running = runEmulator({ port: 0, config, json: true }, io)
  assert.equal(JSON.parse(await firstLine).accounts[0].displayName, 'Carol')
  stop()
  await running
})

test('--print-schema is a JSON schema that knows every list', async () => {
  const { io, firstLine } = newIo()
  await runEmulator({ port: 0, printSchema: true }, io)
  const schema = JSON.parse(await firstLine)
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(Object.keys(schema.properties), [
    '$schema',
    ...Object.keys(createEmulator().directory),
  ])
  assert.equal(schema.additionalProperties, false)
})

test('the command line refuses values that cannot be meant, with exit code 2', () => {
  for (const [args, message] of [
    [['--port', 'x'], /--port <port>.*Expected a port number/],
    [['--cloud', 'mars'], /--cloud <name>.*Allowed choices are public, usgov, china/],
    [['--htps'], /unknown option '--htps'[\s\S]*--https/],
    [['--host', '0.0.0.0'], /--host[\s\S]*signs in as anybody[\s\S]*--expose/],
  ] as const) {
    const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
    const { status, stderr } = spawnSync(process.execPath, [main, 'emulator', ...args], {
      encoding: 'utf8',
    })
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  }
})

async function problemsOf(options: EmulatorCommandOptions): Promise<string[]> {
  const { io } = newIo()
  try {
    await runEmulator(options, io)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.problems.map(({ option, problem, cure }) => `${option} | ${problem} ${cure}`)
  }
  return []
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function newIo() {
  const controller = new AbortController()
  const first = Promise.withResolvers<string>()
  const errors: string[] = []
  const io = {
    stdout: { write: (text: string) => first.resolve(text) },
    stderr: { write: (text: string) => errors.push(text) },
    signal: controller.signal,
  }
  return { io, firstLine: first.promise, errors, stop: () => controller.abort() }
}

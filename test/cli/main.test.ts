import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LOOPBACK_ADDRESSES, listen } from '../../src/adapters/listen.ts'
import { entrance, startEntranceCommand } from './client/command.ts'

const cwd = mkdtempSync(join(tmpdir(), 'entrance-main-'))
after(() => rmSync(cwd, { recursive: true, force: true }))

const ESCAPE = '\u001b['

test('--help lists the commands, examples and exit codes on stdout', async () => {
  const { code, stdout, stderr } = await entrance(['--help'])
  assert.equal(code, 0)
  assert.equal(stderr, '')
  for (const word of ['serve', 'emulator', 'client', 'keys', 'Examples:', 'Exit codes:', '130']) {
    assert.ok(stdout.includes(word), word)
  }
})

for (const words of [
  ['serve'],
  ['setup'],
  ['emulator'],
  ['client'],
  ['client', 'login'],
  ['client', 'tools'],
  ['client', 'call'],
  ['client', 'logout'],
  ['client', 'list'],
  ['connect'],
  ['keys'],
  ['keys', 'list'],
  ['keys', 'rotate'],
]) {
  test(`entrance ${words.join(' ')} --help explains it and does nothing`, async () => {
    const { code, stdout } = await entrance([...words, '--help'], { cwd })
    assert.equal(code, 0)
    assert.ok(stdout.startsWith(`Usage: entrance ${words.join(' ')}`), stdout)
    assert.deepEqual(readdirSync(cwd), [])
  })
}

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const { code, stdout } = await entrance(['--version'])
  assert.deepEqual([code, stdout], [0, `${version}\n`])
})

test('without a command the help goes to stderr, with exit code 2', async () => {
  const { code, stdout, stderr } = await entrance([])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /Usage: entrance/)
})

test('an unknown command or option is wrong usage, and the nearest one is suggested', async () => {
  for (const [words, suggestion] of [
    [['serv'], 'Did you mean serve?'],
    [['client', 'tols'], 'Did you mean tools?'],
    [['serve', '--prot', '1'], 'Did you mean --port?'],
  ] as const) {
    const { code, stdout, stderr } = await entrance(words)
    assert.deepEqual([code, stdout], [2, ''])
    assert.ok(stderr.includes(suggestion), stderr)
  }
})

test('a missing argument is wrong usage, and named', async () => {
  const { code, stderr } = await entrance(['client', 'call', 'http://localhost:1/mcp'])
  assert.equal(code, 2)
  assert.match(stderr, /missing required argument 'tool'/)
})

test('a number that is none is refused with what was given and what is expected', async () => {
  for (const [words, expected] of [
    [['serve', '--port', '80a'], /'80a' is invalid\. Expected a port number from 0 to 65535/],
    [['serve', '--port', '65536'], /'65536' is invalid/],
    [['serve', '--port', '-1'], /'-1' is invalid|argument missing/],
    [['emulator', '--port', ''], /'' is invalid/],
    [['client', 'login', 'http://localhost:1/', '--timeout', '0'], /'0' is invalid/],
    [['serve', '--log-format', 'xml'], /Allowed choices are text, json/],
  ] as const) {
    const { code, stderr } = await entrance(words, { cwd })
    assert.equal(code, 2, words.join(' '))
    assert.match(stderr, expected)
  }
})

test('a half-set configuration is told at once, each problem with variable and cure', async () => {
  const env = {
    AZURE_TENANT_ID: 'not a tenant!',
    ENTRA_PROXY_AZURE_CLIENT_SECRET: '0f0f0f0f-1111-2222-3333-444444444444',
    ENTRANCE_STORE: 'mongodb://user:password@example.com',
    LOG_FORMAT: 'xml',
    PORT: '99999',
  }
  const { code, stdout, stderr } = await entrance(['serve'], { cwd, env })
  assert.deepEqual([code, stdout], [2, ''])
  const heading = /The configuration has (\d+) problems:/.exec(stderr)
  assert.equal(Number(heading?.[1]), stderr.match(/→/g)?.length)
  for (const name of [...Object.keys(env), 'ENTRA_PROXY_AZURE_CLIENT_ID']) {
    assert.match(stderr, new RegExp(`^ {2}${name}$`, 'm'))
  }
  assert.doesNotMatch(stderr, /password|0f0f0f0f/)
  assert.deepEqual(readdirSync(cwd), [])
})

test('there are colours only where they are wanted', async () => {
  const plain = await entrance(['serve', '--url', 'nonsense'], { cwd })
  assert.ok(!plain.stderr.includes(ESCAPE))
  const forced = await entrance(['serve', '--url', 'nonsense'], { cwd, env: { FORCE_COLOR: '1' } })
  assert.ok(forced.stderr.includes(ESCAPE))
  const help = await entrance(['--help'], { env: { FORCE_COLOR: '1' } })
  assert.ok(help.stdout.includes(ESCAPE))
  const none = await entrance(['--help'], { env: { NO_COLOR: '1' } })
  assert.ok(!none.stdout.includes(ESCAPE))
})

test('an unexpected error is short; its stack comes with DEBUG=entrance', async () => {
  const file = join(cwd, 'a-file')
  writeFileSync(file, '')
  const words = ['client', 'list'] as const
  // A file where the folder should be: ENOTDIR, which nobody has foreseen.
  const short = await entrance(words, { env: { ENTRANCE_CLIENT_DATA: file } })
  assert.equal(short.code, 1)
  assert.match(short.stderr, /^Something went wrong: .*ENOTDIR.*\nRun it again with DEBUG=entrance/)
  assert.doesNotMatch(short.stderr, /^\s+at /m)
  const env = { ENTRANCE_CLIENT_DATA: file, DEBUG: 'entrance' }
  assert.match((await entrance(words, { env })).stderr, /^\s+at /m)
  rmSync(file)
})

test('a reader that goes away is no error', async () => {
  using running = startEntranceCommand(['--help'])
  running.child.stdout?.destroy()
  const { code, stderr } = await running.finished
  assert.deepEqual([code, stderr], [0, ''])
})

test('keys and the emulator answer with nothing but JSON on stdout', async () => {
  const data = join(cwd, 'keys')
  const rotated = await entrance(['keys', 'rotate', '--data', data, '--json'], { cwd })
  assert.equal(rotated.code, 0)
  const listed = await entrance(['keys', 'list', '--data', data, '--json'], { cwd })
  assert.deepEqual(JSON.parse(listed.stdout).keys, JSON.parse(rotated.stdout).keys)

  using running = startEntranceCommand(['emulator', '--port', '0', '--json'], { cwd })
  const [line] = await new Promise<Buffer[]>((resolve) => {
    running.child.stdout?.once('data', (chunk) => resolve([chunk]))
  })
  assert.match(JSON.parse(String(line)).origin, /^http:\/\/localhost:\d+$/)
  running.child.kill('SIGINT')
  assert.equal((await running.finished).code, 0)
  rmSync(data, { recursive: true })
})

test('requests go through the environment’s proxy, but never those to this machine', async (t) => {
  const asked: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  proxy.on('request', (request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(502).end()
  })
  proxy.listen(0, '127.0.0.1')
  t.after(() => proxy.close())
  await once(proxy, 'listening')
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const env = { HTTPS_PROXY: address, HTTP_PROXY: address, HOME: cwd }
  const away = await entrance(['client', 'login', 'https://mcp.example.test/mcp'], { env })
  assert.equal(away.code, 1)
  assert.match(away.stderr, /Cannot reach https:\/\/mcp\.example\.test/)
  assert.deepEqual([...new Set(asked)], ['mcp.example.test:443'])
  const notFound: RequestListener = (_, response) => void response.writeHead(404).end()
  const local = await listen(notFound, { port: 0, hosts: LOOPBACK_ADDRESSES })
  t.after(() => local.close())
  for (const host of ['localhost', '127.0.0.1']) {
    const here = await entrance(['client', 'login', `http://${host}:${local.port}/mcp`], { env })
    assert.match(here.stderr, /There is no MCP server at/)
  }
  assert.deepEqual([...new Set(asked)], ['mcp.example.test:443'])
})

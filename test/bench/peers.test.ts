import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Installation, install } from '../../bench/peers/install.ts'
import type { Entra, Peer, PeerRun } from '../../bench/peers/peer.ts'
import { PeerAbsent } from '../../bench/peers/peer.ts'
import { PEERS, startPeers } from '../../bench/peers/peers.ts'
import { runPeer } from '../../bench/peers/run-peer.ts'
import { checkCall } from '../../bench/subjects/tool-call.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { COMMAND } from '../support/serve.ts'

// Nothing is brought from anywhere here: programs of this machine stand for tools and peers.

const folder = mkdtempSync(join(tmpdir(), 'entrance-peers-'))
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const node = (code: string) => [process.execPath, '-e', code] as const

function installation(name: string, given: Partial<Installation>): Installation {
  return { name, version: '1.0.0', pins: 'one==1', steps: [], ...given }
}

async function reasonOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof PeerAbsent, String(error))
  return error.message
}

test('an installation that fails is told by its tool and status; what the tool said stays in its folder', async () => {
  const steps = [
    node('console.error("https://packages.example/?token=abc in /home/me"); process.exit(3)'),
  ]
  const why = await reasonOf(install(installation('failing', { steps }), { cache: folder }))
  assert.match(
    why,
    /^Its installation failed: `node(\.exe)?` ended with 3; install\.log in its folder says why\.$/,
  )
  const log = readFileSync(join(folder, 'failing-1.0.0', 'install.log'), 'utf8')
  assert.match(log, /packages\.example/)
})

test('a tool that is not on this machine is named', async () => {
  const steps = [['no-such-tool-of-peers', 'install']] as const
  const why = await reasonOf(install(installation('toolless', { steps }), { cache: folder }))
  assert.equal(why, 'It needs `no-such-tool-of-peers`, which is not on this machine.')
})

for (const [said, why] of [
  ['No module named venv', /needs Python's venv/],
  ['ERROR: No matching distribution found for one==1', /Python of this machine/],
  ['reading https://modules.example/one.info: 403 Forbidden', /refuses them/],
  ['npm error code EAI_AGAIN', /cannot be reached/],
] as const) {
  test(`an installation that fails with "${said}" is told by its cause`, async () => {
    const steps = [node(`console.error(${JSON.stringify(said)}); process.exit(1)`)]
    const reason = await reasonOf(install(installation('caused', { steps }), { cache: folder }))
    assert.match(reason, why)
    assert.doesNotMatch(reason, /example|\//)
  })
}

test('an installation that hangs is ended, with all that it started', async () => {
  const hang = 'setInterval(() => {}, 1000)'
  const code = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', '${hang}'])
    require('node:fs').writeFileSync('pid', String(child.pid)); ${hang}`
  const steps = [node(code)]
  const hanging = install(installation('hanging', { steps }), { cache: folder, patience: 2000 })
  assert.equal(await reasonOf(hanging), 'Its installation took longer than 2 seconds.')
  const pid = Number(readFileSync(join(folder, 'hanging-1.0.0', 'pid'), 'utf8'))
  await until(() => !isRunning(pid))
})

test('what was installed is used again, and installed anew by other pins', async () => {
  const count = "const { appendFileSync } = require('node:fs'); appendFileSync('../counted', '.')"
  const steps = [node(count)]
  const bring = (pins: string) => install(installation('kept', { steps, pins }), { cache: folder })
  const counted = () => readFileSync(join(folder, 'counted'), 'utf8').length
  assert.equal(await bring('one==1'), join(folder, 'kept-1.0.0'))
  await bring('one==1')
  assert.equal(counted(), 1)
  await bring('one==2')
  assert.equal(counted(), 2)
})

test('an installation that failed once is tried again', async () => {
  const failing = installation('retried', { steps: [node('process.exit(1)')] })
  await reasonOf(install(failing, { cache: folder }))
  const steps = [node("require('node:fs').writeFileSync('there', '')")]
  const place = await install({ ...failing, steps }, { cache: folder })
  assert.equal(readFileSync(join(place, 'there'), 'utf8'), '')
})

test('a peer that is started has signed a person in, who has ten expenses, and signs in others', async () => {
  await using emulator = await startEntra()
  const { subjects, absent } = await startPeers(run, emulator.entra, [
    await ownServer(emulator.entra),
  ])
  await using _ = { [Symbol.asyncDispose]: () => end(subjects) }
  assert.deepEqual(absent, [])
  const [subject] = subjects
  assert.ok(subject?.signIn)
  await checkCall(subject.call)
  const { access_token } = await subject.signIn()
  const authorization = `Bearer ${access_token}`
  await checkCall({ ...subject.call, headers: { ...subject.call.headers, authorization } })
})

test('a peer that does not come up, and one that signs nobody in, are absent for different reasons', async () => {
  await using emulator = await startEntra()
  const { entra } = emulator
  const peers = [
    peerOf('Broken', { command: process.execPath, args: ['-e', 'process.exit(1)'] }),
    await ownServer({ ...entra, clientSecret: 'not-the-secret' }, 'Locked out'),
  ]
  const { subjects, absent } = await startPeers(run, entra, peers)
  await end(subjects)
  assert.deepEqual(absent, [
    { subject: 'Broken', why: 'Its program does not come up here.' },
    { subject: 'Locked out', why: 'It came up, but the first sign-in or tool call failed.' },
  ])
})

test('a mistake of the bench itself ends the peers that run, and is no absence', async () => {
  await using emulator = await startEntra()
  const server = await ownServer(emulator.entra)
  let pid = 0
  const first: Peer = {
    name: 'First',
    async start(...given) {
      const subject = await server.start(...given)
      pid = subject.pid
      return subject
    },
  }
  const second: Peer = { name: 'Second', start: () => Promise.reject(new Error('a mistake')) }
  await assert.rejects(startPeers(run, emulator.entra, [first, second]), /a mistake/)
  await until(() => !isRunning(pid))
})

test('peers are pinned exactly, all that they bring included', () => {
  const read = (...path: string[]) =>
    readFileSync(join(import.meta.dirname, '../../bench/peers', ...path), 'utf8')
  const requirements = read('fastmcp-py', 'requirements.txt').trim().split('\n')
  assert.deepEqual(
    requirements.filter((line) => !/^[\w.-]+==[\w.]+( ;.+)?$/.test(line)),
    [],
  )
  for (const pin of ['fastmcp==4.2.3', 'uvicorn==0.54.0'])
    assert.ok(requirements.includes(pin), pin)
  const { dependencies } = JSON.parse(read('fastmcp-ts', 'package.json'))
  assert.equal(dependencies.fastmcp, '4.20.16')
  const lock = read('fastmcp-ts', 'package-lock.json')
  assert.deepEqual(JSON.parse(lock).packages[''].dependencies, dependencies)
  assert.doesNotMatch(lock, /"resolved"/)
  assert.deepEqual(
    PEERS.map(({ name }) => name),
    ['FastMCP (Python)', 'FastMCP (TypeScript)', 'mcp-auth-proxy (Go)'],
  )
})

const run: PeerRun = { folder, say: () => {} }

async function startEntra() {
  const emulator = await startEmulator({ port: 0, control: true })
  const { origin: authority, tenantId, application } = emulator
  const { clientId, clientSecret } = application
  const entra: Entra = { authority, tenantId, clientId, clientSecret }
  return { entra, [Symbol.asyncDispose]: () => emulator.close() }
}

/** The built server stands for one of somebody else's: it is known by its metadata alone. */
async function ownServer(entra: Entra, name = 'Own'): Promise<Peer> {
  const port = await fixedPort()
  const env = {
    PORT: String(port),
    ENTRANCE_DATA: mkdtempSync(join(folder, 'data-')),
    ENTRANCE_AUTHORITY: entra.authority,
    AZURE_TENANT_ID: entra.tenantId,
    ENTRA_PROXY_AZURE_CLIENT_ID: entra.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: entra.clientSecret,
  }
  return peerOf(name, { command: process.execPath, args: [COMMAND, 'serve'], env }, port)
}

function peerOf(name: string, program: Parameters<typeof runPeer>[2]['program'], port = 1): Peer {
  const facts = { name, url: `http://localhost:${port}`, callbackPath: '/auth/callback', program }
  return { name, start: (own, entra) => runPeer(own, entra, { ...facts, conditions: [] }) }
}

async function end(subjects: readonly AsyncDisposable[]): Promise<void> {
  for (const subject of subjects) await subject[Symbol.asyncDispose]()
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'it never came to be')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

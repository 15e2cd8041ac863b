import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { SEED } from '../../../src/emulator/emulator.ts'
import { startServe } from '../../support/serve.ts'
import { entrance, startEntranceCommand } from '../client/command.ts'
import { enterCode } from '../graph/device.ts'
import { openPlace } from '../setup/support.ts'

/** A port where nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return String(typeof address === 'object' ? address?.port : 0)
}

async function place(t: TestContext) {
  const { emulator, folder, env, applications, dotEnv } = await openPlace(t)
  const PORT = await closedPort()
  const run = (...words: string[]) =>
    entrance(['doctor', ...words], { cwd: folder, env: { ...env, PORT } })
  const setup = (...words: string[]) =>
    entrance(['setup', '--yes', '--token', 'az', ...words], { cwd: folder, env: { ...env, PORT } })
  return { emulator, folder, env: { ...env, PORT }, run, setup, applications, dotEnv }
}

type Report = { version: 1; status: string; summary: Record<string, number>; findings: Finding[] }

const parse = (stdout: string) => JSON.parse(stdout) as Report
const errorsOf = ({ findings }: Report) =>
  findings.filter(({ status }) => status === 'error').map(({ id }) => id)

suite('the exit code', () => {
  test('is 2 where nothing is configured, and 3 where the command is wrong', async (t) => {
    const { run } = await place(t)
    const nothing = await run('--json')
    assert.equal(nothing.code, 2)
    assert.deepEqual(errorsOf(parse(nothing.stdout)), ['config.entra.none'])
    assert.equal((await run('--jsn')).code, 3)
    const text = await run('AADSTS50011')
    assert.equal(text.code, 3)
    assert.match(text.stderr, /doctor explain/)
    const unknown = await run('--only', 'entra.everything')
    assert.equal(unknown.code, 3)
    assert.match(unknown.stderr, /There is no check entra\.everything/)
    assert.equal((await run('--help')).code, 0)
  })

  test('is 0 against a server that runs, and 2 at a public address where none does', async () => {
    await using serve = await startServe()
    const emulatorPort = new URL(serve.signInWith).port
    const env = { PORT: String(serve.port), EMULATOR_PORT: emulatorPort, ENTRANCE_CLONE: '1' }
    const options = { cwd: serve.folder, env: { PATH: process.env.PATH ?? '', ...env } }
    const good = await entrance(['doctor', '--json'], options)
    assert.equal(good.code, 0, good.stdout)
    const report = parse(good.stdout)
    assert.ok((report.summary.ok ?? 0) > 15, good.stdout)
    const address = `http://localhost:${await closedPort()}`
    const bad = await entrance(['doctor', '--public', address, '--only', 'server'], options)
    assert.equal(bad.code, 2)
    assert.match(bad.stdout, /server\.reach\.refused/)
  })
})

test('the JSON is as documented', async (t) => {
  const { run } = await place(t)
  const { version, status, summary, findings } = parse((await run('--json')).stdout)
  assert.deepEqual([version, status], [1, 'error'])
  assert.deepEqual(Object.keys(summary), ['ok', 'warning', 'error', 'skipped'])
  for (const [name, count] of Object.entries(summary)) {
    assert.equal(findings.filter((finding) => finding.status === name).length, count)
  }
  const known = ['id', 'status', 'what', 'expected', 'found', 'why', 'portal', 'command', 'docs']
  for (const finding of findings) {
    assert.deepEqual(
      Object.keys(finding).filter((name) => ![...known, 'canFix'].includes(name)),
      [],
    )
  }
})

test('--fix makes the registration from nothing, and looks again', async (t) => {
  const { run, applications, dotEnv } = await place(t)
  const { code, stdout, stderr } = await run('--fix', '--yes', '--token', 'az', '--json')
  assert.equal(code, 0, stdout + stderr)
  assert.deepEqual(errorsOf(parse(stdout)), [])
  assert.equal(applications()[0]?.appId, dotEnv().ENTRA_PROXY_AZURE_CLIENT_ID)
})

test('--fix mends what is wrong with a registration, and looks again', async (t) => {
  const { run, setup, applications } = await place(t)
  assert.equal((await setup()).code, 0)
  const [app] = applications()
  assert.ok(app)
  app.web.redirectUris = []
  app.api.requestedAccessTokenVersion = null
  const before = await run('--json', '--token', 'az')
  assert.equal(before.code, 2)
  assert.deepEqual(errorsOf(parse(before.stdout)), [
    'registration.token-version',
    'registration.redirect-uri-missing',
  ])
  const { code, stdout, stderr } = await run('--fix', '--yes', '--token', 'az')
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /--fix does this\./)
  assert.match(stdout, /0 errors, 0 warnings/)
  assert.equal(app.api.requestedAccessTokenVersion, 2)
})

for (const state of ['from nothing', 'with a registration that is wrong']) {
  test(`--fix ${state} has a person sign in by device code once`, async (t) => {
    const { emulator, folder, env, setup, applications } = await place(t)
    if (state !== 'from nothing') {
      await setup()
      for (const app of applications()) app.api.requestedAccessTokenVersion = 1
    }
    const words = ['doctor', '--fix', '--yes', '--token', 'device-code']
    using running = startEntranceCommand(words, { cwd: folder, env })
    const [, code = ''] = await running.said(/enter the code {2}(\w+)/)
    await enterCode(emulator, code)
    const again = running.said(/enter the code.*enter the code/s).then(
      () => assert.fail('A second code is shown.'),
      () => {},
    )
    await Promise.race([again, running.finished])
    const { code: exit, stdout, stderr } = await running.finished
    assert.equal(exit, 0, stdout + stderr)
    assert.match(stdout, /^ok +registration /m)
  })
}

test('--fix for a deployment registers its address, and leaves that of this machine', async (t) => {
  const { run, setup, applications, dotEnv } = await place(t)
  assert.equal((await setup()).code, 0)
  const before = dotEnv()
  const address = 'https://no-such-host.invalid'
  await run('--public', address, '--fix', '--yes', '--token', 'az')
  assert.ok(applications()[0]?.web.redirectUris.includes(`${address}/auth/callback`))
  assert.deepEqual(dotEnv(), before)
})

test('--fix asks before it does, and nobody there is no yes', async (t) => {
  const { run, setup, applications } = await place(t)
  assert.equal((await setup()).code, 0)
  const [app] = applications()
  assert.ok(app)
  app.web.redirectUris = []
  const { code, stderr } = await run('--fix', '--token', 'az')
  assert.equal(code, 3)
  assert.match(stderr, /Nobody is here to agree/)
  assert.deepEqual(app.web.redirectUris, [])
})

test('no secret is in what it writes, whatever is wrong', async (t) => {
  const { run, setup, applications, folder } = await place(t)
  assert.equal((await setup()).code, 0)
  const secret = /SECRET=(\S+)/.exec(readFileSync(join(folder, '.env'), 'utf8'))?.[1] ?? ''
  assert.ok(secret.length > 20)
  const [app] = applications()
  assert.ok(app)
  app.passwordCredentials = []
  for (const words of [[], ['--json'], ['--token', 'az']]) {
    const { code, stdout, stderr } = await run(...words)
    assert.equal(code, 2)
    for (const part of [secret, secret.slice(0, 6), secret.slice(-6)]) {
      assert.ok(!`${stdout}${stderr}`.includes(part))
    }
  }
})

test('a report is plain text where it is no terminal, and in colours where they are asked for', async (t) => {
  const { folder } = await place(t)
  const run = (env: Record<string, string>) => entrance(['doctor'], { cwd: folder, env })
  assert.ok(!(await run({})).stdout.includes('\u001b'))
  assert.ok((await run({ FORCE_COLOR: '1' })).stdout.includes('\u001b[31mERROR'))
})

test('explain reads the text of its arguments, or standard input', async () => {
  const { code, stdout } = await entrance(['doctor', 'explain', 'AADSTS50105'])
  assert.equal(code, 0)
  assert.match(stdout, /Assignment required/)
  const nothing = await entrance(['doctor', 'explain'])
  assert.equal(nothing.code, 3)
  assert.equal((await entrance(['doctor', 'explain', '--json', SEED.clientId])).code, 3)
})

suite('whatever it is asked', () => {
  for (const [name, words] of [
    ['an address that is none', ['--public', 'file:///etc/passwd']],
    ['the address of an endpoint', ['--public', 'https://expenses.example.com/mcp']],
    ['no address, as of an empty variable', ['--public', '']],
    ['a check that there is not', ['--only', 'entra.everything']],
    ['no check, as of an empty variable', ['--only', '']],
    ['to explain what nobody knows', ['explain', 'it does not work']],
    ['a token that has no Graph', ['--token', 'env', '--fix', '--yes']],
  ] as const) {
    test(`${name}, stdout is JSON, and the exit code says that it could not look`, async (t) => {
      const { run } = await place(t)
      const { code, stdout, stderr } = await run(...words, '--json')
      assert.equal(code, 3, stdout + stderr)
      const { version, status, message } = JSON.parse(stdout)
      assert.deepEqual([version, status], [1, 'failed'])
      assert.ok(stderr.includes(message), stderr)
    })
  }
})

test('a newcomer sees one error, and one line for each reason to skip', async (t) => {
  const { run } = await place(t)
  const { stdout } = await run()
  assert.equal(stdout.match(/^ERROR/gm)?.length, 1)
  assert.ok((stdout.match(/^skipped/gm)?.length ?? 0) <= 4, stdout)
  assert.match(stdout, /config\.entra has to be mended\s+first:\s.*entra\.authorize/s)
})

test('a deployment is looked at from a clone that has no Entra ID of its own', async (t) => {
  const { folder } = await place(t)
  const env = { PATH: process.env.PATH ?? '', ENTRANCE_CLONE: '1', NODE_ENV: 'production' }
  const address = 'https://no-such-host.invalid'
  const { stdout } = await entrance(['doctor', '--json', '--public', address], { cwd: folder, env })
  assert.deepEqual(errorsOf(parse(stdout)), ['server.reach.name'])
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { resolveServeSettings } from '../../src/cli/env.ts'
import { findReplicaDoubts, findReplicaProblems } from '../../src/cli/replicas.ts'
import { unfitByType } from '../../src/files/file-system.ts'
import { newFolder } from '../support/disk.ts'
import { startServe } from '../support/serve.ts'
import { startEntranceCommand } from './client/command.ts'

const SHARED = {
  ENTRANCE_STORE: 'redis://localhost',
  ENTRANCE_SECRET: 'a-secret-of-forty-characters-or-of-more-0',
}

function problemsOf(env: Record<string, string>): string[] {
  return findReplicaProblems(resolveServeSettings({}, env)).map(
    ({ option, problem, cure }) => `${option} ${problem} ${cure}`,
  )
}

const doubtsOf = (env: Record<string, string>) => findReplicaDoubts(resolveServeSettings({}, env))

suite('several replicas', () => {
  test('are refused with sign-ins in a file, and what works is named', () => {
    const [told = '', ...others] = problemsOf({ ENTRANCE_REPLICAS: '3' })
    assert.match(told, /^ENTRANCE_REPLICAS is 3, and sign-ins are in the file .*entrance\.db/)
    assert.match(
      told,
      /Set ENTRANCE_STORE to redis:.* leave ENTRANCE_REPLICAS out where all run on/,
    )
    assert.deepEqual(others, [])
    assert.deepEqual(problemsOf({ ENTRANCE_REPLICAS: '1' }), [])
    assert.deepEqual(problemsOf({}), [])
  })

  test('are refused with a shared store and expenses in a file', () => {
    const [told = ''] = problemsOf({ ...SHARED, ENTRANCE_REPLICAS: '2' })
    assert.match(told, /^ENTRANCE_REPLICAS is 2, and expenses are in the file .*expenses\.db/)
    const expenses = { EXPENSES_STORE: 'postgres://localhost/expenses' }
    assert.deepEqual(problemsOf({ ...SHARED, ...expenses, ENTRANCE_REPLICAS: '2' }), [])
  })

  test('a number that is none is refused', () => {
    for (const text of ['0', '-1', 'two', '1.5', '99999']) {
      const { problems } = resolveServeSettings({}, { ENTRANCE_REPLICAS: text })
      assert.ok(
        problems.some(({ option }) => option === 'ENTRANCE_REPLICAS'),
        text,
      )
    }
  })

  test('are warned of on each platform that can run several, until somebody says that there is one', () => {
    for (const [variable, name] of [
      ['KUBERNETES_SERVICE_HOST', /Kubernetes/],
      ['CONTAINER_APP_NAME', /Azure Container Apps/],
      ['CONTAINER_APP_REPLICA_NAME', /Azure Container Apps/],
      ['WEBSITE_SITE_NAME', /Azure App Service/],
      ['WEBSITE_INSTANCE_ID', /Azure App Service/],
    ] as const) {
      const [told = ''] = doubtsOf({ [variable]: 'here' })
      assert.match(told, name)
      assert.match(told, /ENTRANCE_REPLICAS=1 where there is never more than one/)
      assert.deepEqual(doubtsOf({ [variable]: 'here', ENTRANCE_REPLICAS: '1' }), [])
      assert.deepEqual(doubtsOf({ [variable]: 'here', ...SHARED }), [])
    }
  })

  test('the server that is started says so, and starts or does not', async (t) => {
    const folder = newFolder(t)
    const env = { ENTRANCE_REPLICAS: '2', PORT: '0', EMULATOR_PORT: '0' }
    const { code, stderr } = await run(t, { cwd: folder, env })
    assert.equal(code, 2, stderr)
    assert.match(stderr, /ENTRANCE_REPLICAS\n +is 2, and sign-ins are in the file/)
    await using server = await startServe({ folder, env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })
    const warned = server.logs.filter(
      (entry) => typeof entry === 'object' && entry.event === 'server.replicas',
    )
    assert.equal(warned.length, 1)
  })
})

suite('a file of SQLite on the disk of another machine', () => {
  test('is told by the number of its file system, with or without its sign', () => {
    assert.deepEqual(unfitByType(0x6969), { name: 'NFS', isNetwork: true })
    assert.equal(unfitByType(0xfe534d42)?.isNetwork, true)
    assert.equal(unfitByType(0xff534d42 | 0)?.name, 'SMB (CIFS)')
    assert.deepEqual(unfitByType(0x65735546), { name: 'FUSE', isNetwork: false })
    for (const local of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630]) {
      assert.equal(unfitByType(local), undefined)
    }
  })

  for (const [name, type, ending] of [
    ['refused on a share', 0x6969, 'refused'],
    ['warned of where it may be one', 0x65735546, 'warned'],
  ] as const) {
    test(`is ${name}`, { skip: process.platform !== 'linux' && 'Linux has these' }, async (t) => {
      const folder = newFolder(t)
      // As if the system said so: nobody can mount a share for a test.
      const stand = join(folder, 'as-if.cjs')
      writeFileSync(
        stand,
        `const fs = require('node:fs')\nfs.statfsSync = () => ({ type: ${type} })\nrequire('node:module').syncBuiltinESMExports()\n`,
      )
      const env = { NODE_OPTIONS: `--require=${stand}`, PORT: '0', EMULATOR_PORT: '0' }
      if (ending === 'refused') {
        const { code, stderr } = await run(t, { cwd: folder, env })
        assert.equal(code, 2, stderr)
        assert.match(stderr, /ENTRANCE_STORE\n +\S+entrance\.db is on a network share \(NFS\)/)
        assert.match(stderr, /ENTRANCE_DATA\n +\S+expenses\.db is on a network share \(NFS\)/)
        return
      }
      await using server = await startServe({ folder, env })
      const said = server.logs.map((entry) => (typeof entry === 'object' ? entry.message : entry))
      assert.match(said.join('\n'), /entrance\.db is on FUSE, which may be another machine's disk/)
    })
  }
})

async function run(t: TestContext, options: { cwd: string; env: Record<string, string> }) {
  const { child, finished } = startEntranceCommand(['serve', '--emulator'], options)
  t.after(() => child.kill('SIGKILL'))
  return finished
}

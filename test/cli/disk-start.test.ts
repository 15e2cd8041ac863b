import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, type TestContext, test } from 'node:test'
import { addExpense } from '../flows/expenses.ts'
import { newFolder, ON_A_FULL_DISK, WITH_RIGHTS } from '../support/disk.ts'
import { signIn } from '../support/oauth-client.ts'
import { type RunningServe, startServe } from '../support/serve.ts'
import { startEntranceCommand } from './client/command.ts'

const skip = process.platform !== 'linux' && 'rights and limits are those of Linux'
const SECRET = { ENTRANCE_SECRET: randomBytes(32).toString('base64url') }

/** What a server left behind that somebody has signed in at and recorded an expense. */
const used = { folder: mkdtempSync(join(tmpdir(), 'entrance-used-')), expense: '' }

before(async () => {
  await using server = await startServe({ folder: used.folder, env: SECRET })
  const { client, tokens } = await signIn(server.url)
  used.expense = await addExpense(client, tokens.access_token)
})

after(() => rmSync(used.folder, { recursive: true, force: true, maxRetries: 5 }))

type Damage = readonly [
  name: string,
  /** Of the file, with what it had. */
  plant: (path: string, bytes: Buffer) => void,
  says: RegExp,
]

const PAGE = 4096

const DAMAGES: readonly Damage[] = [
  [
    'whose pages were overwritten',
    (path, bytes) => writeFileSync(path, Buffer.from(bytes).fill(0x5a, PAGE, 4 * PAGE)),
    /\.db is damaged/,
  ],
  [
    'whose first page was overwritten',
    (path, bytes) => writeFileSync(path, Buffer.from(bytes).fill(0x5a, 100, PAGE)),
    /\.db is damaged/,
  ],
  [
    'that was cut off',
    (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length / 2 + 100)),
    /\.db is damaged/,
  ],
  [
    'that was cut off between two pages',
    (path, bytes) => writeFileSync(path, bytes.subarray(0, 2 * PAGE)),
    /\.db is damaged/,
  ],
  [
    'that is none',
    (path) => writeFileSync(path, 'A letter to somebody. '.repeat(300)),
    /\.db is not a database/,
  ],
  [
    'that was emptied, with its log beside it',
    (path, bytes) => {
      writeFileSync(path, '')
      writeFileSync(`${path}-wal`, bytes)
    },
    /\.db is empty, and the log .*-wal that belongs to it is not/,
  ],
  [
    'of a later release',
    (path) => {
      const db = new DatabaseSync(path)
      db.exec('PRAGMA user_version = 99')
      db.close()
    },
    /\.db has schema version 99; this release knows \d+\. → Start the release that wrote it/,
  ],
  [
    'in whose place there is a folder',
    (path) => {
      rmSync(path)
      mkdirSync(path)
    },
    /\.db is a folder, and a file is expected/,
  ],
]

suite('a start refuses, and leaves as it is, a database', { concurrency: 2, skip }, () => {
  for (const [file, option] of [
    ['entrance.db', 'ENTRANCE_STORE'],
    ['expenses.db', 'ENTRANCE_DATA'],
  ] as const) {
    for (const [name, plant, says] of DAMAGES) {
      test(`${name}: ${file}`, async (t) => {
        const folder = copyOfUsed(t)
        const path = join(folder, '.entrance', file)
        plant(path, readFileSync(path))
        const before = contentsOf(folder)
        const { problems } = await refused(t, { cwd: folder })
        assert.deepEqual([...problems.keys()], [option])
        assert.match(problems.get(option) ?? '', says)
        assert.deepEqual(contentsOf(folder), before)
      })
    }
  }

  test('of another key, and then opens it with its own', async (t) => {
    const folder = copyOfUsed(t)
    const before = contentsOf(folder)
    const another = { ENTRANCE_SECRET: randomBytes(32).toString('base64url') }
    const { problems } = await refused(t, { cwd: folder, env: another })
    assert.deepEqual([...problems.keys()], ['ENTRANCE_SECRET'])
    assert.match([...problems.values()].join(), /written with key .* → Give the key that/)
    assert.deepEqual(contentsOf(folder), before)
    await assertWhole(folder)
  })
})

suite('a start without the right to write refuses, by its name,', { concurrency: 2, skip }, () => {
  const data = (folder: string) => join(folder, '.entrance')
  const cases: readonly (readonly [
    name: string,
    plant: (folder: string) => void,
    option: string,
    says: RegExp,
    env?: (folder: string) => Record<string, string>,
  ])[] = [
    [
      'the data folder',
      (folder) => chmodSync(data(folder), 0o500),
      'ENTRANCE_DATA',
      /\.entrance cannot be used: EACCES/,
    ],
    [
      'the store',
      (folder) => chmodSync(join(data(folder), 'entrance.db'), 0o400),
      'ENTRANCE_STORE',
      /entrance\.db cannot be used: this user may not write there \(EACCES\)/,
    ],
    [
      'the folder of a store elsewhere, where its log would be',
      (folder) => {
        mkdirSync(join(folder, 'elsewhere'))
        cpSync(join(data(folder), 'entrance.db'), join(folder, 'elsewhere', 'entrance.db'))
        chmodSync(join(folder, 'elsewhere'), 0o500)
      },
      'ENTRANCE_STORE',
      /elsewhere cannot be used: this user may not write there/,
      (folder) => ({ ENTRANCE_STORE: `sqlite:${join(folder, 'elsewhere', 'entrance.db')}` }),
    ],
    [
      'the expenses',
      (folder) => chmodSync(join(data(folder), 'expenses.db'), 0o400),
      'ENTRANCE_DATA',
      /expenses\.db cannot be used: this user may not write there \(EACCES\)/,
    ],
    [
      'the key file, which it may not even read',
      (folder) => {
        writeFileSync(join(data(folder), 'keys.json'), '{}')
        chmodSync(join(data(folder), 'keys.json'), 0o000)
      },
      join('.entrance', 'keys.json'),
      /keys\.json cannot be used: this user may not write there \(EACCES\)/,
      () => ({ ENTRANCE_SECRET: '' }),
    ],
    [
      'the audit log',
      (folder) => {
        writeFileSync(join(folder, 'audit.jsonl'), 'a line\n')
        chmodSync(join(folder, 'audit.jsonl'), 0o400)
      },
      'ENTRANCE_AUDIT',
      /audit\.jsonl cannot be used: this user may not write there \(EACCES\)/,
      (folder) => ({ ENTRANCE_AUDIT: `file:${join(folder, 'audit.jsonl')}` }),
    ],
  ]
  for (const [name, plant, option, says, env] of cases) {
    test(name, async (t) => {
      const folder = copyOfUsed(t)
      plant(folder)
      const before = contentsOf(folder)
      const by = WITH_RIGHTS
      const { problems } = await refused(t, { cwd: folder, by, env: env?.(folder) ?? {} })
      assert.deepEqual([...problems.keys()], [option])
      assert.match(problems.get(option) ?? '', says)
      assert.deepEqual(contentsOf(folder), before)
    })
  }

  test('the emulator’s file', async (t) => {
    const folder = copyOfUsed(t)
    const path = join(folder, '.entrance', 'emulator.json')
    for (const [plant, says] of [
      [
        () => {
          writeFileSync(path, '{}')
          chmodSync(path, 0o000)
        },
        /emulator\.json cannot be used: this user may not/,
      ],
      [
        () => writeFileSync(path, '{ "version": 2, "seal'),
        /is not a file of the Entra ID emulator/,
      ],
      [() => mkdirSync(path), /emulator\.json is a folder, and a file is expected/],
    ] as const) {
      plant()
      const before = contentsOf(folder)
      const run = {
        cwd: folder,
        by: WITH_RIGHTS,
        args: ['--emulator'],
        env: { EMULATOR_PORT: '0' },
      }
      const { problems } = await refused(t, run)
      assert.deepEqual([...problems.keys()], ['ENTRANCE_DATA'])
      assert.match(problems.get('ENTRANCE_DATA') ?? '', says)
      assert.deepEqual(contentsOf(folder), before)
      rmSync(path, { recursive: true, force: true })
    }
  })
})

suite('a first start on a full disk says so, and hinders no later one:', { skip }, () => {
  for (const [name, option, run] of [
    ['the key file', join('.entrance', 'keys.json'), {}],
    ['the store', 'ENTRANCE_STORE', { env: SECRET }],
    ['the emulator’s file', 'ENTRANCE_DATA', { args: ['--emulator'], env: { EMULATOR_PORT: '0' } }],
  ] as const) {
    test(name, async (t) => {
      const cwd = newFolder(t)
      const given = { env: { ENTRANCE_SECRET: '' }, ...run }
      const { problems } = await refused(t, { cwd, by: ON_A_FULL_DISK, ...given })
      assert.deepEqual([...problems.keys()], [option])
      assert.match(problems.get(option) ?? '', /cannot be written.*ulimit -f|full \(df\)/)
      await using server = await startServe({ folder: cwd, env: SECRET })
      await signIn(server.url)
    })
  }
})

/** The folder of {@link used}, for one test to spoil. */
function copyOfUsed(t: TestContext): string {
  const folder = newFolder(t)
  cpSync(used.folder, folder, { recursive: true })
  rmSync(join(folder, '.entrance', 'emulator.json'), { force: true })
  return folder
}

/** Starts on it: who was signed in is, and the expense is there, once. */
async function assertWhole(folder: string): Promise<void> {
  cpSync(
    join(used.folder, '.entrance', 'emulator.json'),
    join(folder, '.entrance', 'emulator.json'),
  )
  await using server: RunningServe = await startServe({ folder, env: SECRET })
  assert.ok(server.url)
  const db = new DatabaseSync(join(folder, '.entrance', 'expenses.db'), { readOnly: true })
  assert.deepEqual(
    db
      .prepare('SELECT id FROM expense')
      .all()
      .map(({ id }) => id),
    [used.expense],
  )
  db.close()
}

/** Every file below, with its bytes; of those that SQLite makes of its own the name says enough. */
function contentsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => statSync(join(folder, name)).isFile())
  return new Map(
    files
      .filter((name) => !/-shm$/.test(name))
      .map((name) => [name, readFileSync(join(folder, name)).toString('latin1')] as const)
      .filter(([name, bytes]) => !(name.endsWith('-wal') && bytes === '')),
  )
}

type Run = {
  readonly cwd: string
  readonly by?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const ENTRA = {
  AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret',
}

/** Runs `serve`, which must end with exit code 2; gives what it says is wrong, by its name. */
async function refused(t: TestContext, { args = [], env, ...run }: Run) {
  const given = { PORT: '0', ...(args.length === 0 && ENTRA), ...SECRET, ...env }
  const { child, finished } = startEntranceCommand(['serve', ...args], { ...run, env: given })
  t.after(() => child.kill('SIGKILL'))
  const { code, stderr } = await finished
  assert.equal(code, 2, stderr)
  const blocks = stderr.trimEnd().split('\n\n').slice(1)
  const problems = blocks.map((block) => {
    const [option = '', ...told] = block.split('\n').map((line) => line.trim())
    return [option, told.join(' ')] as const
  })
  return { problems: new Map(problems), stderr }
}

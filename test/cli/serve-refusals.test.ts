import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { startServe } from '../support/serve.ts'
import { startEntranceCommand } from './client/command.ts'

const CLONE = { ENTRANCE_CLONE: '1' }
const TENANT = { AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11' }
const CLIENT = { ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22' }
const SECRET = { ENTRA_PROXY_AZURE_CLIENT_SECRET: 'Aa0~the-value-of-a-client-secret' }
const ENTRA = { ...TENANT, ...CLIENT, ...SECRET }
const MISSING = [
  'AZURE_TENANT_ID',
  'ENTRA_PROXY_AZURE_CLIENT_ID',
  'ENTRA_PROXY_AZURE_CLIENT_SECRET',
]

/** Somebody else's ports: whatever tries to listen there is told, and says so. */
const taken = createServer()
const takenToo = createServer()
let ports: { PORT: string; EMULATOR_PORT: string }

before(async () => {
  const portOf = async (server: typeof taken) => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return String((server.address() as { port: number }).port)
  }
  ports = { PORT: await portOf(taken), EMULATOR_PORT: await portOf(takenToo) }
})

after(() => {
  taken.close()
  takenToo.close()
})

suite('serve refuses', { concurrency: 2 }, () => {
  for (const [name, set, missing] of [
    ['one of the three variables', TENANT, MISSING.slice(1)],
    ['two of the three variables', { ...CLIENT, ...SECRET }, MISSING.slice(0, 1)],
  ] as const) {
    for (const where of [{}, CLONE]) {
      test(`${name} ${where === CLONE ? 'in a clone' : 'installed'}`, async (t) => {
        const { problems } = await refused(t, [], { ...where, ...set })
        assert.deepEqual([...problems.keys()], missing)
        for (const told of problems.values()) assert.match(told, /^is missing\. → C(opy|reate) /)
      })
    }
  }

  test('rules about who may come in that are wrong, by the names of the variables', async (t) => {
    const { problems } = await refused(t, ['--allow-contact', ' '], {
      ...ENTRA,
      AZURE_TENANT_ID: 'organizations',
      ENTRANCE_ALLOW_USERS: 'alice@contoso.com',
      ENTRANCE_ALLOW_GROUPS: '',
      ENTRANCE_ALLOW_GUESTS: 'no',
    })
    assert.deepEqual(
      [...problems.keys()].toSorted(),
      ['CONTACT', 'GROUPS', 'GUESTS', 'TENANTS', 'USERS'].map((name) => `ENTRANCE_ALLOW_${name}`),
    )
    assert.match(problems.get('ENTRANCE_ALLOW_USERS') ?? '', /which can be given to somebody else/)
  })

  test('the installed command with nothing set, and names --emulator', async (t) => {
    const { problems } = await refused(t, [], {})
    assert.deepEqual([...problems.keys()], ['--emulator', ...MISSING])
    assert.match(problems.get('--emulator') ?? '', /Set them, or give --emulator/)
  })

  const exposed: [Record<string, string>, string][] = [
    [{ NODE_ENV: 'production' }, 'NODE_ENV'],
    [{ HOST: '0.0.0.0' }, 'HOST'],
    [{ ENTRANCE_URL: 'https://expenses.example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'http://expenses.example.com' }, 'ENTRANCE_URL'],
  ]
  for (const [env, name] of exposed) {
    const line = `${name}=${env[name]}`
    test(`${line} without credentials, and says why no emulator comes up`, async (t) => {
      const { problems } = await refused(t, [], { ...CLONE, ...env })
      for (const missing of MISSING) assert.ok(problems.has(missing), missing)
      assert.match(problems.get(name) ?? '', /emulator, which lets anybody in, does not come up/)
      assert.match(problems.get(name) ?? '', /→ Set the three Entra variables/)
      // It would have met somebody there.
      assert.ok(!problems.has('EMULATOR_PORT'))
    })
  }

  test('--emulator where others could reach it', async (t) => {
    const { problems } = await refused(t, ['--emulator', '--host', '0.0.0.0'], {})
    assert.deepEqual([...problems.keys()], ['HOST'])
    assert.match(problems.get('HOST') ?? '', /lets anybody in, does not come up/)
  })

  test('credentials together with --emulator', async (t) => {
    const { problems } = await refused(t, ['--emulator'], ENTRA)
    assert.deepEqual([...problems.keys()], ['--emulator'])
    assert.match(problems.get('--emulator') ?? '', /it is the one or the other/)
  })

  test('everything that is wrong at once, each with its variable and the cure', async (t) => {
    const secret = 'f2b1c3d4-0000-4000-8000-0123456789ab'
    const { problems, stderr } = await refused(t, [], {
      AZURE_TENANT_ID: 'my tenant',
      ENTRA_PROXY_AZURE_CLIENT_ID: '"0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22"',
      ENTRA_PROXY_AZURE_CLIENT_SECRET: secret,
      ENTRANCE_AUTHORITY: 'login.microsoftonline.com',
      ENTRANCE_SECRET: 'too-short',
      ENTRANCE_STORE: 'mongodb://user:password@host',
      ENTRANCE_URL: 'https://user:password@expenses.example.com/?a=b#c',
      EMULATOR_PORT: '8400x',
      EXPENSES_CURRENCY: 'dollars',
      LOG_FORMAT: 'pretty',
      PORT: 'http',
    })
    const told = Object.fromEntries(problems)
    const expected = {
      AZURE_TENANT_ID: /'my tenan…' is neither a GUID nor a domain name/,
      ENTRA_PROXY_AZURE_CLIENT_ID: /has quotation marks around it\. → Remove them/,
      ENTRA_PROXY_AZURE_CLIENT_SECRET:
        /that is the secret's ID, not its value\. → .*copy its Value/,
      ENTRANCE_AUTHORITY: /'login\.microsoftonline\.com' is not a login host's origin/,
      ENTRANCE_SECRET: /has 9 characters; 32 or more are expected\. → Make one with: openssl/,
      ENTRANCE_STORE: /mongodb: is not a store of this version\. → Write sqlite:/,
      ENTRANCE_URL: /must have no query, fragment or user name/,
      EMULATOR_PORT: /'8400x' is not a port/,
      EXPENSES_CURRENCY: /'dollars' is not a currency code/,
      LOG_FORMAT: /'pretty' is not a log format\. → Use text or json/,
      PORT: /'http' is not a port: a whole number from 0 to 65535/,
    }
    assert.deepEqual(Object.keys(told).sort(), Object.keys(expected).sort())
    for (const [name, pattern] of Object.entries(expected)) assert.match(told[name] ?? '', pattern)
    assert.match(stderr, /^The configuration has 11 problems:$/m)
    assert.doesNotMatch(stderr, /password|too-short|f2b1c3d4/)
  })

  test('a credential that is none, and then not the secret that it stands for', async (t) => {
    for (const named of ['foo', 'certificate:/nowhere/entra.pem']) {
      const { problems } = await refused(t, ['--credential', named], { ...TENANT, ...CLIENT })
      assert.deepEqual([...problems.keys()], ['ENTRANCE_CREDENTIAL'], named)
    }
  })

  test('everything that is wrong with who may ask, each with its variable', async (t) => {
    const cwd = newFolder(t)
    const file = join(cwd, 'clients.json')
    const secret = 'not long enough'
    writeFileSync(file, JSON.stringify([{ client_id: 'a b', client_secret: secret }]))
    const { problems, stderr } = await refused(
      t,
      ['--adopt', '--clients', file],
      {
        ...ENTRA,
        ENTRANCE_URL: 'https://expenses.example.com',
        ENTRANCE_REGISTRATION: 'closed',
        ENTRANCE_REDIRECT_URIS: 'vs-code, https://*.example.com/*',
      },
      cwd,
    )
    const expected = {
      ENTRANCE_ADOPT: /for a server on loopback only, and this one is expenses\.example\.com/,
      ENTRANCE_REGISTRATION: /'closed' is not a mode\. → Use one of open, allowlist, off/,
      ENTRANCE_REDIRECT_URIS: /'vs-code' is neither a preset nor a URI\. → .*wildcard in its host/,
      ENTRANCE_CLIENTS: /Client 1: client_id must be .*redirect_uris must be .*client_secret must/,
    }
    assert.deepEqual([...problems.keys()].sort(), Object.keys(expected).sort())
    for (const [name, pattern] of Object.entries(expected)) {
      assert.match(problems.get(name) ?? '', pattern)
    }
    assert.ok(!stderr.includes(secret))
  })

  test('a public URL by plain http that is an endpoint', async (t) => {
    const { problems } = await refused(t, ['--url', 'http://expenses.example.com/mcp'], ENTRA)
    assert.match(problems.get('ENTRANCE_URL') ?? '', /must start with https:/)
    assert.match(problems.get('ENTRANCE_URL') ?? '', /→ Leave out \/mcp at its end/)
  })

  test('a port in use, and says how to take another', async (t) => {
    const { problems, cwd } = await refused(t, [], CLONE)
    assert.deepEqual([...problems.keys()], ['PORT'])
    const other = Number(ports.PORT) < 65_000 ? Number(ports.PORT) + 10 : Number(ports.PORT) - 10
    assert.equal(
      problems.get('PORT'),
      `${ports.PORT} is in use by another program. → Stop it, or choose another port: PORT=${other}`,
    )
    assert.deepEqual(readdirSync(cwd), [])
  })

  test('the emulator’s port in use, by that variable', async (t) => {
    const { problems } = await refused(t, [], { ...CLONE, PORT: '0' })
    assert.deepEqual([...problems.keys()], ['EMULATOR_PORT'])
    assert.match(problems.get('EMULATOR_PORT') ?? '', /is in use .* EMULATOR_PORT=\d+$/)
  })

  test('an address that is not this machine’s', async (t) => {
    const { problems } = await refused(t, [], { ...ENTRA, HOST: '203.0.113.1' })
    assert.match(problems.get('HOST') ?? '', /'203.0.113.1' is not an address of this machine/)
  })

  test('a data folder that cannot be written to', async (t) => {
    const file = join(newFolder(t), 'a-file')
    writeFileSync(file, '')
    for (const data of [file, join(file, 'below'), unwritable(t)]) {
      const { problems } = await refused(t, [], { ...CLONE, PORT: '0', ENTRANCE_DATA: data })
      assert.deepEqual([...problems.keys()], ['ENTRANCE_DATA'])
      assert.ok(problems.get('ENTRANCE_DATA')?.includes(data), problems.get('ENTRANCE_DATA'))
      assert.match(problems.get('ENTRANCE_DATA') ?? '', /→ Give another folder with ENTRANCE_DATA/)
    }
  })

  test('a damaged key file, and leaves it as it is', async (t) => {
    const cwd = newFolder(t)
    mkdirSync(join(cwd, '.entrance'))
    writeFileSync(join(cwd, '.entrance', 'keys.json'), '{ "keys": [')
    const { problems } = await refused(t, [], CLONE, cwd)
    const path = join('.entrance', 'keys.json')
    assert.deepEqual([...problems.keys()], [path])
    assert.match(problems.get(path) ?? '', /is damaged or was edited\. → Restore it from a backup/)
    assert.deepEqual(readdirSync(join(cwd, '.entrance')), ['keys.json'])
  })

  test('a database that is none', async (t) => {
    for (const [file, option] of [
      ['entrance.db', 'ENTRANCE_STORE'],
      ['expenses.db', 'ENTRANCE_DATA'],
    ] as const) {
      const cwd = newFolder(t)
      mkdirSync(join(cwd, '.entrance'))
      writeFileSync(join(cwd, '.entrance', file), 'This is no database. '.repeat(100))
      const env = { ...ENTRA, PORT: '0' }
      const { problems } = await refused(t, [], env, cwd)
      assert.deepEqual([...problems.keys()], [option])
      const told = `${join('.entrance', file)} is not a database, or its beginning is damaged`
      assert.ok(problems.get(option)?.startsWith(told), problems.get(option))
    }
  })

  test('a database that was written under another key', async (t) => {
    const cwd = newFolder(t)
    const [first, second] = [1, 2].map(() => randomBytes(32).toString('base64url'))
    const env = { ENTRANCE_SECRET: first as string }
    await (await startServe({ folder: cwd, env })).stop()

    const free = { ...ENTRA, PORT: '0' }
    const another = await refused(t, [], { ...free, ENTRANCE_SECRET: second as string }, cwd)
    assert.deepEqual([...another.problems.keys()], ['ENTRANCE_SECRET'])
    const told =
      /does not fit the store .*entrance\.db: it was written with key \S{8}, .* → Give the key/
    assert.match(another.problems.get('ENTRANCE_SECRET') ?? '', told)
    assert.ok(!another.stderr.includes(second as string))

    // Without the variable it is the key file that would have to have it.
    const none = await refused(t, [], free, cwd)
    assert.deepEqual([...none.problems.keys()], [join('.entrance', 'keys.json')])
    assert.match([...none.problems.values()].join(), told)
  })

  test('what .env says, save where the environment says otherwise', async (t) => {
    const cwd = newFolder(t)
    const lines = [
      '# as copied from .env.example',
      'AZURE_TENANT_ID=contoso',
      "ENTRA_PROXY_AZURE_CLIENT_ID='0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22'",
      'ENTRA_PROXY_AZURE_CLIENT_SECRET=',
      'LOG_FORMAT=xml',
    ]
    writeFileSync(join(cwd, '.env'), lines.join('\n'))
    const read = await refused(t, [], {}, cwd)
    const names = ['AZURE_TENANT_ID', 'ENTRA_PROXY_AZURE_CLIENT_SECRET', 'LOG_FORMAT']
    assert.deepEqual([...read.problems.keys()].sort(), names)
    const set = { LOG_FORMAT: 'json', AZURE_TENANT_ID: 'fabrikam' }
    const beaten = await refused(t, [], set, cwd)
    assert.deepEqual([...beaten.problems.keys()].sort(), names.slice(0, 2))
    assert.match(beaten.problems.get('AZURE_TENANT_ID') ?? '', /'fabrikam'/)
  })
})

type Refusal = {
  /** What is wrong and the cure, by option or variable. */
  readonly problems: ReadonlyMap<string, string>
  readonly stderr: string
  readonly cwd: string
}

/** Runs `serve`, which must end with exit code 2 and a list of problems, and nothing else. */
async function refused(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = newFolder(t),
): Promise<Refusal> {
  // A server that would come up all the same meets somebody, and does not stay.
  const given = { ...ports, ...env }
  const { child, finished } = startEntranceCommand(['serve', ...args], { cwd, env: given })
  t.after(() => child.kill('SIGKILL'))
  const { code, stdout, stderr } = await finished
  assert.equal(code, 2, stderr)
  // The log, where it was open already, says it as well; a server that came up says more.
  assert.match(stdout, /^(\d\d:\d\d:\d\d ERR .*\n)?$/)
  assert.match(stderr, /^The configuration has (one problem|\d+ problems):\n/)
  const blocks = stderr.trimEnd().split('\n\n').slice(1)
  const problems = blocks.map((block) => {
    const [option = '', ...told] = block.split('\n').map((line) => line.trim())
    return [option, told.join(' ')] as const
  })
  for (const [, told] of problems) assert.match(told, /. → ./)
  const byOption = Map.groupBy(problems, ([option]) => option)
  const joined = [...byOption].map(
    ([option, list]) => [option, list.map(([, told]) => told).join(' ')] as const,
  )
  return { problems: new Map(joined), stderr, cwd }
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-refusals-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A place where this user can make nothing; root can everywhere, but where the kernel keeps house. */
function unwritable(t: TestContext): string {
  const isRoot = process.getuid?.() === 0
  // In /proc, Node's recursive mkdir never comes to an end.
  if (isRoot && existsSync('/sys')) return '/sys/entrance'
  const folder = newFolder(t)
  chmodSync(folder, 0o500)
  return join(folder, 'data')
}

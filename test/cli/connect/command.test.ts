import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { parse as parseJson } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import { printable } from '../../../src/cli/terminal.ts'
import { clientsFor } from '../../../src/connect/clients.ts'
import { startServe } from '../../support/serve.ts'
import { entrance, startEntranceCommand } from '../client/command.ts'
import { closedUrl, json, serve } from './server.ts'

const base = mkdtempSync(join(tmpdir(), 'entrance-connect-'))
after(() => rmSync(base, { recursive: true, force: true }))

const URL = 'https://expenses.example.com/mcp'

let places = 0
/** A project's folder and a person's, with files in them; `run` is the command there. */
function newPlace(files: Readonly<Record<string, string>> = {}) {
  const folder = join(base, `${places++}`)
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const run = (words: string, env: Readonly<Record<string, string>> = {}) =>
    entrance(['connect', ...words.split(' ').filter(Boolean)], {
      cwd: folder,
      env: { HOME: home, USERPROFILE: home, ...env },
    })
  const read = (path: string) => readFileSync(join(folder, path), 'utf8')
  const paths = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .toSorted()
  return { folder, run, read, paths }
}

test('a server that runs is connected by the name that it calls itself, and is not asked twice', async () => {
  await using server = await startServe()
  const place = newPlace()
  const url = `${server.url}/mcp`
  const first = await place.run(`vscode ${url}`)
  assert.deepEqual([first.code, first.stdout], [0, ''])
  const { servers } = JSON.parse(place.read('.vscode/mcp.json'))
  const [name = ''] = Object.keys(servers)
  assert.match(name, /expenses/)
  assert.deepEqual(servers, { [name]: { type: 'http', url } })
  assert.equal(
    first.stderr,
    `Added "${name}" in .vscode/mcp.json: ${url}\nOpen the file in VS Code, choose Start above the entry, and sign in.\n`,
  )
  const before = place.read('.vscode/mcp.json')
  const second = await place.run(`vscode ${url} --offline`)
  assert.equal(second.code, 0)
  assert.match(
    second.stderr,
    new RegExp(`has this server already, as "${name}". Nothing was changed`),
  )
  assert.equal(place.read('.vscode/mcp.json'), before)
})

suite('an existing file keeps all that is in it:', () => {
  const json = `// ours\n{\n\t"KEY": {\n\t\t"git": { "command": "x", "env": { "TOKEN": "s" } }, // mine\n\t\t/* later: "y" */\n\t},\n\t"inputs": [], // none\n}\n`
  const jsonEntry = (members: string) =>
    json.replace('"y" */', `"y" */\n\t\t"expenses": {\n\t\t\t${members}\n\t\t},`)
  const toml = '# ours\r\nmodel = "o" # mine\r\n\r\n[mcp_servers.git]\r\ncommand = "x"\r\n# last'
  const http = `"type": "http",\n\t\t\t"url": "${URL}"`
  for (const [client, path, before, after] of [
    [
      'vscode',
      '.vscode/mcp.json',
      json.replace('KEY', 'servers'),
      jsonEntry(http).replace('KEY', 'servers'),
    ],
    [
      'cursor',
      '.cursor/mcp.json',
      json.replace('KEY', 'mcpServers'),
      jsonEntry(`"url": "${URL}"`).replace('KEY', 'mcpServers'),
    ],
    [
      'claude-code',
      '.mcp.json',
      json.replace('KEY', 'mcpServers'),
      jsonEntry(http).replace('KEY', 'mcpServers'),
    ],
    [
      'gemini-cli',
      '.gemini/settings.json',
      json.replace('KEY', 'mcpServers'),
      jsonEntry(`"url": "${URL}",\n\t\t\t"type": "http"`).replace('KEY', 'mcpServers'),
    ],
    [
      'codex',
      'home/.codex/config.toml',
      toml,
      `${toml}\r\n\r\n[mcp_servers.expenses]\r\nurl = "${URL}"\r\n`,
    ],
    [
      'codex --project',
      '.codex/config.toml',
      toml,
      `${toml}\r\n\r\n[mcp_servers.expenses]\r\nurl = "${URL}"\r\n`,
    ],
  ] as const) {
    test(`of ${client}`, async () => {
      const place = newPlace({ [path]: before })
      const { code, stderr } = await place.run(`${client} ${URL} --offline --name expenses`)
      assert.equal(code, 0, stderr)
      assert.equal(place.read(path), after)
      assert.deepEqual(place.paths(), [path])
    })
  }
})

suite('without a file', () => {
  for (const [words, path, env] of [
    ['vscode', '.vscode/mcp.json', {}],
    ['cursor', '.cursor/mcp.json', {}],
    ['claude-code', '.mcp.json', {}],
    ['gemini-cli', '.gemini/settings.json', {}],
    ['codex', 'home/.codex/config.toml', {}],
    ['codex --project', '.codex/config.toml', {}],
    ['cursor --user', 'home/.cursor/mcp.json', {}],
    ['gemini-cli --user', 'home/.gemini/settings.json', {}],
    ['codex --user', 'elsewhere/config.toml', { CODEX_HOME: 'elsewhere' }],
    ['gemini-cli --user', 'elsewhere/.gemini/settings.json', { GEMINI_CLI_HOME: 'elsewhere' }],
  ] as const) {
    test(`${words} makes ${path}, with that entry alone`, async () => {
      const place = newPlace()
      const { code, stderr } = await place.run(`${words} ${URL} --offline`, env)
      assert.equal(code, 0, stderr)
      assert.deepEqual(place.paths(), [path])
      const text = place.read(path)
      const data = path.endsWith('.toml') ? parseToml(text) : JSON.parse(text)
      const [servers, ...more] = Object.values<Record<string, { url: string }>>(data)
      assert.deepEqual([Object.keys(servers ?? {}), more], [['expenses-example-com'], []])
      assert.equal(servers?.['expenses-example-com']?.url, URL)
    })
  }

  for (const [client, path] of [
    ['vscode', '.vscode/mcp.json'],
    ['codex --project', '.codex/config.toml'],
  ] as const) {
    test(`${client} --print writes to stdout what would be in it, and nothing else`, async () => {
      const place = newPlace()
      const printed = await place.run(`${client} ${URL} --offline --print`)
      assert.equal(printed.stderr, `That belongs in ${path}.\n`)
      assert.deepEqual(place.paths(), [])
      await place.run(`${client} ${URL} --offline`)
      assert.equal(place.read(path), printed.stdout)
    })
  }

  test('vscode --user makes the one where the system has it', async () => {
    const place = newPlace()
    const config = join(place.folder, 'config')
    const env = { XDG_CONFIG_HOME: config, APPDATA: config }
    await place.run(`vscode ${URL} --offline --user`, env)
    const [path = ''] = place.paths()
    assert.match(path.replaceAll('\\', '/'), /(^config|Application Support)\/Code\/User\/mcp.json$/)
    assert.equal(Object.keys(JSON.parse(place.read(path)).servers).length, 1)
  })
})

suite('a client without a file', () => {
  for (const [words, stdout, stderr] of [
    ['claude', `${URL}\n`, /Add custom connector/],
    [
      'inspector',
      `npx "@modelcontextprotocol/inspector" --transport http --server-url ${URL}\n`,
      /browser/,
    ],
    ['entrance', `entrance client login ${URL}\nentrance chat ${URL}\n`, /signs you in/],
    [
      'claude-code --user',
      `claude mcp add --scope user --transport http expenses-example-com ${URL}\nclaude mcp login expenses-example-com\n`,
      /signs you in/,
    ],
  ] as const) {
    test(`${words} gets what to type or to paste on stdout, and no file`, async () => {
      const place = newPlace()
      const result = await place.run(`${words} ${URL} --offline`)
      assert.deepEqual([result.code, result.stdout], [0, stdout])
      assert.match(result.stderr, stderr)
      assert.deepEqual(place.paths(), [])
    })
  }

  test('that calls from the internet is said not to reach a server of this machine', async () => {
    const { stderr } = await newPlace().run('claude http://localhost:1/mcp --offline')
    assert.match(stderr, /calls the server from the internet, and cannot reach localhost:1/)
  })
})

suite('another entry of that name', () => {
  const OLD =
    '{\n  "mcpServers": {\n    "expenses": {\n      "url": "https://old.example.com/mcp?key=k-1",\n      "headers": { "x": "k-2" }\n    }\n  }\n}\n'
  const words = `cursor ${URL} --offline --name expenses`
  const place = () => newPlace({ '.cursor/mcp.json': OLD })

  test('is left where nobody is there to be asked, and the message has no secret of it', async () => {
    const { run, read } = place()
    const { code, stdout, stderr } = await run(words)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /Another "expenses" is in .cursor\/mcp.json already, for https:\/\/old.example.com\/mcp\. It was left as it is/,
    )
    assert.match(stderr, /--force replaces it, --name adds/)
    assert.doesNotMatch(stderr, /k-\d/)
    assert.equal(read('.cursor/mcp.json'), OLD)
  })

  test('is replaced by --force as a whole: a header of it would go to the new address', async () => {
    const { run, read } = place()
    const { code, stderr } = await run(`${words} --force`)
    assert.equal(code, 0)
    assert.match(stderr, /^Replaced "expenses" in .cursor\/mcp.json: https:\/\/expenses/)
    assert.deepEqual(JSON.parse(read('.cursor/mcp.json')), {
      mcpServers: { expenses: { url: URL } },
    })
  })

  test('is shown beside the new one by --dry-run, which writes nothing', async () => {
    const { run, read, paths } = place()
    const { code, stdout, stderr } = await run(`${words} --dry-run`)
    assert.equal(code, 0)
    assert.match(stderr, /Another "expenses" is in(.|\n)*Nothing was written/)
    assert.equal(
      stdout,
      [
        '.cursor/mcp.json',
        '    "mcpServers": {',
        '      "expenses": {',
        '-       "url": "https://old.example.com/mcp?key=k-1",',
        '-       "headers": { "x": "k-2" }',
        `+       "url": "${URL}"`,
        '      }',
        '    }',
        '  …',
        '',
      ].join('\n'),
    )
    assert.equal(read('.cursor/mcp.json'), OLD)
    assert.deepEqual(paths(), ['.cursor/mcp.json'])
  })

  test('stays beside one that --name calls otherwise', async () => {
    const { run, read } = place()
    await run(`cursor ${URL} --offline --name other`)
    assert.deepEqual(Object.keys(JSON.parse(read('.cursor/mcp.json')).mcpServers), [
      'expenses',
      'other',
    ])
  })
})

test('the same server by another name is not added again, but with --name', async () => {
  const place = newPlace({ '.cursor/mcp.json': `{"mcpServers":{"mine":{"url":"${URL}","x":1}}}` })
  const { code, stderr } = await place.run(`cursor ${URL} --offline`)
  assert.equal(code, 0)
  assert.match(stderr, /has this server already, as "mine". Nothing was changed/)
  await place.run(`cursor ${URL} --offline --name yours`)
  const { mcpServers } = parseJson(place.read('.cursor/mcp.json'))
  assert.deepEqual(Object.keys(mcpServers), ['mine', 'yours'])
})

test('a file behind a link is named with where the link leads', async () => {
  const place = newPlace({ 'dotfiles/mcp.json': '{}' })
  symlinkSync('dotfiles', join(place.folder, '.vscode'))
  const { stderr } = await place.run(`vscode ${URL} --offline`)
  assert.match(stderr, /in \.vscode\/mcp\.json \(a link to .*dotfiles.mcp\.json\)/)
  assert.ok(lstatSync(join(place.folder, '.vscode')).isSymbolicLink())
  assert.deepEqual(readdirSync(join(place.folder, 'dotfiles')), ['mcp.json'])
})

suite('a link in a project that leads out of it', () => {
  const linked = (path: string) => {
    const place = newPlace({ 'home/.config/settings.json': '{}', 'project/x': '' })
    const target = join(place.folder, 'home', '.config', 'settings.json')
    symlinkSync(target, join(place.folder, 'project', path))
    const run = (words: string) =>
      entrance(['connect', ...words.split(' ')], {
        cwd: join(place.folder, 'project'),
        env: { HOME: join(place.folder, 'home'), USERPROFILE: join(place.folder, 'home') },
      })
    return { run, settings: () => place.read('home/.config/settings.json') }
  }

  test('is not written through where nobody is there to be asked', async () => {
    const { run, settings } = linked('.mcp.json')
    const { code, stderr } = await run(`claude-code ${URL} --offline`)
    assert.equal(code, 1)
    assert.match(stderr, /\.mcp\.json is a link that leads out of this folder, to .*settings\.json/)
    assert.match(stderr, /--force writes there/)
    assert.equal(settings(), '{}')
  })

  test('is written through with --force', async () => {
    const { run, settings } = linked('.mcp.json')
    const { code } = await run(`claude-code ${URL} --offline --force`)
    assert.equal(code, 0)
    assert.deepEqual(Object.keys(JSON.parse(settings()).mcpServers).length, 1)
  })
})

test('what a link leads to draws nothing on the terminal', {
  skip: process.platform === 'win32',
}, async () => {
  const place = newPlace({ 'dot\u001b]0;owned\u0007files/mcp.json': '{}' })
  symlinkSync('dot\u001b]0;owned\u0007files', join(place.folder, '.vscode'))
  const { stderr } = await place.run(`vscode ${URL} --offline`)
  assert.match(stderr, /a link to /)
  assert.equal(printable(stderr), stderr)
})

test('a file that is none of the format stays, and the message says where it breaks', async () => {
  const place = newPlace({
    '.mcp.json': '{\n  "mcpServers": {\n',
    'home/.codex/config.toml': 'a = \n',
  })
  const json = await place.run(`claude-code ${URL} --offline --force`)
  assert.equal(json.code, 1)
  assert.match(
    json.stderr,
    /\.mcp\.json was left as it is: line 3, column 1: not JSON: close brace expected/,
  )
  const toml = await place.run(`codex ${URL} --offline --force`)
  assert.match(toml.stderr, /config\.toml was left as it is: line 1, column \d: not TOML/)
  assert.deepEqual(place.paths(), ['.mcp.json', 'home/.codex/config.toml'])
})

suite('the address', () => {
  test('is that of ENTRANCE_URL, of .env too, and else the one that npm start serves', async () => {
    const place = newPlace()
    const urlOf = async (env: Readonly<Record<string, string>>) =>
      (await place.run('inspector', { ENTRANCE_URL: '', ...env })).stdout.split(' ').at(-1)?.trim()
    assert.equal(await urlOf({}), 'http://localhost:8000/mcp')
    assert.equal(
      await urlOf({ ENTRANCE_URL: 'https://127.0.0.1:1/x/' }),
      'https://127.0.0.1:1/x/mcp',
    )
    writeFileSync(join(place.folder, '.env'), 'ENTRANCE_URL=http://localhost:1\n')
    assert.match((await place.run('inspector')).stdout, /http:\/\/localhost:1\/mcp$/m)
  })

  test('or a client that is mistyped is wrong usage, and nothing is written', async () => {
    const place = newPlace()
    const { code, stdout, stderr } = await place.run('vscod')
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(
      stderr,
      /^Error: There is no client "vscod"\.\nDid you mean vscode\?\nThere are: vsc/,
    )
    assert.deepEqual(place.paths(), [])
  })
})

test('alone it lists the clients, and what it does for each', async () => {
  const place = newPlace()
  const { code, stdout, stderr } = await place.run('')
  assert.equal(code, 0)
  assert.match(stderr, /entrance connect vscode http:\/\/localhost:8000\/mcp/)
  const listed = stdout.trimEnd().split('\n')
  assert.deepEqual(
    listed.map((line) => line.split(' ')[0]),
    clientsFor({ name: '', url: URL }).map(({ id }) => id),
  )
  assert.match(stdout, /^vscode +VS Code +writes \.vscode\/mcp\.json$/m)
})

suite('a server', () => {
  const write = async (url: string, options = '') => {
    const place = newPlace()
    const result = await place.run(`claude-code ${url}${options}`)
    const written = existsSync(join(place.folder, '.mcp.json'))
    const names = written ? Object.keys(JSON.parse(place.read('.mcp.json')).mcpServers) : []
    return { ...result, names }
  }

  test('is asked for nothing but its metadata, and with --offline for nothing', async (t) => {
    const { asked, url } = await serve(t, (request, response) => {
      const resource = `http://${request.headers.host}/mcp?a=b`
      json({ resource, resource_name: 'Our Expenses' })(request, response)
    })
    const { names, stderr } = await write(`${url}?a=b`)
    assert.deepEqual(names, ['our-expenses'])
    assert.match(stderr, /^Added/)
    assert.deepEqual(asked, ['GET /.well-known/oauth-protected-resource/mcp?a=b'])
    await write(url, ' --offline')
    assert.equal(asked.length, 1)
  })

  test('that does not run is written all the same, and the message says so', async (t) => {
    const { code, names, stderr } = await write(await closedUrl(t))
    assert.equal(code, 0)
    assert.match(stderr, /^Cannot reach http:\S+: nothing listens there\. It has to answer/)
    assert.match(names.join(), /^127-0-0-1-\d+$/)
  })

  test('that hangs is left by Ctrl-C, and nothing is written', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const { url } = await serve(t, () => arrived.resolve())
    const { folder, paths } = newPlace()
    using running = startEntranceCommand(['connect', 'vscode', url], { cwd: folder })
    await arrived.promise
    running.child.kill('SIGINT')
    const { code, stderr } = await running.finished
    assert.deepEqual([code, stderr], [130, 'Interrupted.\n'])
    assert.deepEqual(paths(), [])
  })
})

test('commands that run at once for one file each have their server in it', async () => {
  const place = newPlace({ '.vscode/mcp.json': '{ "servers": { "a": 1 /* one */ } }' })
  const names = ['b', 'c', 'd', 'e']
  await Promise.all(names.map((name) => place.run(`vscode ${URL} --offline --name ${name}`)))
  assert.deepEqual(Object.keys(parseJson(place.read('.vscode/mcp.json')).servers).toSorted(), [
    'a',
    ...names,
  ])
  assert.match(place.read('.vscode/mcp.json'), /"a": 1, \/\* one \*\//)
})

test('where the disk takes nothing more the file stays as it was', {
  skip: process.platform !== 'linux',
}, async () => {
  const text = '{ "servers": {} }'
  const { folder, read } = newPlace({ '.vscode/mcp.json': text })
  const command = ['connect', 'vscode', URL, '--offline']
  const running = startEntranceCommand(command, { cwd: folder, by: ['prlimit', '--fsize=0', '--'] })
  const { code, stderr } = await running.finished
  assert.equal(code, 1)
  assert.match(stderr, /cannot be (written|used)/)
  assert.equal(read('.vscode/mcp.json'), text)
  assert.deepEqual(readdirSync(join(folder, '.vscode')), ['mcp.json'])
})

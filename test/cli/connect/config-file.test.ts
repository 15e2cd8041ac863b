import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { parse } from 'jsonc-parser'
import { type Decision, updateFile } from '../../../src/cli/connect/update-file.ts'
import type { ClientFile } from '../../../src/connect/clients.ts'

const base = mkdtempSync(join(tmpdir(), 'entrance-connect-'))
after(() => rmSync(base, { recursive: true, force: true }))

let folders = 0
function newFolder(): string {
  const folder = join(base, `${folders++}`)
  mkdirSync(folder)
  return folder
}

const client: ClientFile = {
  ...{ path: '', format: 'json', key: 'servers', name: 'expenses' },
  entry: { type: 'http', url: 'https://expenses.example.com/mcp' },
}
const chmod = chmodSync
const write = async (): Promise<Decision> => 'write'
const OTHERS = '{ // ours\n  "servers": { "a": 1, },\n}\n'

function serversOf(path: string): string[] {
  const { servers } = parse(readFileSync(path, 'utf8'), [], { allowTrailingComma: true })
  return Object.keys(servers)
}

suite('a client’s file', () => {
  test('that is not there is made, with its folder, for others to read as the umask lets them', async () => {
    const path = join(newFolder(), '.vscode', 'mcp.json')
    await updateFile(path, client, write)
    assert.deepEqual(serversOf(path), ['expenses'])
    assert.equal(statSync(path).mode & 0o777, 0o666 & ~process.umask())
    assert.deepEqual(readdirSync(join(path, '..')), ['mcp.json'])
  })

  test('keeps its mode and its owner', { skip: process.platform === 'win32' }, async () => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS)
    chmodSync(path, 0o640)
    const isRoot = process.getuid?.() === 0
    if (isRoot) chownSync(path, 1234, 2345)
    const { uid, gid } = statSync(path)
    await updateFile(path, client, write)
    const { mode, ...status } = statSync(path)
    assert.deepEqual([mode & 0o7777, status.uid, status.gid], [0o640, uid, gid])
    assert.deepEqual(serversOf(path), ['a', 'expenses'])
  })

  test('that nobody else may read is never readable, not while it is written either', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS, { mode: 0o600 })
    const modes: number[] = []
    t.mock.method(fs, 'chmodSync', (written: string, mode: number) => {
      modes.push(statSync(written).mode & 0o777)
      chmod(written, mode)
    })
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    await updateFile(path, client, write)
    assert.deepEqual([modes, statSync(path).mode & 0o777], [[0o600], 0o600])
  })

  test('that a link leads to is written, and the link stays', async () => {
    const folder = newFolder()
    const target = join(folder, 'dotfiles.json')
    const path = join(folder, 'mcp.json')
    writeFileSync(target, OTHERS)
    symlinkSync('dotfiles.json', path)
    const { file } = await updateFile(path, client, write)
    assert.ok(file.isLinked)
    assert.equal(readlinkSync(path), 'dotfiles.json')
    assert.ok(lstatSync(target).isFile())
    assert.deepEqual(serversOf(target), ['a', 'expenses'])
  })

  test('that is to be made in a folder that is a link is made where the link leads', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'dotfiles'))
    symlinkSync('dotfiles', join(folder, '.vscode'))
    const { file } = await updateFile(join(folder, '.vscode', 'mcp.json'), client, write)
    assert.ok(file.isLinked)
    assert.equal(file.target, realpathSync(join(folder, 'dotfiles', 'mcp.json')))
    assert.deepEqual(readdirSync(join(folder, 'dotfiles')), ['mcp.json'])
  })

  test('that has the entry is not touched', async () => {
    const path = join(newFolder(), 'mcp.json')
    await updateFile(path, client, write)
    const { mtimeNs, ino } = statSync(path, { bigint: true })
    const { merged } = await updateFile(path, client, () => assert.fail())
    const status = statSync(path, { bigint: true })
    assert.deepEqual([merged.state, status.mtimeNs, status.ino], ['same', mtimeNs, ino])
  })

  test('that somebody reads meanwhile is to them what it was, as a whole', async () => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS)
    const opened = openSync(path, 'r')
    await updateFile(path, client, write)
    assert.equal(readFileSync(opened, 'utf8'), OTHERS)
    closeSync(opened)
    assert.deepEqual(serversOf(path), ['a', 'expenses'])
  })

  test('that somebody changes in between is merged anew', async () => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS)
    let asked = 0
    await updateFile(path, client, async () => {
      if (asked++ === 0) writeFileSync(path, OTHERS.replace('"a"', '"b"'))
      return 'write'
    })
    assert.deepEqual([asked, serversOf(path)], [2, ['b', 'expenses']])
  })

  test('that is made, or changes to a file of another encoding, in between is not lost', async () => {
    const path = join(newFolder(), 'mcp.json')
    await updateFile(path, client, async () => {
      writeFileSync(path, OTHERS)
      return 'write'
    })
    assert.deepEqual(serversOf(path), ['a', 'expenses'])
    const bytes = Buffer.from('\uFEFF{}', 'utf16le')
    const change = updateFile(path, { ...client, name: 'b' }, async () => {
      writeFileSync(path, bytes)
      return 'write'
    })
    await assert.rejects(change, /is not in UTF-8/)
    assert.deepEqual(readFileSync(path), bytes)
  })

  test('that changes after a person has agreed is left as it is', async () => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS)
    const change = updateFile(path, client, async () => {
      writeFileSync(path, '{}')
      return 'write as shown'
    })
    await assert.rejects(change, /has been changed meanwhile, and was left as it is/)
    assert.equal(readFileSync(path, 'utf8'), '{}')
    assert.deepEqual(readdirSync(join(path, '..')), ['mcp.json'])
  })

  test('that many change at once has what each of them wrote', async () => {
    const path = join(newFolder(), 'mcp.json')
    writeFileSync(path, OTHERS)
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
    await Promise.all(names.map((name) => updateFile(path, { ...client, name }, write)))
    assert.deepEqual(serversOf(path).toSorted(), ['a', ...names].toSorted())
    assert.match(readFileSync(path, 'utf8'), /^\{ \/\/ ours\n/)
  })

  for (const [title, make, problem] of [
    ['a folder', (path: string) => mkdirSync(path), /mcp.json is not a file/],
    [
      'a link to nothing',
      (path: string) => symlinkSync('nowhere', path),
      /mcp.json is a link to a file that is not there/,
    ],
    [
      'a link to itself',
      (path: string) => symlinkSync('mcp.json', path),
      /mcp.json is a symbolic link|mcp.json cannot be used/,
    ],
    [
      'larger than a megabyte',
      (path: string) => writeFileSync(path, ' '.repeat(1024 * 1024 + 1)),
      /is larger than 1024 KB/,
    ],
    [
      'in UTF-16',
      (path: string) => writeFileSync(path, Buffer.from('\uFEFF{}', 'utf16le')),
      /is not in UTF-8, but in UTF-16/,
    ],
    [
      'in Latin-1',
      (path: string) => writeFileSync(path, Buffer.from('{"ü":1}', 'latin1')),
      /is not in UTF-8, but in another encoding/,
    ],
    [
      'no JSON',
      (path: string) => writeFileSync(path, '{\n"servers": {,'),
      /was left as it is: line 2, column 13: not JSON: /,
    ],
  ] as const) {
    test(`that is ${title} is refused, and left alone`, async () => {
      const folder = newFolder()
      const path = join(folder, 'mcp.json')
      make(path)
      const before = contentOf(path)
      await assert.rejects(updateFile(path, client, write), problem)
      assert.deepEqual([contentOf(path), readdirSync(folder)], [before, ['mcp.json']])
    })
  }

  test('that nobody can look into, as a pipe, is not opened', {
    skip: process.platform === 'win32',
  }, async () => {
    const path = join(newFolder(), 'mcp.json')
    assert.equal(spawnSync('mkfifo', [path]).status, 0)
    await assert.rejects(updateFile(path, client, write), /is not a file/)
  })

  test('where the kernel lets nobody make a folder is refused, and not tried for ever', {
    skip: process.platform !== 'linux',
  }, async () => {
    const path = '/proc/entrance/.codex/config.toml'
    await assert.rejects(updateFile(path, client, write), /a part of its path is missing/)
  })

  test('below what is no folder is refused', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, '.vscode'), 'x')
    const path = join(folder, '.vscode', 'mcp.json')
    await assert.rejects(
      updateFile(path, client, write),
      /a part of its path is missing, or is not a folder/,
    )
  })
})

function contentOf(path: string): string {
  const status = lstatSync(path)
  if (status.isSymbolicLink()) return readlinkSync(path)
  return status.isFile() ? readFileSync(path, 'latin1') : 'a folder'
}

const MODULE = pathToFileURL(
  join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'connect', 'update-file.ts'),
).href

const CONFIG_FILE = MODULE.replace('update-file', 'config-file')

/** Runs code as a process of its own that has `updateFile`. */
function startCode(code: string) {
  const text = `import { updateFile } from ${JSON.stringify(MODULE)}\nconst client = ${JSON.stringify(client)}\n${code}`
  return spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: 'pipe' })
}

async function runCode(code: string): Promise<string> {
  const child = startCode(code)
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk
    })
  }
  await once(child, 'close')
  return written
}

suite('whoever may not write', { skip: process.platform === 'win32' }, () => {
  /** Root may write everything: the process becomes somebody else once all is loaded. */
  const attempt = (path: string) =>
    runCode(`
      if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }
      await updateFile(${JSON.stringify(path)}, client, async () => 'write').catch((error) => console.log(error.message))
    `)

  test('the file leaves it alone, also where the folder would let them', async () => {
    const folder = newFolder()
    chmodSync(base, 0o755)
    chmodSync(folder, 0o777)
    const path = join(folder, 'mcp.json')
    writeFileSync(path, OTHERS)
    chmodSync(path, 0o444)
    assert.match(await attempt(path), /mcp.json cannot be used: this user may not write there/)
    assert.equal(readFileSync(path, 'utf8'), OTHERS)
    assert.deepEqual(readdirSync(folder), ['mcp.json'])
  })

  test('the folder leaves it alone', async () => {
    const folder = newFolder()
    chmodSync(base, 0o755)
    const path = join(folder, 'mcp.json')
    writeFileSync(path, OTHERS)
    chmodSync(path, 0o666)
    chmodSync(folder, 0o555)
    assert.match(await attempt(path), /mcp.json cannot be used: this user may not write there/)
    assert.equal(readFileSync(path, 'utf8'), OTHERS)
    chmodSync(folder, 0o755)
  })

  test('the file cannot make it their own', { skip: process.getuid?.() !== 0 }, async () => {
    const folder = newFolder()
    chmodSync(base, 0o755)
    chmodSync(folder, 0o777)
    const path = join(folder, 'mcp.json')
    writeFileSync(path, OTHERS)
    chmodSync(path, 0o666)
    assert.match(
      await attempt(path),
      /belongs to another user or group, and would not after a change/,
    )
    assert.equal(readFileSync(path, 'utf8'), OTHERS)
    assert.deepEqual([statSync(path).uid, readdirSync(folder)], [0, ['mcp.json']])
  })
})

test('processes that change one file at the same time lose nothing of each other', async () => {
  const path = join(newFolder(), 'mcp.json')
  // So long that there is time between a look at it and its change.
  writeFileSync(path, `${'x'.repeat(500_000)}\n`)
  const names = ['a', 'b', 'c']
  const all = names.map((name) =>
    runCode(`
      import { readConfigFile, writeConfigFile } from ${JSON.stringify(CONFIG_FILE)}
      const path = ${JSON.stringify(path)}
      for (let i = 0; i < 40; ) {
        const file = readConfigFile(path)
        const done = writeConfigFile(file, file.text + '${name}' + i + '\\n')
        await done.then(() => i++, (error) => { if (error.constructor.name !== 'FileChanged') throw error })
      }
    `),
  )
  assert.deepEqual(await Promise.all(all), ['', '', ''])
  const written = readFileSync(path, 'utf8').split('\n').slice(1, -1)
  const wanted = names.flatMap((name) => Array.from({ length: 40 }, (_, i) => `${name}${i}`))
  assert.deepEqual(written.toSorted(), wanted.toSorted())
})

test('a process that is killed while it writes leaves the file whole, and the next goes on', async () => {
  const path = join(newFolder(), 'mcp.json')
  const texts = ['x', 'y'].map((fill) => OTHERS.replace('1', JSON.stringify(fill.repeat(100_000))))
  writeFileSync(path, texts[0] as string)
  for (const writes of [1, 2, 3, 5, 8]) {
    const child = startCode(`
      import { readConfigFile, writeConfigFile } from ${JSON.stringify(CONFIG_FILE)}
      for (const path = ${JSON.stringify(path)};;) {
        const file = readConfigFile(path)
        await writeConfigFile(file, file.text.replace(/(x|y)+/, ([was]) => (was === 'x' ? 'y' : 'x').repeat(100_000)))
        console.log('written')
      }
    `)
    let count = 0
    for await (const chunk of child.stdout) {
      count += String(chunk).split('written').length - 1
      if (count >= writes) child.kill('SIGKILL')
    }
    assert.ok(texts.includes(readFileSync(path, 'utf8')), `after ${writes} writes`)
  }
  await updateFile(path, client, write)
  assert.deepEqual(serversOf(path), ['a', 'expenses'])
})

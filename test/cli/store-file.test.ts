import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
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
import { text } from 'node:stream/consumers'
import { before, suite, type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openKeyFile } from '../../src/cli/key-file.ts'
import { type FileHeader, FORMAT, VERSION } from '../../src/cli/store-file/format.ts'
import { readFile } from '../../src/cli/store-file/read.ts'
import { createFileWriter } from '../../src/cli/store-file/write.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import { seal } from '../../src/core/keys/sealed.ts'
import type { StoredRecord } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { startServe } from '../support/serve.ts'
import { entrance, MAIN, startEntranceCommand } from './client/command.ts'

const NOW = Math.floor(Date.now() / 1000)
const LATER = NOW + 86_400
const COUNT = 700

/** A server's folder: its keys, and a store of `COUNT` records and three revocations. */
async function filledFolder(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'entrance-store-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true, maxRetries: 5 }))
  const data = join(cwd, '.entrance')
  const keyring = createKeyring(openKeyFile(data).map(({ secret }) => secret))
  const store = sqliteStore(join(data, 'entrance.db'))
  const records = Array.from({ length: COUNT - 1 }, (_, i) => {
    const key = i === 0 ? 'barred:person:x' : `grant:${i}`
    const purpose = i === 0 ? 'barred' : 'grant other'
    const value = seal(keyring, purpose, `{"id":${i}}`, key)
    return { key, value, expiresAt: LATER, person: `t/${i % 7}`, client: 'c' }
  })
  await store.createAll?.([
    ...records,
    { key: 'keyring', value: `${keyring.current.id}:${NOW}`, expiresAt: LATER },
  ])
  for (const id of ['1', '2', '3']) {
    await store.revoke({ kind: 'grant', id, issuedUntil: NOW, expiresAt: LATER })
  }
  await store.close()
  return { cwd, id: keyring.current.id }
}

/** All that a file's store holds, in an order of its own. */
async function contentOf(path: string) {
  const store = sqliteStore(path)
  try {
    const records: StoredRecord[] = []
    for (let after: string | undefined; ; ) {
      const page = await store.page({ prefix: '', after, limit: 1000 })
      records.push(...page.records)
      after = page.next
      if (after === undefined) break
    }
    const { revocations } = await store.revocations()
    return { records, revocations }
  } finally {
    await store.close()
  }
}

const into = (cwd: string, ...args: string[]) =>
  entrance(['store', 'import', ...args, '--emulator', '--store', 'sqlite:new.db'], { cwd })

async function exported(t: TestContext) {
  const { cwd, id } = await filledFolder(t)
  const done = await entrance(['store', 'export', 'file'], { cwd })
  assert.equal(done.code, 0, done.stderr)
  return {
    cwd,
    id,
    path: join(cwd, 'file'),
    lines: readFileSync(join(cwd, 'file'), 'utf8').split('\n'),
  }
}

/** The file with other lines, and an end that fits them: what somebody would write who knows how. */
function withEnd(lines: readonly string[]): string {
  const before = `${lines.slice(0, -2).join('\n')}\n`
  const count = (kind: string) => lines.filter((line) => line.startsWith(`{"${kind}":`)).length
  const sha256 = createHash('sha256').update(before).digest('hex')
  const end = { records: count('record'), revocations: count('revocation'), sha256 }
  return `${before}${JSON.stringify({ end })}\n`
}

suite('an export', () => {
  test('is a file of its owner’s that holds everything, sealed, and no key', async (t) => {
    const { cwd, id, path, lines } = await exported(t)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const header = JSON.parse(lines[0] ?? '')
    assert.deepEqual(header, {
      ...{ format: 'entrance-store', version: 1, exportedAt: header.exportedAt, store: 'sqlite' },
      ...{ keys: [id], records: COUNT, revocations: 3 },
    })
    assert.equal(lines.length, 1 + 3 + COUNT + 1 + 1)
    const { keys } = JSON.parse(readFileSync(join(cwd, '.entrance', 'keys.json'), 'utf8'))
    assert.ok(!readFileSync(path, 'utf8').includes(keys[0].secret))
    assert.deepEqual(readdirSync(cwd).toSorted(), ['.entrance', 'file'])
  })

  test('of an imported store is the same but for its first and last line', async (t) => {
    const { cwd, lines } = await exported(t)
    const done = await into(cwd, 'file')
    assert.equal(done.code, 0, done.stderr)
    assert.equal(done.stdout, `Imported ${COUNT} records and 3 revocations into sqlite:new.db.\n`)
    await entrance(['store', 'export', 'again', '--store', 'sqlite:new.db'], { cwd })
    const again = readFileSync(join(cwd, 'again'), 'utf8').split('\n')
    assert.deepEqual(again.slice(1, -2), lines.slice(1, -2))
  })

  test('takes no other file’s place, unless it is told to', async (t) => {
    const { cwd } = await filledFolder(t)
    writeFileSync(join(cwd, 'file'), 'mine')
    const refused = await entrance(['store', 'export', 'file'], { cwd })
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /file is there already\.\nName another, or give --force/)
    assert.equal(readFileSync(join(cwd, 'file'), 'utf8'), 'mine')
    assert.equal((await entrance(['store', 'export', 'file', '--force'], { cwd })).code, 0)
    assert.equal(statSync(join(cwd, 'file')).mode & 0o777, 0o600)
  })

  test('leaves nothing behind, and what was there as it was, when the disk is full', async (t) => {
    const { cwd } = await filledFolder(t)
    writeFileSync(join(cwd, 'file'), 'mine')
    // A limit to how long a file may be: the error of a disk that takes no more. 64 KiB are enough
    // for what SQLite keeps beside its file.
    const command = `trap '' XFSZ; ulimit -f 128; exec "$0" "$@"`
    const args = [process.execPath, MAIN, 'store', 'export', 'file', '--force']
    const child = spawn('sh', ['-c', command, ...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.match(stderr, /file cannot be written: EFBIG.*\nMake room, or name another place/)
    assert.equal(code, 1)
    assert.equal(readFileSync(join(cwd, 'file'), 'utf8'), 'mine')
    assert.deepEqual(readdirSync(cwd).toSorted(), ['.entrance', 'file'])
  })

  const NO_PLACE: readonly (readonly [string, string, number, RegExp])[] = [
    ['a folder that is not there', 'none/file', 1, /none\/file cannot be written: ENOENT/],
    ['a folder that is a file', '.entrance/keys.json/x', 1, /cannot be written: ENOTDIR/],
    ['a device', '/dev/full', 2, /\/dev\/full is there, and no plain file/],
    ['a folder', '.entrance', 2, /\.entrance is there, and no plain file/],
  ]
  for (const [title, path, code, message] of NO_PLACE) {
    test(`says why it cannot be written to ${title}, and changes nothing there`, async (t) => {
      const { cwd } = await filledFolder(t)
      const done = await entrance(['store', 'export', path, '--force'], { cwd })
      assert.match(done.stderr, message)
      assert.equal(done.code, code)
      assert.deepEqual(readdirSync(cwd), ['.entrance'])
    })
  }

  test('to a stdout that takes no more, or that nobody reads to its end, fails', {
    skip: !existsSync('/dev/full'),
  }, async (t) => {
    const { cwd } = await filledFolder(t)
    const export_ = (where: string) =>
      new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const shell = `'${process.execPath}' '${MAIN}' store export ${where}`
        const child = spawn('bash', ['-o', 'pipefail', '-c', shell], {
          cwd,
          stdio: ['ignore', 'ignore', 'pipe'],
        })
        const stderr = text(child.stderr)
        child.once('close', async (code) => resolve({ code, stderr: await stderr }))
      })
    const full = await export_('> /dev/full')
    assert.match(full.stderr, /The output cannot be written: ENOSPC/)
    assert.equal(full.code, 1)
    const unread = await export_('| true')
    assert.match(unread.stderr, /stopped before its end/)
    assert.equal(unread.code, 1)
  })

  test('of a store that is not there says so, and makes none', async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), 'entrance-store-'))
    t.after(() => rmSync(cwd, { recursive: true, force: true }))
    const done = await entrance(['store', 'export', 'file'], { cwd })
    assert.match(done.stderr, /There is no store at/)
    assert.equal(done.code, 1)
    assert.deepEqual(readdirSync(cwd), [])
  })
})

/** An export of `COUNT` records and three revocations, as the command writes it. */
async function written(): Promise<string> {
  let whole = ''
  const nothing = async () => {}
  const write = async (text: string) => {
    whole += text
  }
  const header: FileHeader = {
    ...{ format: FORMAT, version: VERSION, exportedAt: new Date().toISOString() },
    ...{ store: 'memory', keys: ['aaaaaaaa'], records: COUNT, revocations: 3 },
  }
  const writer = createFileWriter(header, { write, finish: nothing, abandon: nothing })
  for (const id of ['1', '2', '3']) {
    await writer.revocation({ kind: 'grant', id, issuedUntil: NOW, expiresAt: LATER })
  }
  for (let i = 0; i < COUNT; i++) {
    const value = `aaaaaaaa.${'A'.repeat(50)}`
    await writer.record({ key: `grant:${i}`, value, expiresAt: LATER })
  }
  await writer.end()
  return whole
}

/** What the file is read as, by chunks of a size. */
async function readWhole(whole: string, size = 64 * 1024): Promise<unknown[]> {
  const bytes = Buffer.from(whole)
  async function* chunks() {
    for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
  }
  const entries: unknown[] = []
  for await (const entry of readFile(chunks(), 'file')) entries.push(entry)
  return entries
}

type Lines = readonly string[]
const at = (lines: Lines, i: number, change: (line: string) => string) =>
  lines.map((line, n) => (n === i ? change(line) : line))

/** What was done to a file, and what is said of it. */
const DAMAGE: readonly (readonly [string, (lines: Lines) => string, RegExp])[] = [
  ['is empty', () => '', /file is cut off: it ends without the line that is the last one/],
  [
    'is cut off after a line',
    (l) => `${l.slice(0, 400).join('\n')}\n`,
    /file is cut off: it ends without/,
  ],
  ['is cut off in a line', (l) => l.join('\n').slice(0, 20_000), /file is cut off in line \d+/],
  [
    'lacks its last line end',
    (l) => l.slice(0, -1).join('\n'),
    new RegExp(`cut off in line ${COUNT + 5}`),
  ],
  [
    'has a byte flipped in a value',
    (l) =>
      at(l, 99, (line) =>
        line.replace(/(?<="value":".{30})./, (c) => (c === 'A' ? 'B' : 'A')),
      ).join('\n'),
    /line 705: it has another SHA-256 than what is before it/,
  ],
  [
    'has a byte flipped in a revocation',
    (l) =>
      at(l, 1, (line) =>
        line.replace(/.(?=,"expiresAt")/, (d) => String((Number(d) + 1) % 10)),
      ).join('\n'),
    /another SHA-256/,
  ],
  [
    'lacks a line',
    (l) => l.filter((_, i) => i !== 200).join('\n'),
    /line 704: it says 700 records and 3 revocations; before it there are 699 and 3/,
  ],
  [
    'has something behind its end',
    (l) => `${l.join('\n')}${l[5]}\n`,
    /line 706: it stands behind the line that is the last one/,
  ],
  [
    'is of another version of the format',
    (l) => withEnd(at(l, 0, (line) => line.replace('"version":1', '"version":2'))),
    /file is of format version 2; this release reads version 1\./,
  ],
  [
    'is something else',
    () => '{"keys":[]}\n',
    /line 1: it is not the beginning of an export: "format":"entrance-store" is expected/,
  ],
  ['is no text', () => '\u0000\u0001\n', /line 1: it is no JSON/],
  [
    'has a record without a key',
    (l) => withEnd(at(l, 9, (line) => line.replace('"key":', '"kay":'))),
    /line 10: it is not as an export writes it at key: .*expected string/,
  ],
  [
    'has a record that expires at no time',
    (l) => withEnd(at(l, 9, (line) => line.replace(/"expiresAt":\d+/, '"expiresAt":"soon"'))),
    /line 10: .* at expiresAt: .*expected (int|number)/,
  ],
  [
    'has a revocation of no kind',
    (l) => withEnd(at(l, 2, (line) => line.replace('"grant"', '"some"'))),
    /line 3: .* at kind: .*expected one of "grant"/,
  ],
  [
    'has a record that ends later than any store can say',
    (l) => withEnd(at(l, 9, (line) => line.replace(/"expiresAt":\d+/, '"expiresAt":9e15'))),
    /line 10: .* at expiresAt: /,
  ],
  [
    'has a character that a store would refuse, or write down as another',
    (l) => withEnd(at(l, 9, (line) => line.replace('grant:', 'grant:\\u0000\\ud800'))),
    /line 10: .* at key: expected printable ASCII/,
  ],
  [
    'has words of its own for the terminal',
    (l) => withEnd(at(l, 9, (line) => line.replace('{"key"', '{"\\nAll is well":1,"key"'))),
    /line 10: it is not as an export writes it: no other member is expected\.$/,
  ],
  [
    'is of a version that is a text',
    (l) => withEnd(at(l, 0, (line) => line.replace('"version":1', '"version":"All is well"'))),
    /file is of format version unknown; /,
  ],
  [
    'has a line of neither kind',
    (l) => withEnd(at(l, 9, () => '{"other":{}}')),
    /line 10: .* one of record, revocation and end is expected/,
  ],
  [
    'has a line that has no end',
    (l) => `${l[0]}\n${'x'.repeat(1_100_000)}`,
    /line 2: it is longer than 1048576 bytes/,
  ],
]

suite('of a file that', () => {
  let lines: Lines
  before(async () => {
    lines = (await written()).split('\n')
  })

  for (const [title, change, message] of DAMAGE) {
    test(`${title} it is said what is wrong, and where`, async () => {
      await assert.rejects(readWhole(change(lines)), { name: 'CommandError', message })
    })
  }

  test('is whole everything is read, however it is cut into chunks', async () => {
    for (const size of [7, 1000, 64 * 1024, 1024 * 1024]) {
      const entries = await readWhole(lines.join('\n'), size)
      assert.equal(entries.length, 1 + 3 + COUNT)
    }
  })

  test('is damaged, not there or a folder nothing is imported', async (t) => {
    const { cwd, path } = await exported(t)
    mkdirSync(join(cwd, 'folder'))
    for (const [name, change] of [
      ['cut', (whole: string) => whole.slice(0, -200)],
      ['flipped', (whole: string) => whole.replace(/(?<="value":".{30})[A-Y]/, 'Z')],
    ] as const) {
      writeFileSync(join(cwd, name), change(readFileSync(path, 'utf8')))
    }
    for (const [name, message] of [
      ['cut', /Error: cut is cut off in line \d+: .*\nCopy the file again, or export anew/],
      ['flipped', /flipped, line 705: it has another SHA-256/],
      ['none', /There is no file \S*none\.\nName the file/],
      ['folder', /cannot be read \(EISDIR\): \S*folder\./],
    ] as const) {
      const { code, stderr } = await into(cwd, name)
      assert.match(stderr, message)
      assert.equal(code, 1)
      assert.ok(!existsSync(join(cwd, 'new.db')), 'a store was made')
    }
  })
})

suite('an import', () => {
  test('that is killed in the middle keeps servers from starting, goes on when it is run again, and ends with the same', async (t) => {
    const { cwd, path, lines } = await exported(t)
    const args = ['store', 'import', '-', '--emulator', '--store', 'sqlite:new.db']
    using running = startEntranceCommand(args, { cwd })
    running.child.stdin?.write(`${lines.slice(0, 600).join('\n')}\n`)
    const target = join(cwd, 'new.db')
    for (const deadline = Date.now() + 30_000; countOf(target) < 256; await wait(20)) {
      assert.ok(Date.now() < deadline, 'nothing was imported')
    }
    running.child.kill('SIGKILL')
    await running.finished
    assert.ok(countOf(target) < COUNT)

    const started = startServe({ folder: cwd, args: ['--emulator', '--store', 'sqlite:new.db'] })
    await assert.rejects(started, /an import into it has not ended: a part of it is missing/)
    const part = await entrance(['store', 'export', 'part', '--store', 'sqlite:new.db'], { cwd })
    assert.match(part.stderr, /an import into it has not ended/)
    const check = await entrance(['store', 'check', '--emulator', '--store', 'sqlite:new.db'], {
      cwd,
    })
    assert.match(check.stdout, /An import into it has not ended/)
    assert.equal(check.code, 1)

    const again = await into(cwd, path)
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stderr, /Going on with an import that has not ended\./)
    const source = await contentOf(join(cwd, '.entrance', 'entrance.db'))
    assert.deepEqual(await contentOf(target), source)
  })

  test('from stdin says when that is cut off, and goes on with the whole of it', async (t) => {
    const { cwd, lines } = await exported(t)
    const importOf = (input: string) => {
      const args = ['store', 'import', '-', '--emulator', '--store', 'sqlite:new.db']
      const running = startEntranceCommand(args, { cwd })
      running.child.stdin?.end(input)
      return running.finished
    }
    const cut = await importOf(`${lines.slice(0, 600).join('\n')}\n`)
    assert.match(cut.stderr, /^\d+ of its entries were put before\.\nError: stdin is cut off/)
    assert.equal(cut.code, 1)
    const whole = await importOf(lines.join('\n'))
    assert.equal(whole.code, 0, whole.stderr)
    const source = await contentOf(join(cwd, '.entrance', 'entrance.db'))
    assert.deepEqual(await contentOf(join(cwd, 'new.db')), source)
  })

  test('without the keys is refused by their ids, and makes no key; for keys that are gone it is told so', async (t) => {
    const { cwd, id, path } = await exported(t)
    const elsewhere = join(cwd, 'elsewhere')
    mkdirSync(elsewhere)
    const args = ['store', 'import', path, '--emulator']
    const none = await entrance(args, { cwd: elsewhere })
    assert.match(none.stderr, new RegExp(`sealed under key ${id}; the keys here are: none\\.`))
    assert.match(none.stderr, /Set ENTRANCE_SECRET to the keys of the server that it comes from/)
    assert.equal(none.code, 2)
    assert.deepEqual(readdirSync(elsewhere), [])
    const env = { ENTRANCE_SECRET: 'another-key-than-the-one-of-the-file' }
    const other = await entrance(args, { cwd: elsewhere, env })
    assert.match(
      other.stderr,
      new RegExp(`sealed under key ${id}; the keys here are: [\\w-]{8}\\.`),
    )
    assert.deepEqual(readdirSync(elsewhere), [])
    const all = await entrance([...args, '--without-keys'], { cwd: elsewhere, env })
    assert.equal(all.code, 0, all.stderr)
  })

  test('of a file that says that a server works under a key that is not here is refused, and with --without-keys keeps no server out', async (t) => {
    const { cwd, id, path, lines } = await exported(t)
    const keyring = lines.findIndex((line) => line.includes('"key":"keyring"'))
    const said = `gonegone:${LATER} ${id}:${NOW}`
    const changed = at(lines, keyring, (line) => line.replace(`${id}:${NOW}`, said))
    writeFileSync(path, withEnd(changed))
    const refused = await into(cwd, path)
    assert.match(refused.stderr, /sealed under key gonegone; the keys here are/)
    assert.equal(refused.code, 2)
    assert.ok(!existsSync(join(cwd, 'new.db')))
    const done = await into(cwd, path, '--without-keys')
    assert.equal(done.code, 0, done.stderr)
    const { records } = await contentOf(join(cwd, 'new.db'))
    const value = records.find(({ key }) => key === 'keyring')?.value
    assert.equal(value, `${id}:${NOW}`)
  })

  test('of a revocation of what is not issued yet is refused: who signs in would be shut out', async (t) => {
    const { cwd, path, lines } = await exported(t)
    const all = { kind: 'all', id: '', issuedUntil: NOW + 2 * 86_400, expiresAt: NOW + 9 * 86_400 }
    writeFileSync(path, withEnd(at(lines, 2, () => JSON.stringify({ revocation: all }))))
    const { code, stderr } = await into(cwd, path)
    assert.match(stderr, /line 3: it revokes what is not issued yet/)
    assert.equal(code, 1)
    assert.ok(!existsSync(join(cwd, 'new.db')))
  })

  test('that cannot be audited leaves nothing in the store, and no server waiting for its end', async (t) => {
    const { cwd } = await exported(t)
    const args = ['store', 'import', 'file', '--emulator', '--store', 'sqlite:new.db']
    const env = { ENTRANCE_AUDIT: 'file:/dev/null/audit.jsonl' }
    const { code, stderr } = await entrance(args, { cwd, env })
    assert.match(stderr, /ENTRANCE_AUDIT/)
    assert.equal(code, 2)
    assert.deepEqual((await contentOf(join(cwd, 'new.db'))).records, [])
  })

  test('from a pipe with a name is one from stdin, and ends', async (t) => {
    const { cwd } = await exported(t)
    const command = `'${process.execPath}' '${MAIN}' store import <(cat file) --emulator --store sqlite:new.db`
    const child = spawn('bash', ['-c', command], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.equal(code, 0, stderr)
    const source = await contentOf(join(cwd, '.entrance', 'entrance.db'))
    assert.deepEqual(await contentOf(join(cwd, 'new.db')), source)
  })

  test('that has not ended is not ended by that of another file, unless it is told to', async (t) => {
    const { cwd, path, lines } = await exported(t)
    const args = ['store', 'import', '-', '--emulator', '--store', 'sqlite:new.db']
    const running = startEntranceCommand(args, { cwd })
    running.child.stdin?.end(`${lines.slice(0, 300).join('\n')}\n`)
    assert.match((await running.finished).stderr, /stdin is cut off/)

    const few = [...lines.slice(0, 9), ...lines.slice(-2)]
    writeFileSync(
      join(cwd, 'other'),
      withEnd(at(few, 0, (line) => line.replace(/"records":\d+/, '"records":5'))),
    )
    const refused = await into(cwd, 'other')
    assert.match(refused.stderr, /Another export, of \d{4}-.*Z, is in sqlite:new\.db in part\./)
    assert.match(refused.stderr, /Import that one again, .*or give --merge/)
    assert.equal(refused.code, 2)
    const check = ['store', 'check', '--emulator', '--store', 'sqlite:new.db']
    assert.match((await entrance(check, { cwd })).stdout, /An import into it has not ended/)
    const merged = await into(cwd, 'other', '--merge')
    assert.equal(merged.code, 0, merged.stderr)
    assert.doesNotMatch((await entrance(check, { cwd })).stdout, /has not ended/)
    const again = await into(cwd, path, '--merge')
    assert.equal(again.code, 0, again.stderr)
  })

  test('of two files at once into one empty store lets one of them in', async (t) => {
    const { cwd, lines } = await exported(t)
    writeFileSync(
      join(cwd, 'other'),
      withEnd(at(lines, 0, (line) => line.replace(/"records":\d+/, '"records":699'))),
    )
    const done = await Promise.all(['file', 'other'].map((file) => into(cwd, file)))
    const codes = done.map(({ code }) => code).toSorted()
    const said = done.map(({ stderr }) => stderr).join('')
    assert.ok(codes[0] === 0 && codes[1] !== 0, `${codes}: ${said}`)
    assert.match(said, /Another (export, of|import into)|is not empty/)
    const source = await contentOf(join(cwd, '.entrance', 'entrance.db'))
    assert.deepEqual(await contentOf(join(cwd, 'new.db')), source)
  })

  test('into a store that others use under another key is refused', async (t) => {
    const { cwd } = await exported(t)
    const store = sqliteStore(join(cwd, 'new.db'))
    await store.create({ key: 'keyring', value: `aaaaaaaa:${NOW}`, expiresAt: LATER })
    await store.close()
    const { code, stderr } = await into(cwd, 'file')
    assert.match(
      stderr,
      /A server with key aaaaaaaa works on sqlite:new\.db, and that key is not here/,
    )
    assert.equal(code, 2)
  })

  test('into a store that is not empty is refused, and with --merge leaves what is there', async (t) => {
    const { cwd } = await exported(t)
    const store = sqliteStore(join(cwd, 'new.db'))
    await store.create({ key: 'grant:5', value: 'mine', expiresAt: LATER })
    const refused = await into(cwd, 'file')
    assert.match(
      refused.stderr,
      /sqlite:new\.db is not empty\.\nName an empty store; or give --merge/,
    )
    assert.equal(refused.code, 2)
    const merged = await into(cwd, 'file', '--merge', '--json')
    const { records, revocations } = JSON.parse(merged.stdout)
    assert.deepEqual(records, { new: COUNT - 1, newer: 0, same: 0, older: 1, expired: 0 })
    assert.equal(revocations, 3)
    assert.equal((await store.get('grant:5'))?.value, 'mine')
    await store.close()
    const again = await into(cwd, 'file', '--merge')
    assert.match(again.stdout, /^Imported 0 records and 0 revocations into/)
    assert.match(again.stderr, /^699 were there already\.\n1 stay as they are there/)
  })

  test('into a store where a server was only started is one into an empty store', async (t) => {
    const { cwd, id } = await exported(t)
    const store = sqliteStore(join(cwd, 'new.db'))
    await store.create({ key: 'keyring', value: `${id}:${NOW}`, expiresAt: LATER })
    await store.close()
    const { code, stderr } = await into(cwd, 'file')
    assert.equal(code, 0, stderr)
  })

  test('leaves out what has expired since', async (t) => {
    const { cwd, path, lines } = await exported(t)
    const expired = at(at(lines, 1, toPast), 9, toPast)
    writeFileSync(path, withEnd(expired))
    const { stdout, stderr } = await into(cwd, 'file')
    assert.match(stdout, /^Imported 699 records and 2 revocations/)
    assert.match(stderr, /1 had expired and were left out/)
  })

  test('says what is wrong with the settings, and without a file does nothing', async (t) => {
    const { cwd } = await exported(t)
    const settings = await entrance(['store', 'import', 'file', '--store', 'sqlite:new.db'], {
      cwd,
    })
    assert.match(settings.stderr, /of the three Entra variables none is set/)
    assert.equal(settings.code, 2)
    assert.ok(!existsSync(join(cwd, 'new.db')))
  })
})

test('an export and an import of 10,000 grants hold few of them at a time', {
  timeout: 120_000,
}, async (t) => {
  const { cwd } = await filledFolder(t)
  fillWith(join(cwd, '.entrance', 'entrance.db'), 10_000)
  // The file has 64 MB: whoever held it would need more than this. The program itself takes 20.
  const env = { NODE_OPTIONS: '--max-old-space-size=48' }
  const out = await entrance(['store', 'export', 'file'], { cwd, env })
  assert.equal(out.code, 0, out.stderr)
  assert.ok(statSync(join(cwd, 'file')).size > 64_000_000)
  const args = ['store', 'import', 'file', '--emulator', '--store', 'sqlite:new.db']
  const done = await entrance([...args, '--without-keys'], { cwd, env })
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /^Imported 10700 records/)
})

const toPast = (line: string) => line.replace(/"expiresAt":\d+/, `"expiresAt":${NOW - 1}`)

function countOf(path: string): number {
  if (!existsSync(path)) return 0
  using db = new DatabaseSync(path, { timeout: 5000 })
  try {
    return Number(db.prepare('SELECT count(*) AS count FROM records').get()?.count)
  } catch {
    // It is being made.
    return 0
  }
}

/** Past the store, in one go: what it costs to put them there is not the question. */
function fillWith(path: string, count: number): void {
  using db = new DatabaseSync(path)
  const insert = db.prepare("INSERT INTO records VALUES (?, ?, 1, ?, 't/1', 'c')")
  db.exec('BEGIN')
  const value = `aaaaaaaa.${'x'.repeat(6400)}`
  for (let i = 0; i < count; i++) insert.run(`grant:many ${i}`, value, LATER)
  db.exec('COMMIT')
}

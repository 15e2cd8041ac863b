import assert from 'node:assert/strict'
import {
  chmodSync,
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
import { type TestContext, test } from 'node:test'
import { openKeyFile, readKeyFile, rotateKeyFile } from '../../src/cli/key-file.ts'
import { keyIdOf } from '../../src/core/keys/keyring.ts'
import { ConfigError } from '../../src/index.ts'
import { entrance } from './client/command.ts'

const withoutModes = process.platform === 'win32' && 'Windows has no file modes.'
const SECRETS = ['the-current-one-of-the-two-master-keys', 'the-former-one-of-the-two-master-keys']

test('without keys, the list says where they will be, and makes nothing', async (t) => {
  const cwd = newFolder(t)
  const { code, stdout } = await entrance(['keys', 'list'], { cwd })
  assert.equal(code, 0)
  assert.equal(
    stdout,
    `No keys yet: ${join('.entrance', 'keys.json')} is made at the first start.\n`,
  )
  assert.deepEqual(readdirSync(cwd), [])
})

test('rotate puts a new key in front, and list shows ids and days, never a key', async (t) => {
  const cwd = newFolder(t)
  const first = await entrance(['keys', 'rotate'], { cwd })
  assert.match(first.stdout, /^Made the key \S{8} in .*keys\.json\.\n$/)
  const second = await entrance(['keys', 'rotate', '--in', '0'], { cwd })
  assert.match(second.stdout, /The one before it stays: registrations and sign-ins stay good\.\n$/)
  const listed = await entrance(['keys', 'list'], { cwd })
  const json = await entrance(['keys', 'list', '--json'], { cwd })

  const [former, current] = [first, second].map(({ stdout }) => /key (\S+)/.exec(stdout)?.[1])
  const day = new Date().toISOString().slice(0, 10)
  assert.equal(
    listed.stdout,
    `Master keys of ${join('.entrance', 'keys.json')}, the newest first:\n` +
      `  ${current}  current  made ${day}\n  ${former}  former   made ${day}\n`,
  )
  const { keys } = JSON.parse(json.stdout)
  assert.deepEqual(
    keys.map(({ id, use }: Record<string, unknown>) => [id, use]),
    [
      [current, 'current'],
      [former, 'former'],
    ],
  )
  const stored = readKeyFile(join(cwd, '.entrance')) ?? []
  assert.equal(stored.length, 2)
  for (const { secret } of stored) {
    for (const { stdout, stderr } of [first, second, listed, json]) {
      assert.ok(!`${stdout}${stderr}`.includes(secret), 'a key is shown')
    }
  }
})

test('a key whose id begins with a hyphen is retired like any other', async (t) => {
  const cwd = newFolder(t)
  // One id in 64 does.
  const secrets = Array.from(
    { length: 2000 },
    (_, i) => `a-master-key-that-is-tried-as-number-${i}`,
  )
  const former = secrets.find((secret) => keyIdOf(secret).startsWith('-')) as string
  const env = { ENTRANCE_SECRET: `${secrets.find((secret) => secret !== former)},${former}` }
  const words = ['keys', 'retire', keyIdOf(former), '--yes']
  const { code, stdout, stderr } = await entrance(words, { cwd, env })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Set ENTRANCE_SECRET to this value/)
})

test('keys in ENTRANCE_SECRET are listed by id, and rotate says what to set', async (t) => {
  const cwd = newFolder(t)
  const env = { ENTRANCE_SECRET: SECRETS.join(',') }
  const listed = await entrance(['keys', 'list'], { cwd, env })
  assert.match(listed.stdout, /^Master keys of ENTRANCE_SECRET, the newest first:\n/)
  for (const secret of SECRETS) assert.ok(!listed.stdout.includes(secret), 'a key is shown')

  const rotated = await entrance(['keys', 'rotate', '--json'], { cwd, env })
  const { keys, steps } = JSON.parse(rotated.stdout)
  const [first, second] = steps.map((step: string) => step.split(','))
  const [made, ...kept] = second
  assert.deepEqual(kept, SECRETS)
  // First every replica recognises it, then the first one makes with it.
  assert.deepEqual(first, [...SECRETS, made])
  assert.ok(made.length >= 43)
  const ids = keys.map(({ id }: { id: string }) => id)
  assert.deepEqual(
    ids.slice(1),
    listed.stdout.match(/^ {2}\S+/gm)?.map((id) => id.trim()),
  )
  assert.deepEqual(readdirSync(cwd), [])
})

test('the .env file counts for keys too', async (t) => {
  const cwd = newFolder(t)
  writeFileSync(join(cwd, '.env'), `ENTRANCE_SECRET="${SECRETS[0]}"\n`)
  const { stdout } = await entrance(['keys', 'list'], { cwd })
  assert.match(stdout, /ENTRANCE_SECRET/)
})

test('a key file that is damaged is left alone, and the cure is told', async (t) => {
  const secret = 'x'.repeat(40)
  const createdAt = '2026-01-01T00:00:00.000Z'
  const short = { keys: [{ secret: 'short', createdAt }] }
  const dated = { keys: [{ secret, createdAt: 1 }] }
  const active = { keys: [{ secret, createdAt, activeFrom: 'soon' }] }
  const damaged = [
    '',
    '{',
    '[]',
    '{"keys":[]}',
    ...[short, dated, active].map((keys) => JSON.stringify(keys)),
  ]
  for (const text of damaged) {
    const data = newFolder(t)
    writeFileSync(join(data, 'keys.json'), text)
    for (const use of [readKeyFile, openKeyFile, (folder: string) => rotateKeyFile(folder, 0)]) {
      assert.throws(() => use(data), { name: 'ConfigError', message: /is damaged or was edited/ })
    }
    assert.equal(readFileSync(join(data, 'keys.json'), 'utf8'), text)
  }
  const data = newFolder(t)
  writeFileSync(join(data, 'keys.json'), '{')
  const { code, stderr } = await entrance(['keys', 'list', '--data', data])
  assert.equal(code, 2)
  assert.ok(stderr.includes(join(data, 'keys.json')), stderr)
  assert.match(stderr, /Restore it from a backup/)
})

test('a key file that cannot be read or made is a problem of the configuration', (t) => {
  const data = newFolder(t)
  mkdirSync(join(data, 'keys.json'))
  assert.throws(() => openKeyFile(data), ConfigError)
  const file = join(newFolder(t), 'a-file')
  writeFileSync(file, '')
  assert.throws(() => rotateKeyFile(file, 0), ConfigError)
  assert.throws(() => openKeyFile(join(file, 'below')), ConfigError)
})

test('of two that open a new key file at once, both take one key', (t) => {
  const data = newFolder(t)
  // The second comes between the first one's look and its writing.
  const quicker: string[] = []
  t.mock.method(Date.prototype, 'toISOString', () => {
    if (quicker.length === 0) {
      quicker.push('under way')
      quicker.push(openKeyFile(data)[0]?.secret ?? '')
    }
    return '2026-01-01T00:00:00.000Z'
  })
  const [key] = openKeyFile(data)
  assert.equal(key?.secret, quicker[1])
  assert.deepEqual(openKeyFile(data), [key])
  assert.deepEqual(readdirSync(data), ['keys.json'])
})

test('the key file is the owner’s only, also when it was not', { skip: withoutModes }, (t) => {
  const data = join(newFolder(t), 'new', 'folder')
  const before = process.umask(0)
  t.after(() => process.umask(before))
  openKeyFile(data)
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  assert.equal(modeOf(data), '700')
  assert.equal(modeOf(join(data, 'keys.json')), '600')
  rotateKeyFile(data, 0)
  assert.equal(modeOf(join(data, 'keys.json')), '600')
  chmodSync(join(data, 'keys.json'), 0o644)
  readKeyFile(data)
  assert.equal(modeOf(join(data, 'keys.json')), '600')
  assert.deepEqual(readdirSync(data), ['keys.json'])
})

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-keys-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

for (const command of ['keys list', 'keys rotate', 'emulator']) {
  test(`${command} says when --data is no folder`, async (t) => {
    const cwd = newFolder(t)
    writeFileSync(join(cwd, 'a-file'), '')
    const { code, stderr } = await entrance([...command.split(' '), '--data', 'a-file'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /a-file is not a folder/)
  })
}

test('a proxy that is no address stops nothing that talks to nobody', async (t) => {
  const cwd = newFolder(t)
  writeFileSync(join(cwd, '.env'), 'HTTPS_PROXY=::bad::\n')
  assert.equal((await entrance(['keys', 'list'], { cwd })).code, 0)
})

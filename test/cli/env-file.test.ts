import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseEnv } from 'node:util'
import { checkEnvFile, readEnvFile, setVariables, updateEnvFile } from '../../src/cli/env-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-env-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const set = (text: string, values: Record<string, string>) =>
  setVariables(text, new Map(Object.entries(values)))

test('comments, order, quotation marks and other variables stay as they are', () => {
  const before = `# mine\nA="x # y"\n\nexport AZURE_TENANT_ID=\n# AZURE_TENANT_ID=example\nB='it''s'\n`
  const { text } = set(before, { AZURE_TENANT_ID: 'one', NEW: 'two' })
  assert.equal(
    text,
    `# mine\nA="x # y"\n\nexport AZURE_TENANT_ID=one\n# AZURE_TENANT_ID=example\nB='it''s'\nNEW=two\n`,
  )
})

test('line ends of Windows stay, and a last line without one gets it', () => {
  const { text } = set('A=1\r\nB=2', { B: '3', C: '4' })
  assert.equal(text, 'A=1\r\n# B=2\r\nB=3\r\nC=4\r\n')
})

test('a value that was another one stays as a comment', () => {
  const { text, changes } = set('A=old # why\n', { A: 'new' })
  assert.equal(text, '# A=old # why\nA=new\n')
  assert.deepEqual(changes, [{ name: 'A', value: 'new', former: 'old' }])
})

test('a former value over several lines becomes a comment as a whole', () => {
  const { text } = set('A="one\ntwo"\nB=3\n', { A: 'new' })
  assert.equal(text, '# A="one\n# two"\nA=new\nB=3\n')
})

test('of a variable that is set twice, the one that counts is changed', () => {
  const { text } = set('A=1\nA=2\n', { A: '3' })
  assert.equal(parseEnv(text).A, '3')
  assert.equal(text, 'A=1\n# A=2\nA=3\n')
  assert.deepEqual(set('A=1\nA=2\n', { A: '2' }).changes, [])
})

test('what is written is read back as it was, whatever is in it', () => {
  const values = ['a8Q~b.c_d-e', 'with blank', "it's", 'say "hi"', 'a#b', '$HOME', '=', 'C:\\x\\n']
  for (const value of values) {
    const { text } = set('Z=1\n', { A: value })
    assert.equal(parseEnv(text).A, value, text)
    assert.deepEqual(set(text, { A: value }).changes, [], text)
  }
})

test("a secret in the shape of Entra's is written without quotation marks", () => {
  assert.equal(set('', { A: 'Ab18Q~x.-_y' }).text, 'A=Ab18Q~x.-_y\n')
})

test('a variable whose name ends in another name is none of its business', () => {
  assert.equal(set('MY_PORT=1\n', { PORT: '2' }).text, 'MY_PORT=1\nPORT=2\n')
})

test('a new file is readable by its owner only; an old one keeps its permissions', () => {
  const fresh = join(folder, 'fresh')
  updateEnvFile(fresh, new Map([['A', '1']]))
  assert.equal(statSync(fresh).mode & 0o777, 0o600)
  const old = join(folder, 'old')
  writeFileSync(old, 'B=2\n')
  chmodSync(old, 0o640)
  updateEnvFile(old, new Map([['A', '1']]))
  assert.equal(statSync(old).mode & 0o777, 0o640)
  assert.equal(readFileSync(old, 'utf8'), 'B=2\nA=1\n')
})

test('a link stays one, and what it leads to is written', () => {
  const target = join(folder, 'target')
  const link = join(folder, 'link')
  writeFileSync(target, 'B=2\n')
  symlinkSync(target, link)
  updateEnvFile(link, new Map([['A', '1']]))
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(target, 'utf8'), 'B=2\nA=1\n')
})

test('where nothing changes nothing is written, and nothing is left behind', () => {
  const path = join(folder, 'same')
  writeFileSync(path, 'A=1\n')
  const { mtimeMs } = statSync(path)
  assert.deepEqual(updateEnvFile(path, new Map([['A', '1']])), [])
  assert.equal(statSync(path).mtimeMs, mtimeMs)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('a folder of that name is said to be none, and what is not there is empty', () => {
  const path = join(folder, 'venv')
  mkdirSync(path)
  assert.throws(() => updateEnvFile(path, new Map([['A', '1']])), /venv is not a file/)
  assert.equal(readEnvFile(join(folder, 'nowhere')).size, 0)
})

test('a line within the value of another variable is not taken for the variable', () => {
  const key = 'KEY="-----BEGIN\nA=1\n-----END"\n'
  const { text } = set(key, { A: 'new' })
  assert.deepEqual({ ...parseEnv(text) }, { ...parseEnv(key), A: 'new' })
  assert.equal(set('B=x\u2028A=1\n', { A: '2' }).text, 'B=x\u2028A=1\nA=2\n')
})

test('whatever is in the file, the parser reads what was written, and all else as before', () => {
  const bits = [
    ...['A', 'B', '=', '"', "'", '`', '\n', '\r\n', ' ', '#', 'export ', '\t', '\\n', '\\', '$A'],
    ...['\nA=', '\nB="', '\uFEFF', '\r', '-----', '\u2028'],
  ]
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % below
  }
  const variables = (text: string) =>
    Object.fromEntries(Object.entries(parseEnv(text)).filter(([name]) => !/^export/.test(name)))
  let written = 0
  for (let round = 0; round < 5000; round++) {
    const before = Array.from({ length: 1 + next(12) }, () => bits[next(bits.length)]).join('')
    const value = ['new', "a'b", 'a"b', 'a b', 'a#b'][next(5)] as string
    const wanted = { ...variables(before), A: value }
    try {
      const { text } = set(before, { A: value })
      assert.deepEqual(variables(text), wanted, JSON.stringify(before))
      written++
    } catch (error) {
      assert.match((error as Error).message, /A cannot be written/)
    }
  }
  assert.ok(written > 4500, `${written} of 5000`)
})

test('a file in another encoding is refused rather than spoilt', () => {
  for (const [name, bytes] of [
    ['latin1', Buffer.from('NAME=M\u00fcller\n', 'latin1')],
    ['utf16', Buffer.from('\uFEFFA=1\n', 'utf16le')],
  ] as const) {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    assert.throws(
      () => updateEnvFile(path, new Map([['A', '1']])),
      /cannot be written: it is not in UTF-8/,
    )
    assert.throws(() => checkEnvFile(path), /not in UTF-8/)
    assert.deepEqual(readFileSync(path), bytes)
  }
})

test('whether it can be written is found out without writing it', () => {
  const path = join(folder, 'tried')
  checkEnvFile(path)
  writeFileSync(path, 'A=1\n')
  checkEnvFile(path)
  assert.equal(readFileSync(path, 'utf8'), 'A=1\n')
  assert.throws(() => checkEnvFile(join(folder, 'nowhere', '.env')), /cannot be written/)
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('tried.')))
})

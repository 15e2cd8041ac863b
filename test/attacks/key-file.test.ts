import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keyFilePath, openKeyFile, rotateKeyFile } from '../../src/cli/key-file.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'entrance-key-file-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('keys are not written through a link that stands where the file is prepared', (t) => {
  const data = folder(t)
  const victim = join(folder(t), 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(victim, `${keyFilePath(data)}.${process.pid}.tmp`)
  openKeyFile(data)
  rotateKeyFile(data, 0)
  assert.equal(readFileSync(victim, 'utf8'), 'mine')
})

test('a process of the same id in another container does not write into the key file', (t) => {
  const data = folder(t)
  // Such a process has begun to prepare its own.
  const other = `${keyFilePath(data)}.${process.pid}.tmp`
  writeFileSync(other, 'begun')
  const [key] = openKeyFile(data)
  assert.equal(readFileSync(other, 'utf8'), 'begun')
  writeFileSync(other, 'written to its end')
  assert.deepEqual(openKeyFile(data), [key])
  rmSync(other)
  assert.deepEqual(readdirSync(data), ['keys.json'])
})

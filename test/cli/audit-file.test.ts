import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openAuditFile } from '../../src/cli/audit-file.ts'
import type { LogEvent } from '../../src/index.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-audit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

suite('the file of the audit log', () => {
  test('is begun anew when it is full, and so many are kept', (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const file = openAuditFile(path, () => {}, { maxBytes: 25, maxFiles: 2 })
    for (let i = 0; i < 8; i++) file.write(`line ${i} ..\n`)
    const read = (name: string) => readFileSync(name, 'utf8').match(/\d/g)?.join('')
    assert.deepEqual([read(path), read(`${path}.1`), read(`${path}.2`)], ['67', '45', '23'])
    assert.ok(!existsSync(`${path}.3`))
  })

  test('that another process has begun anew is gone on with: none of its lines is moved away for it', (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const bounds = { maxBytes: 25, maxFiles: 2 }
    const [a, b] = [openAuditFile(path, () => {}, bounds), openAuditFile(path, () => {}, bounds)]
    for (let i = 0; i < 3; i++) for (const file of [a, b]) file?.write(`line ${i} ..\n`)
    const read = (name: string) => readFileSync(name, 'utf8').match(/\d/g)?.join('')
    assert.deepEqual([read(path), read(`${path}.1`)], ['22', '0011'])
    assert.ok(!existsSync(`${path}.2`))
  })

  test('goes on after a restart where it was', async (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    for (const line of ['a\n', 'b\n']) {
      const file = openAuditFile(path, () => {})
      file.write(line)
      await file.close()
    }
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n')
  })

  test('that cannot be written is told once, throws at nobody, and is told when it can be', (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'deep', 'audit.jsonl')
    const logs: LogEvent[] = []
    assert.throws(() => openAuditFile(path, (event) => void logs.push(event)), /ENTRANCE_AUDIT/)
    const device = '/dev/full'
    if (!existsSync(device)) return t.skip('no /dev/full here')
    const file = openAuditFile(device, (event) => void logs.push(event))
    for (let i = 0; i < 5; i++) file.write('lost\n')
    assert.deepEqual(
      logs.map(({ event }) => event),
      ['audit.failed'],
    )
    assert.match(logs[0]?.message ?? '', /ENOSPC/)
  })

  test('takes back half a line that the disk has no room for, and no line that a command has added', (t) => {
    const path = join(folderOf(t), 'audit.jsonl')
    const logs: LogEvent[] = []
    const file = openAuditFile(path, (event) => void logs.push(event))
    file.write('of the server\n')
    appendFileSync(path, 'of a command, which is longer\n')
    const limit = (bytes: number | string) =>
      spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]).status === 0
    if (!limit(statSync(path).size + 4)) return t.skip('no prlimit here')
    try {
      file.write('of the server again\n')
    } finally {
      limit('unlimited')
    }
    file.write('at last\n')
    assert.deepEqual(
      logs.map(({ event }) => event),
      ['audit.failed', 'audit.resumed'],
    )
    const written = 'of the server\nof a command, which is longer\nat last\n'
    assert.equal(readFileSync(path, 'utf8'), written)
  })

  test('is no symbolic link that somebody has put there', (t) => {
    if (process.platform === 'win32') return t.skip('Windows asks for more rights')
    const folder = folderOf(t)
    symlinkSync(join(folder, 'victim'), join(folder, 'audit.jsonl'))
    assert.throws(() => openAuditFile(join(folder, 'audit.jsonl'), () => {}), /symbolic link/)
    assert.ok(!existsSync(join(folder, 'victim')))
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/cli/log.ts'
import { openAudit } from '../../src/cli/open-audit.ts'
import type { AuditEvent, LogEvent } from '../../src/index.ts'

const LINE = 'x'.repeat(1000)

/** Keeps all that is written until somebody reads it. */
function slowReader() {
  const waiting: string[] = []
  return {
    write: (text: string | Uint8Array) => waiting.push(String(text)) > 0,
    get writableLength() {
      return waiting.reduce((sum, line) => sum + line.length, 0)
    },
    read: () => waiting.splice(0),
  }
}

test('a log that nobody reads does not fill the memory, and says what was lost', () => {
  const stream = slowReader()
  const log = createLog('json', stream)
  for (let i = 0; i < 6000; i++) log({ event: 'test.event', message: LINE })
  const kept = stream.read()
  assert.ok(kept.join('').length < 5_000_000)
  log({ event: 'test.event', message: 'It is read again.' })
  const events = stream.read().map((line) => JSON.parse(line))
  assert.deepEqual(
    events.map(({ event, lost }) => [event, lost]),
    [
      ['log.resumed', 6000 - kept.length],
      ['test.event', undefined],
    ],
  )
})

test('lines of the audit log that find no room are counted in the log', () => {
  const stream = slowReader()
  const said: LogEvent[] = []
  const settings = { to: 'stdout', names: true } as const
  const audit = openAudit(settings, (event) => void said.push(event), { stream })
  const add = (reason: string) => {
    const event: AuditEvent = { event: 'token.refused', outcome: 'failure', reason }
    for (const observer of audit?.observers ?? []) observer.audit?.(event)
  }
  for (let i = 0; i < 6000; i++) add(LINE)
  const kept = stream.read().length
  assert.ok(kept < 5000)
  add('read again')
  assert.equal(stream.read().length, 1)
  assert.deepEqual(
    said.map(({ event, lost }) => [event, lost]),
    [['audit.resumed', 6000 - kept]],
  )
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { guardLog } from '../../src/core/guarded-log.ts'
import type { LogEvent } from '../../src/index.ts'

function written(message: string, fields: Record<string, unknown> = {}): LogEvent {
  let event: LogEvent | undefined
  guardLog((given) => {
    event = given
  })({ event: 'x', message, ...fields })
  return event as LogEvent
}

test('what looks like a secret of ours is not written down, whole or cut', () => {
  const opaque = randomBytes(32).toString('base64url')
  const token = `r1.${'A'.repeat(22)}.1.AAAAAAAA.AAAAAA.${opaque}`
  const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.${randomBytes(64).toString('base64url')}`
  for (const [text, shown] of [
    [opaque, '[...]'],
    [opaque.slice(0, 40), '[...]'],
    [token, '[...]'],
    [token.slice(0, 60), '[...]'],
    [jwt, 'eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.[...]'],
  ]) {
    assert.equal(written(`It was '${text}'.`).message, `It was '${shown}'.`)
    assert.equal(written('x', { client: text }).client, shown)
  }
})

test('what helps to find a fault is', () => {
  const texts = [
    'AADSTS50011: Trace ID 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00',
    "The redirect_uri 'https://claude.ai/api/mcp/auth_callback' is not one this client registered.",
    'at file:///srv/entrance/dist/core/grants/authorization-code.js:12:3',
  ]
  for (const text of texts) assert.equal(written(text).message, text)
  assert.equal(written('x', { count: 3 }).count, 3)
})

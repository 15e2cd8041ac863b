import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { guardLog } from '../../src/core/guarded-log.ts'
import type { LogEvent } from '../../src/index.ts'

function written(
  message: string,
  fields: Record<string, unknown> = {},
  secrets: readonly string[] = [],
): LogEvent {
  let event: LogEvent | undefined
  const log = guardLog((given) => {
    event = given
  }, secrets)
  log({ event: 'x', message, ...fields })
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

test('a secret of the configuration is not written down, whatever its alphabet is', () => {
  const secrets = [
    'abc8Q~Xy.Zk3LmN-0p_QrStUv.WxYz1234567890',
    'oU3SXRR1PkyBWonna4O2jwew9HWmcND+iO2k1jEHxU0=',
    'a secret between the reports and this server',
  ]
  for (const secret of secrets) {
    assert.equal(written(`'${secret}', '${secret}'`, {}, secrets).message, "'[...]', '[...]'")
    assert.equal(written('x', { client: secret }, secrets).client, '[...]')
  }
})

test('what helps to find a fault is', () => {
  const texts = [
    'AADSTS50011: Trace ID 6b1e0c1c-93d5-4a37-a2a2-a9cf0d0a2c00',
    "The redirect_uri 'https://claude.ai/api/mcp/auth_callback' is not one this client registered.",
    'fetch failed: UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    "The resource 'https://x/' is not served here; https://expenses-mcp-server-prod-westeurope-001.azurewebsites.net/mcp is.",
    '/var/lib/a-folder-with-a-name-of-several-words_2/entrance.db cannot be opened',
    'at file:///srv/entrance/dist/core/grants/authorization-code.js:12:3',
  ]
  for (const text of texts) assert.equal(written(text).message, text)
  assert.equal(written('x', { count: 3 }).count, 3)
})

test('a private key is not written down, whole, cut or with its line ends escaped', () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const ofRsa = privateKey.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY')
  for (const key of [privateKey.trimEnd(), ofRsa.trimEnd()]) {
    assert.equal(written(`cannot read '${key}'.`).message, "cannot read '[...]'.")
    assert.equal(written(`cannot read '${key.slice(0, 700)}`).message, "cannot read '[...]")
    const escaped = JSON.stringify({ key })
    assert.equal(written(escaped).message, '{"key":"[...]"}')
  }
})

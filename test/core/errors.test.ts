import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, OAuthError } from '../../src/core/errors.ts'

test('a description goes into headers: no quote, backslash or line break is left (RFC 6749 §5.2)', () => {
  const { message } = new OAuthError('invalid_request', 'a "b" \\c\r\nX: y\0\u00e4\u{1f600}\x7f')
  assert.equal(message, "a 'b' /c??X: y?????")
})

test('each code has its status, which an error may change', () => {
  assert.equal(new OAuthError('invalid_grant', 'x').status, 400)
  assert.equal(new OAuthError('invalid_client', 'x').status, 401)
  assert.equal(new OAuthError('insufficient_scope', 'x').status, 403)
  assert.equal(new OAuthError('temporarily_unavailable', 'x').status, 503)
  assert.equal(new OAuthError('invalid_client', 'x', { status: 400 }).status, 400)
})

test('a configuration error says everything that is wrong, a line each', () => {
  const problems = [
    { option: 'url', problem: 'is missing.', cure: 'Give one.' },
    { option: 'secret', problem: 'is short.', cure: 'Make one.' },
  ]
  const error = new ConfigError(problems)
  assert.equal(error.message, 'url: is missing. Give one.\nsecret: is short. Make one.')
  assert.deepEqual(error.problems, problems)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ForeignResponse,
  parseAuthorizationResponse,
  parsePastedResponse,
} from '../../../src/cli/client/authorization-response.ts'

const EXPECTED = { state: 's3cret', issuer: 'https://as.example.com', sendsIssuer: true }

const parse = (query: string, expected = EXPECTED) =>
  parseAuthorizationResponse(new URLSearchParams(query), expected)

test('a code with the right state and issuer is taken', () => {
  assert.deepEqual(parse('code=abc&state=s3cret&iss=https%3A%2F%2Fas.example.com'), {
    kind: 'code',
    code: 'abc',
    iss: 'https://as.example.com',
  })
})

test('an error with the right state is taken, with its description', () => {
  const query = 'error=access_denied&error_description=No+thanks&state=s3cret'
  assert.deepEqual(parse(`${query}&iss=https%3A%2F%2Fas.example.com`), {
    kind: 'error',
    error: 'access_denied',
    description: 'No thanks',
  })
})

for (const query of [
  'code=abc',
  'code=abc&state=',
  'code=abc&state=wrong',
  'code=abc&state=s3cre',
  'code=abc&state=s3cret%20',
  'code=abc&state=s3cret&state=s3cret',
  'error=access_denied&state=wrong',
  'state=wrong',
]) {
  test(`?${query} is nobody's answer, and the waiting goes on`, () => {
    assert.throws(() => parse(query), ForeignResponse)
  })
}

test('the address that the person was sent to is not taken for the one they land on', () => {
  assert.throws(() => parse('response_type=code&client_id=c&state=s3cret'), ForeignResponse)
})

test('an answer of another issuer, or of none where one was promised, is a failure', () => {
  for (const query of [
    'code=abc&state=s3cret&iss=https%3A%2F%2Fevil.example.com',
    'code=abc&state=s3cret&iss=https%3A%2F%2Fas.example.com%2F',
    'code=abc&state=s3cret',
    'error=access_denied&state=s3cret',
    'code=abc&state=s3cret&iss=a&iss=b',
  ]) {
    const response = parse(query)
    assert.ok(response.kind === 'error' && response.error === 'invalid_response', query)
  }
})

test('a server that never promised an issuer need not send one', () => {
  const expected = { ...EXPECTED, sendsIssuer: false }
  assert.equal(parse('code=abc&state=s3cret', expected).kind, 'code')
  assert.equal(parse('code=abc&state=s3cret&iss=https%3A%2F%2Fx', expected).kind, 'error')
})

test('a code twice, or with an error, is a failure', () => {
  const iss = 'iss=https%3A%2F%2Fas.example.com'
  for (const query of ['code=a&code=b', 'code=a&error=b', 'error=a&error=b']) {
    assert.equal(parse(`${query}&state=s3cret&${iss}`).kind, 'error', query)
  }
})

test('what a person pastes is read whole, as a query, quoted or with blanks around', () => {
  for (const line of [
    'http://127.0.0.1:5000/callback?code=a%2Bb&state=s',
    '  http://127.0.0.1:5000/callback?code=a%2Bb&state=s\r',
    '"http://127.0.0.1:5000/callback?code=a%2Bb&state=s"',
    '<http://127.0.0.1:5000/callback?code=a%2Bb&state=s>',
    '?code=a%2Bb&state=s#',
    'code=a%2Bb&state=s',
  ]) {
    assert.deepEqual(
      Object.fromEntries(parsePastedResponse(line)),
      { code: 'a+b', state: 's' },
      line,
    )
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  codeChallengeOf,
  createCodeVerifier,
  isCodeChallenge,
  verifyCodeVerifier,
} from '../../src/core/pkce.ts'

// RFC 7636 appendix B.
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

test('the example of RFC 7636 appendix B verifies', () => {
  assert.equal(codeChallengeOf(VERIFIER), CHALLENGE)
  assert.equal(verifyCodeVerifier(VERIFIER, CHALLENGE), true)
})

test('another verifier, or one that is none, does not verify', () => {
  for (const verifier of [`${VERIFIER}x`, VERIFIER.slice(1), '', CHALLENGE, 'a'.repeat(43)]) {
    assert.equal(verifyCodeVerifier(verifier, CHALLENGE), false)
  }
})

test('a verifier has 43 to 128 unreserved characters (RFC 7636 §4.1)', () => {
  for (const verifier of ['a'.repeat(43), 'a'.repeat(128), '-._~'.repeat(11)]) {
    assert.equal(verifyCodeVerifier(verifier, codeChallengeOf(verifier)), true)
  }
  for (const verifier of [
    'a'.repeat(42),
    'a'.repeat(129),
    `${'a'.repeat(42)}+`,
    '\u00e4'.repeat(43),
  ]) {
    assert.equal(verifyCodeVerifier(verifier, codeChallengeOf(verifier)), false)
  }
})

test('a challenge is the base64url of 32 bytes', () => {
  assert.equal(isCodeChallenge(CHALLENGE), true)
  for (const text of [
    '',
    CHALLENGE.slice(1),
    `${CHALLENGE}=`,
    `${CHALLENGE}\n`,
    CHALLENGE.replace('-', '+'),
  ]) {
    assert.equal(isCodeChallenge(text), false)
  }
})

test('a verifier of our own is 256 bits that nobody guesses', () => {
  const verifiers = Array.from({ length: 100 }, createCodeVerifier)
  assert.equal(new Set(verifiers).size, 100)
  for (const verifier of verifiers) assert.match(verifier, /^[\w-]{43}$/)
})

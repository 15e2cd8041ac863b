import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import {
  endSession,
  isFresh,
  readSession,
  SESSION_COOKIE_MAX_BYTES,
  type SessionContext,
  writeSession,
} from '../../src/core/session.ts'
import { stopClock } from '../attacks/support.ts'

const CONTEXT: SessionContext = {
  keyring: createKeyring(['a master key that is long enough, for tests']),
  binding: 'abcdef',
  issuer: 'https://server.example',
  isSecure: true,
}
const USER = {
  tid: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  oid: 'f008373e-b362-4903-bcb9-19208e6a0c72',
  name: 'Alice',
  preferred_username: 'alice@entrance.example',
  roles: ['Expenses.Approver'],
}

suite("the browser's session", () => {
  test('names the person and when they signed in, and nothing else', () => {
    const session = read(writeSession(USER, CONTEXT))
    const { signedInAt, ...person } = session ?? { signedInAt: 0 }
    const { roles: _, ...expected } = USER
    assert.deepEqual(person, expected)
    assert.ok(Math.abs(signedInAt - Date.now() / 1000) < 5)
  })

  test('is a cookie that scripts and other sites do not see, and that says nothing', () => {
    const line = writeSession(USER, CONTEXT)
    assert.match(
      line,
      /^__Host-entrance-session=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; /,
    )
    assert.ok(!line.includes('Alice') && !line.includes(USER.oid))
    assert.match(endSession(true), /^__Host-entrance-session=; .*Max-Age=0$/)
    assert.match(endSession(false), /^entrance-session=; /)
  })

  test('is fresh for an hour and ends after thirty days, whatever the browser keeps', () => {
    using clock = stopClock()
    const line = writeSession(USER, CONTEXT)
    const isFreshNow = () => {
      const session = read(line)
      return session && isFresh(session)
    }
    clock.forward(3599)
    assert.equal(isFreshNow(), true)
    clock.forward(1)
    assert.equal(isFreshNow(), false)
    clock.forward(30 * 24 * 3600 - 3601)
    assert.equal(isFreshNow(), false)
    clock.forward(1)
    assert.equal(read(line), undefined)
  })

  test('is none under another Entra configuration, server, key or name', () => {
    const line = writeSession(USER, CONTEXT)
    assert.equal(read(line, { ...CONTEXT, binding: 'ghijkl' }), undefined)
    assert.equal(read(line, { ...CONTEXT, issuer: 'https://server.example/b' }), undefined)
    const keyring = createKeyring(['another master key that is long enough'])
    assert.equal(read(line, { ...CONTEXT, keyring }), undefined)
    assert.equal(read(line, { ...CONTEXT, isSecure: false }), undefined)
    assert.equal(readSession(new Map(), CONTEXT), undefined)
  })

  for (const [what, name, preferred_username] of [
    ['long', 'W'.repeat(256), `${'w'.repeat(240)}@example.com`],
    ['of three bytes a character', '漢'.repeat(256), '漢'.repeat(256)],
    ['of characters that are written out', '\u0001'.repeat(256), '\u0001'.repeat(256)],
    ['absent', undefined, undefined],
  ] as const) {
    test(`stays small, and names the person, when names are ${what}`, () => {
      const line = writeSession({ ...USER, name, preferred_username }, CONTEXT)
      assert.ok((line.split(';')[0] ?? '').length <= SESSION_COOKIE_MAX_BYTES)
      assert.equal(read(line)?.oid, USER.oid)
    })
  }
})

function read(line: string, context = CONTEXT) {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  return readSession(new Map([[name, value]]), context)
}

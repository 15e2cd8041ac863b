import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createKeyring } from '../../../src/core/keys/keyring.ts'
import type { User } from '../../../src/core/protected-resource/auth-info.ts'
import {
  type AccessTokenOptions,
  createAccessTokens,
} from '../../../src/core/tokens/access-token.ts'

const OLD = 'entrance test vector: forty characters ..'
const NEW = 'entrance test vector: another forty chars '
const issuer = 'https://expenses.example.com'
const audience = `${issuer}/mcp`
const create = (options: Partial<AccessTokenOptions> = {}) =>
  createAccessTokens({
    keyring: createKeyring([OLD]),
    binding: 'AbCdEf',
    audience,
    issuers: new Set([issuer]),
    ttl: 3600,
    ...options,
  })

const ALICE: User = {
  oid: 'f008373e-b362-4903-bcb9-19208e6a0c72',
  tid: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  name: 'Alice',
  preferred_username: 'alice@entrance.example',
  roles: ['Expenses.Approver'],
}
const given = { iss: issuer, aud: audience, client_id: 'e1.x', scope: 'mcp-access', gid: 'g' }

suite('an access token', () => {
  test('has the header and claims of RFC 9068, and ours', () => {
    const [header, payload] = read(create().issue(given, ALICE))
    const { mac, ...known } = header as Record<string, string>
    assert.deepEqual(known, { alg: 'ES256', typ: 'at+jwt', kid: '5DwVDPDF.AbCdEf' })
    assert.match(mac as string, /^[\w-]{22}$/)
    const { iat, exp, jti, usr, ...rest } = payload as Record<string, number | string>
    assert.deepEqual(rest, {
      ...given,
      sub: `${ALICE.tid}/${ALICE.oid}`,
      oid: ALICE.oid,
      tid: ALICE.tid,
      roles: ['Expenses.Approver'],
    })
    assert.equal(Number(exp) - Number(iat), 3600)
    assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 5)
    assert.match(String(jti), /^[\w-]{16}$/)
    assert.match(String(usr), /^5DwVDPDF\./)
  })

  test('shows name and sign-in name to nobody but us (fastmcp W22)', () => {
    const token = create().issue(given, ALICE)
    const clear = JSON.stringify(read(token))
    assert.doesNotMatch(clear, /Alice|alice@/)
    assert.deepEqual(create().verify(token).user, ALICE)
  })

  test('leaves out what the person does not have', () => {
    const user = { ...ALICE, name: undefined, preferred_username: undefined, roles: [] }
    const token = create().issue(given, user)
    assert.equal(Object.hasOwn(read(token)[1] as object, 'roles'), false)
    assert.deepEqual(create().verify(token).user, user)
  })

  test('is another one each time', () => {
    const tokens = create()
    const issued = Array.from({ length: 20 }, () => tokens.issue(given, ALICE))
    assert.equal(new Set(issued).size, 20)
  })

  test('verifies under an older key while that is in the keyring, and not after', () => {
    const token = create().issue(given, ALICE)
    const rotated = create({ keyring: createKeyring([NEW, OLD]) })
    assert.equal(rotated.verify(token).claims.gid, 'g')
    const [first, second] = rotated.jwks.keys as { kid: string }[]
    assert.equal(second?.kid, '5DwVDPDF.AbCdEf')
    assert.notEqual(first?.kid, second?.kid)
    const retired = create({ keyring: createKeyring([NEW]) })
    const message = /signed with a key that this server does not hold/
    assert.throws(() => retired.verify(token), { code: 'invalid_token', message })
  })

  test('of another Entra configuration is refused as such', () => {
    const token = create().issue(given, ALICE)
    const message = /another Entra ID configuration of this server/
    assert.throws(() => create({ binding: 'XXXXXX' }).verify(token), { message })
  })

  test('with the longest values that there are is still taken by its own server', () => {
    const roles = ['R'.repeat(2040)]
    const longest = {
      ...ALICE,
      name: '\u4f60'.repeat(256),
      preferred_username: '\u4f60'.repeat(256),
      roles,
    }
    const claims = { ...given, client_id: 'c'.repeat(1024), scope: 's'.repeat(120 + 1 + 300) }
    const token = create().issue(claims, longest)
    assert.deepEqual(create().verify(token).user, longest)
  })

  test('made of 8,000 dots is refused as quickly as one without any', () => {
    const { verify } = create()
    const refuse = (token: string) => assert.throws(() => verify(token), /not a JWT/)
    const timeOf = (token: string) => {
      const begun = performance.now()
      for (let i = 0; i < 200; i++) refuse(token)
      return performance.now() - begun
    }
    // The quickest of some counts, whatever else the machine does.
    const quickest = (token: string) => Math.min(...Array.from({ length: 10 }, () => timeOf(token)))
    assert.ok(quickest('.'.repeat(8000)) < 5 * quickest('a'.repeat(8000)))
  })
})

/** Header and payload, as anybody can read them. */
function read(token: string): unknown[] {
  return token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
}

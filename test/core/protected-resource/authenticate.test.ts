import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  type Authenticate,
  createAuthenticate,
} from '../../../src/core/protected-resource/authenticate.ts'
import { resolveOptions } from '../../../src/core/resolve-options.ts'
import { createAccessTokens } from '../../../src/core/tokens/access-token.ts'
import { type EntranceOptions, OAuthError } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'

const NOW = 1_700_000_000_000
const ALICE = {
  oid: 'o',
  tid: 't',
  name: 'Alice',
  preferred_username: 'alice@x.example',
  roles: ['R'],
}

function create(options: Partial<EntranceOptions> = {}) {
  const config = resolveOptions({
    url: 'http://localhost:8000',
    secret: 'a-master-key-of-forty-characters-at-least',
    store: memoryStore(),
    entra: {
      tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
      clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
      clientSecret: 'secret',
    },
    ...options,
  })
  const issuers = new Set([...config.sites.values()].map(({ issuer }) => issuer))
  const audience = config.site.resource
  const accessTokens = createAccessTokens({ ...config, audience, issuers, ttl: 3600 })
  const gate = { verified: 0, refusal: undefined as OAuthError | undefined }
  const verify: typeof accessTokens.verify = (token) => {
    gate.verified++
    return accessTokens.verify(token)
  }
  const check = () => {
    if (gate.refusal) throw gate.refusal
  }
  const revocations = { check }
  const authenticate = createAuthenticate({
    config,
    accessTokens: { ...accessTokens, verify },
    revocations,
  })
  const claims = {
    iss: config.site.issuer,
    aud: audience,
    client_id: 'c',
    scope: config.scope,
    gid: 'g',
  }
  return { authenticate, gate, issue: () => accessTokens.issue(claims, ALICE) }
}

const host = 'localhost:8000'
const statusOf = (verdict: ReturnType<Authenticate>) =>
  verdict.isAllowed ? 200 : verdict.refusal.status

suite('a token that has been seen before', () => {
  test('is verified once, and its answer is a fresh object each time', () => {
    const { authenticate, gate, issue } = create()
    const authorization = `Bearer ${issue()}`
    const verdicts = Array.from({ length: 5 }, () => authenticate({ authorization, host }))
    assert.equal(gate.verified, 1)
    const [first, second] = verdicts.map((verdict) => verdict.isAllowed && verdict.authInfo)
    assert.ok(first && second)
    assert.deepEqual(first, second)
    first.scopes.push('admin')
    assert.deepEqual(second.scopes, ['mcp-access'])
  })

  test('is refused when it has expired, been revoked or cannot be vouched for', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: NOW })
    const { authenticate, gate, issue } = create()
    const authorization = `Bearer ${issue()}`
    const status = () => statusOf(authenticate({ authorization, host }))
    assert.equal(status(), 200)
    gate.refusal = new OAuthError('invalid_token', 'revoked')
    assert.equal(status(), 401)
    gate.refusal = new OAuthError('temporarily_unavailable', 'silent', { retryAfter: 5 })
    assert.equal(status(), 503)
    gate.refusal = undefined
    assert.equal(status(), 200)
    t.mock.timers.setTime(NOW + 3_599_000)
    assert.equal(status(), 200)
    t.mock.timers.setTime(NOW + 3_600_000)
    assert.equal(status(), 401)
  })

  test('is one of 16,384 that are remembered: the oldest is verified again, not refused', () => {
    const { authenticate, gate, issue } = create()
    const first = `Bearer ${issue()}`
    authenticate({ authorization: first, host })
    for (let i = 0; i < 16_384; i++) authenticate({ authorization: `Bearer ${issue()}`, host })
    assert.equal(gate.verified, 16_385)
    assert.equal(statusOf(authenticate({ authorization: first, host })), 200)
    assert.equal(gate.verified, 16_386)
  })

  test('is looked for in a header of bounded length', () => {
    const { authenticate, gate } = create()
    const authorization = `Bearer ${'a'.repeat(16 * 1024)}`
    const verdict = authenticate({ authorization, host })
    assert.equal(statusOf(verdict), 401)
    assert.match(JSON.stringify(verdict), /Authorization header is longer than 16384 characters/)
    assert.equal(gate.verified, 0)
  })

  test('and refused is not remembered', () => {
    const { authenticate, gate } = create()
    for (let i = 0; i < 3; i++) {
      assert.equal(statusOf(authenticate({ authorization: 'Bearer a.b.c', host })), 401)
    }
    assert.equal(gate.verified, 3)
  })
})

suite('the challenge', () => {
  test('to who sent no token names the metadata and the scope, and no error (RFC 6750 §3.1)', () => {
    const { authenticate } = create()
    for (const authorization of [undefined, null, '']) {
      const verdict = authenticate({ authorization, host })
      assert.ok(!verdict.isAllowed)
      assert.equal(
        verdict.refusal.headers['www-authenticate'],
        'Bearer resource_metadata="http://localhost:8000/.well-known/oauth-protected-resource/mcp", scope="mcp-access"',
      )
    }
  })

  test('follows the name by which the client came', () => {
    const { authenticate } = create()
    const verdict = authenticate({ host: '127.0.0.1:8000' })
    assert.ok(!verdict.isAllowed)
    assert.match(verdict.refusal.headers['www-authenticate'] ?? '', /"http:\/\/127\.0\.0\.1:8000\//)
  })

  test('cannot be broken out of by what was sent', () => {
    const { authenticate } = create()
    const verdict = authenticate({ authorization: 'Bearer x", realm="evil\r\nX: y', host })
    assert.ok(!verdict.isAllowed)
    assert.doesNotMatch(verdict.refusal.headers['www-authenticate'] ?? '', /evil|\r|\n/)
  })
})

suite('Host', () => {
  test('is not looked at on a public deployment, which stands behind proxies that rewrite it', () => {
    const { authenticate, issue } = create({ url: 'https://expenses.example.com' })
    const authorization = `Bearer ${issue()}`
    for (const name of ['10.0.0.7:8080', 'expenses.example.com', undefined, null]) {
      assert.equal(statusOf(authenticate({ authorization, host: name })), 200)
    }
  })

  test('is needed on a loopback deployment', () => {
    const { authenticate, issue } = create()
    const authorization = `Bearer ${issue()}`
    for (const name of ['localhost:8000', 'LOCALHOST:8000', '127.0.0.1:8000', '[::1]:8000']) {
      assert.equal(statusOf(authenticate({ authorization, host: name })), 200)
    }
    for (const name of [undefined, null, '', 'localhost', '__proto__', 'expenses.example.com']) {
      assert.equal(statusOf(authenticate({ authorization, host: name })), 403)
    }
  })
})

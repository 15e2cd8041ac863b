import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OAuthError } from '../../../src/core/errors.ts'
import {
  type Authorized,
  requireRole,
  requireScope,
  scopeChallenge,
} from '../../../src/core/protected-resource/require.ts'

const RESOURCE_METADATA = 'https://expenses.example.com/.well-known/oauth-protected-resource/mcp'

/** As the gate makes it. */
function authorized(scopes: readonly string[], roles: readonly string[] = []): Authorized {
  return { scopes, resourceMetadataUrl: RESOURCE_METADATA, extra: { user: { roles } } }
}

function refusalOf(act: () => void): OAuthError {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof OAuthError, String(error))
    return error
  }
  assert.fail('it was let through')
}

const NO_GATE = { name: 'TypeError', message: /^There is no authInfo of the gate/ }

suite('a tool that needs scopes', () => {
  test('is not opened by one of them', () => {
    const alice = authorized(['mcp-access', 'approve'])
    requireScope(alice, 'approve')
    requireScope(alice, 'mcp-access', 'approve')
    assert.equal(refusalOf(() => requireScope(alice, 'approve', 'pay')).code, 'insufficient_scope')
  })

  test('has the client ask for what it has as well, or it would lose that', () => {
    const refusal = refusalOf(() => requireScope(authorized(['mcp-access', 'approve']), 'pay'))
    assert.equal(refusal.status, 403)
    const challenge = refusal.headers?.['www-authenticate'] ?? ''
    assert.match(challenge, /scope="mcp-access approve pay"/)
    const told = scopeChallenge('pay')({ authInfo: authorized(['mcp-access', 'approve']) })
    assert.deepEqual(told?.scopes, ['mcp-access', 'approve', 'pay'])
    const enough = scopeChallenge('approve')({ authInfo: authorized(['approve']) })
    assert.equal(enough, undefined)
  })

  test('is closed to everybody where there is no gate', () => {
    for (const authInfo of [undefined, {}, { scopes: 'pay' }, null]) {
      assert.throws(() => requireScope(authInfo as never, 'pay'), NO_GATE)
      assert.throws(() => scopeChallenge('pay')({ authInfo: authInfo as never }), NO_GATE)
    }
  })
})

suite('a tool that needs a role', () => {
  test('is opened by one of those that will do, and by no other', () => {
    requireRole(authorized([], ['Approver']), 'Admin', 'Approver')
    for (const roles of [[], ['Reader'], ['approver'], ['Admin.']]) {
      const refusal = refusalOf(() => requireRole(authorized([], roles), 'Admin', 'Approver'))
      assert.equal(refusal.code, 'access_denied')
      assert.match(refusal.message, /takes the app role Admin or Approver/)
    }
  })

  test('is closed to everybody where there is no gate', () => {
    for (const authInfo of [undefined, { scopes: [] }, { scopes: [], extra: { user: {} } }]) {
      assert.throws(() => requireRole(authInfo as never, 'Admin'), NO_GATE)
    }
  })
})

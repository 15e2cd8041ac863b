import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  checkWithinGrant,
  narrowScope,
  offeredScopes,
  parseScope,
  resolveScope,
} from '../../src/core/scope.ts'

const entra = { identifierUri: 'api://contoso.com/expenses', clientId: '70df70fd' }
const config = { scope: 'mcp-access', additionalScopes: new Set<string>(), entra }
const several = { ...config, additionalScopes: new Set(['expenses.read', 'expenses.approve']) }

suite('what is granted for what a client asks (RFC 6749 §3.3)', () => {
  test('whatever is asked for, the one scope is granted where there is no other', () => {
    for (const asked of [
      ...[undefined, '', ' ', 'mcp-access', 'mcp-access mcp-access', ' mcp-access '],
      ...['openid', 'openid profile email offline_access', 'openid mcp-access offline_access'],
      ...['api://70df70fd/mcp-access', 'api://70df70fd/mcp-access mcp-access'],
      'api://contoso.com/expenses/mcp-access',
    ]) {
      assert.equal(resolveScope(asked, config), 'mcp-access', asked)
    }
  })

  test('no more than the base scope is granted to who asks for nothing', () => {
    for (const asked of [undefined, '', ' ', 'openid offline_access', 'mcp-access']) {
      assert.equal(resolveScope(asked, several), 'mcp-access', asked)
    }
  })

  for (const [asked, granted] of [
    ['expenses.read', 'mcp-access expenses.read'],
    ['expenses.approve mcp-access', 'mcp-access expenses.approve'],
    ['expenses.approve expenses.read openid', 'mcp-access expenses.read expenses.approve'],
    ['expenses.read expenses.read  expenses.read', 'mcp-access expenses.read'],
    ['api://70df70fd/expenses.approve', 'mcp-access expenses.approve'],
    ['api://contoso.com/expenses/expenses.read expenses.read', 'mcp-access expenses.read'],
  ] as const) {
    test(`${asked}: ${granted}`, () => assert.equal(resolveScope(asked, several), granted))
  }

  test('another scope is refused, by its name', () => {
    for (const asked of [
      ...['admin', 'mcp-access admin', 'MCP-ACCESS', 'mcp-access2', 'mcp-access,openid', '\u4f60'],
      ...['api://70df70fd/', 'api://70df70fd/admin', 'api://other/mcp-access', 'OPENID'],
      ...['mcp-api://70df70fd/access', 'api://70df70fd/api://70df70fd/mcp-access', '__proto__'],
      ...['API://70df70fd/mcp-access', 'mcp-access\tadmin', 'constructor'],
    ]) {
      const message =
        /^The scope '.*' is not offered here; ask for mcp-access, or leave scope out\.$/
      assert.throws(() => resolveScope(asked, config), { code: 'invalid_scope', message }, asked)
    }
  })

  test('a refusal names all that is offered', () => {
    const message =
      "The scope 'expenses.write' is not offered here; ask for mcp-access or expenses.read or expenses.approve, or leave scope out."
    const asked = 'expenses.read expenses.write'
    assert.throws(() => resolveScope(asked, several), { code: 'invalid_scope', message })
  })

  test("Microsoft Graph's, and all of any API, are refused by a text of their own", () => {
    for (const asked of [
      ...['User.Read', 'Mail.ReadWrite.Shared', 'mcp-access Files.ReadWrite.All'],
      ...['https://graph.microsoft.com/Mail.Read', 'https://graph.microsoft.us/.default'],
      ...['https://microsoftgraph.chinacloudapi.cn/User.Read', 'api://70df70fd/.default'],
      ...['00000003-0000-0000-c000-000000000000/User.Read', '.default', '70df70fd/.default'],
      'https://management.azure.com/user_impersonation',
    ]) {
      const message =
        /^The scope '.*' is for another API: this server never passes scopes on to Microsoft Graph; ask for mcp-access, or leave scope out\.$/
      assert.throws(() => resolveScope(asked, config), { code: 'invalid_scope', message }, asked)
    }
  })

  test("a scope of this server's that looks like one of Graph's is this server's", () => {
    const own = { ...config, additionalScopes: new Set(['Expenses.Approve']) }
    assert.equal(resolveScope('Expenses.Approve', own), 'mcp-access Expenses.Approve')
  })

  test('more than 4096 characters are not looked at', () => {
    assert.equal(resolveScope('mcp-access '.repeat(300), config), 'mcp-access')
    const message = 'scope is longer than 4096 characters.'
    const asked = 'mcp-access '.repeat(400)
    assert.throws(() => resolveScope(asked, config), { code: 'invalid_scope', message })
  })
})

suite('what of a grant an access token has (RFC 6749 §6)', () => {
  const granted = 'mcp-access expenses.read expenses.approve'
  const narrow = (asked: string | undefined, from = granted) =>
    narrowScope(from, parseScope(asked, several, from), several)

  test('all of it where nothing is asked, else what is asked and the base scope', () => {
    assert.equal(narrow(undefined), granted)
    assert.equal(narrow('openid offline_access'), granted)
    assert.equal(narrow('expenses.read'), 'mcp-access expenses.read')
    assert.equal(narrow('mcp-access'), 'mcp-access')
    assert.equal(narrow('api://70df70fd/expenses.approve'), 'mcp-access expenses.approve')
  })

  test('nothing that the server offers no more, which may still be named', () => {
    const since = { ...several, additionalScopes: new Set(['expenses.read']) }
    const asked = parseScope(granted, since, granted)
    assert.equal(narrowScope(granted, asked, since), 'mcp-access expenses.read')
    assert.throws(() => parseScope(granted, since), { code: 'invalid_scope' })
  })

  test('nothing that was not granted', () => {
    const beyond = () => checkWithinGrant(new Set(['expenses.approve']), 'mcp-access expenses.read')
    const message =
      "The scope 'expenses.approve' is not part of this sign-in, which has: mcp-access expenses.read. Sign in again and ask for it."
    assert.throws(beyond, { code: 'invalid_scope', message })
    assert.equal(narrow('expenses.approve', 'mcp-access expenses.read'), 'mcp-access')
    assert.doesNotThrow(() => checkWithinGrant(new Set(), 'mcp-access'))
  })
})

test('the base scope stands first in what is offered', () => {
  assert.deepEqual(offeredScopes(several), ['mcp-access', 'expenses.read', 'expenses.approve'])
})

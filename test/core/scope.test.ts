import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveScope } from '../../src/core/scope.ts'

const config = { scope: 'mcp-access', entra: { identifierUri: 'api://70df70fd' } }

test('whatever is asked for, the one scope is granted', () => {
  for (const asked of [
    ...[undefined, '', ' ', 'mcp-access', 'mcp-access mcp-access', ' mcp-access '],
    ...['openid', 'openid profile email offline_access', 'openid mcp-access offline_access'],
    ...['api://70df70fd/mcp-access', 'api://70df70fd/mcp-access mcp-access'],
  ]) {
    assert.equal(resolveScope(asked, config), 'mcp-access', asked)
  }
})

test('another scope is refused, by its name', () => {
  for (const asked of [
    ...['admin', 'mcp-access admin', 'MCP-ACCESS', 'mcp-access2', 'mcp-access,openid', '\u4f60'],
    ...['api://70df70fd/', 'api://70df70fd/admin', 'api://other/mcp-access', 'User.Read'],
    ...['mcp-api://70df70fd/access', 'api://70df70fd/api://70df70fd/mcp-access', '__proto__'],
  ]) {
    const message = /^The scope '.*' is not offered here; ask for mcp-access, or leave scope out\.$/
    assert.throws(() => resolveScope(asked, config), { code: 'invalid_scope', message }, asked)
  }
})

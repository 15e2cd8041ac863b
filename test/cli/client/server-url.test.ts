import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSecureFor, parseServerUrl } from '../../../src/cli/client/server-url.ts'
import { EXIT, UsageError } from '../../../src/cli/exit-codes.ts'

for (const text of [
  'https://mcp.example.com/mcp',
  'http://localhost:8000/mcp',
  'http://127.0.0.1:8000/mcp',
  'http://[::1]:8000/mcp',
  'HTTPS://MCP.example.com/mcp?tenant=1',
]) {
  test(`${text} is taken`, () => {
    assert.equal(parseServerUrl(text).href, new URL(text).href)
  })
}

for (const [text, reason] of [
  ['', /not the URL of an MCP server/],
  ['localhost:8000/mcp', /not the URL of an MCP server/],
  ['/mcp', /not the URL of an MCP server/],
  ['ftp://example.com/', /not the URL of an MCP server/],
  ['javascript:alert(1)', /not the URL of an MCP server/],
  ['https:example.com', /not the URL of an MCP server/],
  ['https://alice@example.com/mcp', /user name or password/],
  ['https://:secret@example.com/mcp', /user name or password/],
  ['https://example.com/mcp#top', /fragment/],
  ['https://example.com/mcp#', /fragment/],
  ['http://mcp.example.com/mcp', /Plain http/],
  ['http://localhost.example.com/mcp', /Plain http/],
  ['http://127.0.0.1.example.com/mcp', /Plain http/],
  ['http://192.168.0.1/mcp', /Plain http/],
  // Whoever has set a proxy, or a folder's .env that has, would have it all sent there.
  ['http://127.9.9.9/mcp', /Plain http/],
] as const) {
  test(`"${text}" is wrong usage`, () => {
    assert.throws(
      () => parseServerUrl(text),
      (error) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.exitCode, EXIT.usage)
        assert.match(error.message, reason)
        return true
      },
    )
  })
}

test('a server elsewhere sends nobody to this machine, and nobody anywhere without https', () => {
  const local = new URL('http://localhost:8000/mcp')
  const remote = new URL('https://mcp.example.com/mcp')
  const is = (server: URL, address: string) => isSecureFor(server, new URL(address))
  assert.ok(is(local, 'http://127.0.0.1:8400/authorize'))
  assert.ok(is(local, 'https://login.example.com/authorize'))
  assert.ok(is(remote, 'https://login.example.com/authorize'))
  assert.ok(!is(remote, 'http://login.example.com/authorize'))
  assert.ok(!is(remote, 'http://localhost:8400/authorize'))
  assert.ok(!is(remote, 'https://localhost:8400/authorize'))
  assert.ok(!is(remote, 'https://127.0.0.2:8400/authorize'))
  assert.ok(!is(local, 'http://127.0.0.2:8400/authorize'))
  assert.ok(!is(local, 'http://login.example.com/authorize'))
  assert.ok(!is(local, 'file:///etc/passwd'))
  assert.ok(!is(local, 'vscode://open'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { checkResource } from '../../src/core/resource.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const configOf = (url: string) =>
  resolveOptions({
    url,
    secret: 'a-master-key-of-forty-characters-at-least',
    store: memoryStore(),
    entra: {
      tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
      clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
      clientSecret: 'secret',
    },
  })
const local = configOf('http://localhost:8000')
const hosted = configOf('https://expenses.example.com/base/')

test('a resource is ours by every spelling that clients use', () => {
  assert.doesNotThrow(() => checkResource([], local))
  for (const resource of [
    'http://localhost:8000/mcp',
    'http://localhost:8000/mcp/',
    'http://localhost:8000/mcp//',
    // VS Code in the browser loses a slash.
    'http:/localhost:8000/mcp',
    'http:localhost:8000/mcp',
    'HTTP://LOCALHOST:8000/mcp',
    'http://127.0.0.1:8000/mcp',
    'http://127.1:8000/mcp',
    'http://[::1]:8000/mcp',
    'http://[0:0:0:0:0:0:0:1]:8000/mcp',
    'http://localhost:8000/x/../mcp',
    'http://localhost:8000/%2e/mcp',
    ' http://localhost:8000/mcp ',
    'http:\\\\localhost:8000\\mcp',
    // ChatGPT keeps the query of the address that was typed in (fastmcp §5.12).
    'http://localhost:8000/mcp?kb_name=handbook',
    'http://localhost:8000/mcp/?x',
    'http://localhost:8000/mcp?',
  ]) {
    assert.doesNotThrow(() => checkResource([resource], local), resource)
  }
  for (const resource of [
    'https://expenses.example.com/base/mcp',
    'https://expenses.example.com:443/base/mcp',
    'https://EXPENSES.example.com/base/mcp/',
  ]) {
    assert.doesNotThrow(() => checkResource([resource], hosted), resource)
  }
})

test('of several resources each has to be ours (RFC 8707 §2)', () => {
  const [own, alias, other] = [
    'http://localhost:8000/mcp',
    'http://127.0.0.1:8000/mcp/',
    'https://other.example/mcp',
  ] as const
  assert.doesNotThrow(() => checkResource([own, alias, own], local))
  for (const resources of [[own, other], [other, own], [other]]) {
    const message = /^The resource 'https:\/\/other\.example\/mcp' is not served here/
    assert.throws(() => checkResource(resources, local), { code: 'invalid_target', message })
  }
})

test('a resource that is another one is refused, with ours named', () => {
  for (const resource of [
    '',
    'mcp',
    'http://localhost/mcp',
    'http://localhost:8001/mcp',
    'https://localhost:8000/mcp',
    'http://localhost:8000/',
    'http://localhost:8000/MCP',
    // WHATWG parsing leaves it as it is, and no client sends it.
    'http://localhost:8000/%6dcp',
    'http://localhost:8000/mcp%2f',
    'http://localhost:8000/mcp/..',
    'http://localhost:8000?/mcp',
    'http://localhost:8000/mcp#x',
    'http://user@localhost:8000/mcp',
    'http://localhost.:8000/mcp',
    'http://evil.example:8000/mcp',
    '\u4f60'.repeat(300),
  ]) {
    const message = /is not served here; http:\/\/localhost:8000\/mcp is\.$/
    assert.throws(
      () => checkResource([resource], local),
      { code: 'invalid_target', message },
      resource,
    )
  }
  for (const resource of ['https://expenses.example.com/mcp', 'http://127.0.0.1/base/mcp']) {
    assert.throws(() => checkResource([resource], hosted), { code: 'invalid_target' })
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLegacyRequest } from '@modelcontextprotocol/server'
import { isPlainLegacy } from '../../src/expenses/message.ts'

const VERSIONS = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28', '2025-11-25 ', '2025', '']
const ENVELOPE = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  jsonrpc: ['2.0', undefined, '1.0', 2],
  id: [1, 'a', '', 0, undefined, null, 1.5, 1e300, {}, true],
  method: ['tools/call', 'initialize', 'server/discover', '', undefined, null, 1],
  params: [{}, undefined, { name: 'get_expenses' }, ENVELOPE, { _meta: {} }, null, [], 'text', 1],
  result: [undefined, {}],
  error: [undefined, { code: 1, message: 'no' }],
  more: [undefined, 1],
}
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }

test('what is taken for a request of 2025 at once is one for the SDK, too', async () => {
  let atOnce = 0
  for (const version of VERSIONS) {
    for (const message of [...messages(), [], [CALL], 'text', 1, null]) {
      const headers = { 'content-type': 'application/json', 'mcp-protocol-version': version }
      const request = new Request('http://localhost/mcp', { method: 'POST', headers })
      if (!isPlainLegacy(request, message)) continue
      atOnce++
      assert.ok(await isLegacyRequest(request, message), `${version} ${JSON.stringify(message)}`)
    }
  }
  // Under three revisions, and hardly any of the messages: each that has nothing strange about it.
  assert.ok(atOnce >= 3 * 20, `${atOnce}`)
})

test('of an ordinary call nothing else is looked at', () => {
  const headers = { 'mcp-protocol-version': '2025-11-25' }
  assert.ok(isPlainLegacy(new Request('http://localhost/mcp', { headers }), CALL))
  assert.ok(!isPlainLegacy(new Request('http://localhost/mcp'), CALL))
})

/** An ordinary call in which one or two things are others. */
function* messages(): Generator<unknown> {
  for (const [one, values] of Object.entries(VALUES)) {
    for (const [other, others] of Object.entries(VALUES)) {
      for (const value of values) {
        for (const second of others) yield shown({ ...CALL, [one]: value, [other]: second })
      }
    }
  }
}

/** As it comes in: what is undefined is not there. */
function shown(message: object): unknown {
  return JSON.parse(JSON.stringify(message))
}

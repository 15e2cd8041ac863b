import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fetchFor } from '../../../src/cli/client/fetch.ts'
import { CommandError } from '../../../src/cli/exit-codes.ts'

test('ATTACK: an answer without an end is given up before it has taken the memory', async () => {
  const piece = Buffer.alloc(1024 * 1024, 'x')
  const server = createServer((_, response) => {
    const more = () => {
      if (!response.destroyed) response.write(piece, more)
    }
    more()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  const response = await fetchFor(url, new AbortController().signal)(url)
  await assert.rejects(response.text(), ({ cause }: TypeError) => {
    assert.ok(cause instanceof CommandError)
    assert.match(cause.message, /answers with more than 64 MB/)
    return true
  })
  server.closeAllConnections()
  server.close()
})

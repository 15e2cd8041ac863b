import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fetchFor } from '../../../src/cli/client/fetch.ts'
import { CommandError } from '../../../src/cli/exit-codes.ts'

for (const status of [301, 302, 303, 307, 308]) {
  test(`a server that answers ${status} does not have a secret sent on`, async (t) => {
    const got: string[] = []
    const answer: RequestListener = (request, response) => {
      got.push(`${request.method} ${request.url}`)
      response.writeHead(status, { location: '/elsewhere' }).end()
    }
    const listener = createServer(answer)
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    t.after(() => listener.close())
    const url = new URL(`http://127.0.0.1:${(listener.address() as AddressInfo).port}/token`)
    const ask = fetchFor(url, new AbortController().signal)
    const form = { method: 'POST', body: new URLSearchParams({ refresh_token: 'a-secret' }) }
    await assert.rejects(async () => ask(url, form), hasCause(/redirects to .*\/elsewhere/))
    await assert.rejects(async () => ask(url), hasCause(/which is not followed/))
    assert.deepEqual(got, ['POST /token', 'GET /token'])
  })
}

function hasCause(pattern: RegExp) {
  return (error: Error) => {
    assert.ok(error.cause instanceof CommandError)
    assert.match(error.cause.message, pattern)
    return true
  }
}

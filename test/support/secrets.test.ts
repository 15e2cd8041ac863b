import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const PLANTED: readonly (readonly [place: string, found: RegExp])[] = [
  ['a code in the log', /^code in the log of the server: .*planted/m],
  ['the beginning of an access token in the log', /^access_token in the log of the server/m],
  ['a verifier in the log', /^a code verifier in the log of the server/m],
  ['a code of Entra in the log', /^code( for Entra)? in the log of the server/m],
  ["Entra's client secret in the log", /^Entra's client secret in the log of the server/m],
  ['a session in the log', /^the cookie entrance-session in the log of the server/m],
  ['a client assertion in the log', /^a client assertion in the log of the server/m],
  ['a code that a page led on with in the log', /^code in the log of the server/m],
  ['a refresh token in an error', /^refresh_token in an answer of \/mcp \(400\)/m],
]

for (const [place, found] of PLANTED) {
  test(`${place} fails the file whose server said it`, async () => {
    const { code, stderr } = await run(place)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /^Secrets where none may be:$/m)
    assert.match(stderr, found)
  })
}

test('a sign-in alone says nothing', async () => {
  const { code, stderr } = await run('nothing')
  assert.equal(code, 0, stderr)
  assert.doesNotMatch(stderr, /Secrets/)
})

async function run(place: string) {
  const script = join(import.meta.dirname, 'leaking-server.ts')
  const child = spawn(process.execPath, [script, place], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'exit')
  const stderr = await text(child.stderr)
  const [code] = await exit
  return { code: code as number | null, stderr }
}

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createOAuthClient } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'

const VSCODE = 'https://vscode.dev/oauth/client-metadata.json'

/** What the command says to VS Code, which comes by the address of its document. */
async function ask(options: Parameters<typeof startServe>[0]): Promise<number> {
  await using server = await startServe(options)
  const { url } = createOAuthClient(server.url).authorization(VSCODE, {
    redirect_uri: 'http://127.0.0.1:33418/',
  })
  return (await fetch(url, { redirect: 'manual' })).status
}

suite('entrance serve', () => {
  test('takes clients by their known documents when it is tried out', async () => {
    assert.equal(await ask({}), 302)
  })

  test('takes none where ENTRANCE_CLIENT_DOCUMENTS or --client-documents is off', async () => {
    assert.equal(await ask({ env: { ENTRANCE_CLIENT_DOCUMENTS: 'off' } }), 400)
    assert.equal(await ask({ args: ['--emulator', '--client-documents', 'off'] }), 400)
  })
})

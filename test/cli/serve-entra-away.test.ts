import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser } from '../support/browser.ts'
import { fixedPort } from '../support/fixed-port.ts'
import { signIn } from '../support/oauth-client.ts'
import { environmentOf } from '../support/replicas.ts'
import { startServe } from '../support/serve.ts'
import { readiness, startWaiting, until } from './waiting-server.ts'

test('a start while Entra is away costs nobody their sign-in, says so, and sees it come back', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-no-entra-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const [port, entraPort] = [await fixedPort(), await fixedPort()]
  const url = `http://localhost:${port}`
  const startEntra = async () => {
    const dataFile = join(folder, 'emulator.json')
    const emulator = await startEmulator({ port: entraPort, dataFile })
    emulator.directory.applications[0]?.web.redirectUris.push(`${url}/auth/callback`)
    return emulator
  }
  const emulator = await startEntra()
  const env = { ...environmentOf(url, emulator), PORT: String(port), ENTRANCE_DATA: folder }
  const first = await startServe({ args: [], folder, env })
  const { client, client_id, tokens } = await signIn(url)
  await first.stop()
  await emulator.close()

  const server = await startWaiting(t, env)
  const said = (event: string) => server.logs.filter((line) => line.event === event)
  await until('it is ready', async () => (await readiness(server))?.code === 200)
  await until('it says that Entra is away', () => said('entra.unreachable').length > 0)
  assert.equal((await readiness(server))?.entra, 'degraded')
  assert.equal((await readiness(server))?.code, 200)

  assert.equal((await client.mcp(tokens.access_token, { method: 'tools/list' })).status, 200)
  const refused = await client.refresh(client_id, tokens.refresh_token)
  assert.equal(refused.status, 503)
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  const browser = createBrowser()
  const consent = await browser.open(client.authorization(client_id).url)
  const page = await browser.press(consent, 'Allow Access')
  assert.equal(page.status, 503)
  assert.match(page.text, /Microsoft Entra ID is not answering/)

  const back = await startEntra()
  t.after(() => back.close())
  await until('it sees that Entra is back', () => said('entra.reachable').length > 0)
  assert.equal((await readiness(server))?.entra, 'up')
  assert.equal((await client.refresh(client_id, tokens.refresh_token)).status, 200)
  await signIn(url, { account: 'Bob' })
})

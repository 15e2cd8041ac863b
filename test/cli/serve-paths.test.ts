import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProcess } from './serve-process.ts'

test('what the server does not have is 404, and asks nobody to sign in', async (t) => {
  const { url } = await startProcess(t)
  for (const path of ['/favicon.ico', '/robots.txt', '/authorize/', '/MCP']) {
    const answer = await fetch(`${url}${path}`)
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [404, null], path)
  }
  for (const path of ['/mcp', '/mcp/']) assert.equal((await fetch(`${url}${path}`)).status, 401)
})

test('who opens the address that the server names is shown how to connect a client', async (t) => {
  const server = await startProcess(t)
  const [, address = ''] = /In a browser {4}(\S+)/.exec(server.written()) ?? []
  assert.equal(address, `${server.url}/`)
  const page = await fetch(address, { headers: { accept: 'text/html' } })
  assert.equal(page.status, 200)
  const text = await page.text()
  assert.ok(text.includes('<h1><bdi>Expenses</bdi></h1>'))
  assert.ok(text.includes(`claude mcp add --transport http expenses ${server.url}/mcp`))
  const metadata = await fetch(`${server.url}/.well-known/oauth-protected-resource/mcp`)
  assert.ok((await metadata.text()).includes(`"resource_documentation":"${address}"`))
})

test('a URL on loopback that names another port than the one listened on is warned of', async (t) => {
  const server = await startProcess(t, { env: { ENTRANCE_URL: 'http://localhost:1' } })
  const told = /ENTRANCE_URL names port 1, and this server listens on \d+/
  await t.waitFor(() => assert.match(server.written(), told))
})

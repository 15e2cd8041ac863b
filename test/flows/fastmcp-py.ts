// Run by name only: `npm test -- test/flows/fastmcp-py.ts`. It needs Python, and brings FastMCP.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Entra, startEntra } from '../attacks/black-box/entra.ts'
import { fastmcpPy } from '../attacks/black-box/profiles/fastmcp-py.ts'
import { NotInstalled, type Product } from '../attacks/black-box/profiles/profile.ts'
import { createDesktop } from '../support/desktop.ts'
import { MCP_CLIENTS } from '../support/mcp-clients.ts'

/** The product; undefined where it cannot be had. */
async function start(entra: Entra): Promise<Product | undefined> {
  try {
    return await fastmcpPy.start(entra)
  } catch (error) {
    if (error instanceof NotInstalled) return undefined
    throw error
  }
}

test('a person signs in to a server of FastMCP (Python) by its own Azure provider, and again', async (t) => {
  await using entra = await startEntra()
  await using product = await start(entra)
  if (!product) {
    t.skip('FastMCP for Python cannot be installed here.')
    return
  }
  const { emulator } = entra
  const network: typeof fetch = (input, init) =>
    String(input).startsWith(`${entra.origin}/`) ? entra.fetch(input, init) : fetch(input, init)
  for (const [account, client] of [
    ['Alice', MCP_CLIENTS[1]],
    ['Bob', MCP_CLIENTS[2]],
  ] as const) {
    await using desktop = await createDesktop(account, network)
    assert.ok(client)
    const connection = await client.connect(product.mcpUrl, desktop)
    assert.deepEqual(await connection.call('ping'), { result: 'pong' })
    await connection.close()
  }
  // Each leg of the sign-in came here, over HTTPS, and none was refused.
  const reached = emulator.seen.filter(({ status }) => status < 400)
  assert.deepEqual(reached, emulator.seen)
  for (const endpoint of ['authorize', 'login', 'consent', 'token', 'keys']) {
    assert.ok(
      reached.some((request) => request.endpoint === endpoint),
      endpoint,
    )
  }
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { listen } from '../../../src/adapters/listen.ts'
import { findAuthority } from '../../../src/cli/graph/authority.ts'

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const { signal } = new AbortController()

/** A login host that answers with this metadata. */
async function loginHost(t: TestContext, changes: Record<string, unknown>, status = 200) {
  let document = {}
  const listening = await listen(
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(document))
    },
    { port: 0, hosts: ['127.0.0.1'] },
  )
  t.after(() => listening.close())
  const origin = `http://127.0.0.1:${listening.port}`
  const host = new URL(origin).host
  document = {
    issuer: `${origin}/${TENANT}/v2.0`,
    token_endpoint: `${origin}/t`,
    authorization_endpoint: `${origin}/a`,
    device_authorization_endpoint: `${origin}/d`,
    msgraph_host: host,
    ...changes,
  }
  return { origin, host }
}

test('Graph is the login host itself, or one of Microsoft’s', async (t) => {
  const own = await loginHost(t, {})
  const here = await findAuthority(own.origin, TENANT, signal)
  assert.deepEqual([here.graph, here.graphResource], [own.origin, `https://${own.host}`])
  assert.equal(here.tenantId, TENANT)
  for (const host of [
    'graph.microsoft.com',
    'graph.microsoft.us',
    'microsoftgraph.chinacloudapi.cn',
  ]) {
    const { origin } = await loginHost(t, { msgraph_host: host })
    assert.equal((await findAuthority(origin, TENANT, signal)).graph, `https://${host}`)
  }
})

for (const host of [
  'graph.attacker.example',
  'graph.microsoft.com.attacker.example',
  'graph.microsoft.com@attacker.example',
  'graph.microsoft.com/..',
  '127.0.0.1',
  undefined,
]) {
  test(`a login host cannot have the operator’s token sent to ${host}`, async (t) => {
    const { origin } = await loginHost(t, { msgraph_host: host })
    await assert.rejects(findAuthority(origin, TENANT, signal), /Graph/)
  })
}

test('an endpoint on another host is refused: a code would be redeemed there', async (t) => {
  for (const name of [
    'token_endpoint',
    'authorization_endpoint',
    'device_authorization_endpoint',
  ]) {
    const { origin } = await loginHost(t, { [name]: 'https://attacker.example/x' })
    await assert.rejects(findAuthority(origin, TENANT, signal), new RegExp(name))
  }
})

test('a host that answers with errors, with no JSON or not at all is told from a missing tenant', async (t) => {
  const missing = await loginHost(t, {}, 400)
  await assert.rejects(findAuthority(missing.origin, 'x', signal), /There is no tenant 'x'/)
  const broken = await loginHost(t, {}, 503)
  await assert.rejects(findAuthority(broken.origin, TENANT, signal), /status 503/)
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  await new Promise((resolve) => server.close(resolve))
  await assert.rejects(
    findAuthority(`http://127.0.0.1:${port}`, TENANT, signal),
    /cannot be reached/,
  )
})

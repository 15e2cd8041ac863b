import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { startInternet, type TestInternet } from '../support/internet.ts'
import { createOAuthClient, json } from '../support/oauth-client.ts'
import { publishDocuments, untilDocumentsAreFetched } from '../support/published-documents.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { listScenarios, runSuite } from './suite.ts'

let server: RunningEntrance
let internet: TestInternet
before(async () => {
  internet = await startInternet()
  await publishDocuments(internet)
  server = await startEntrance({ internet })
  await untilDocumentsAreFetched(server.url)
})
after(async () => {
  await server.stop()
  await internet.close()
})

const revisions = new Set([...listScenarios('authorization').values()].flat())

for (const revision of revisions) {
  suite(`as an authorization server of ${revision}, Entrance passes every scenario`, () => {
    test('without a resource', () => judge(revision, server.url))
    test('with a resource', () => judge(revision, server.url, '--resource', `${server.url}/mcp`))
  })
}

test('a client that comes by 127.0.0.1 finds an authorization server of that name', async () => {
  const url = `http://127.0.0.1:${server.port}`
  await judge([...revisions].toSorted().at(-1) as string, url, '--resource', `${url}/mcp`)
})

/** A public client of its own for each run, and a person who signs in where the suite says. */
async function judge(revision: string, url: string, ...args: string[]): Promise<void> {
  const port = await findFreePort()
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(
    await client.register({ redirect_uris: [`http://127.0.0.1:${port}/callback`] }),
  )
  const own = ['--url', url, '--client-id', client_id, '--port', String(port)]
  const signIns: Promise<unknown>[] = []
  const { passed, report } = await runSuite(
    'authorization',
    [...own, '--spec-version', revision, ...args],
    {
      onLine: (line) => {
        if (line.startsWith(`${url}/authorize?`)) signIns.push(createBrowser().signIn(line))
      },
    },
  )
  assert.ok(passed, report)
  assert.equal(signIns.length, 1, report)
  await Promise.all(signIns)
  assert.match(report, /authorization-code-grant: 1 passed, 0 failed/)
}

/** A port that was free a moment ago: the suite takes no 0. */
async function findFreePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { registerSpendingApp, SPENDING_APP_URI } from '../../src/expenses/spending-app.ts'
import { CLIENTS, serveExpenses } from './support.ts'

const PAGE = join(import.meta.dirname, '..', '..', 'dist', 'expenses', 'app', 'spending.html')
const MIME_TYPE = 'text/html;profile=mcp-app'

suite('the page of the conversation as a resource', () => {
  for (const [name, connect] of Object.entries(CLIENTS)) {
    test(`${name} finds it in the list and reads it`, async (t) => {
      const client = (await connect(await serveExpenses(t), 'alice')) as unknown as Client
      const { resources } = await client.listResources()
      const listed = resources.find(({ uri }) => uri === SPENDING_APP_URI)
      assert.equal(listed?.mimeType, MIME_TYPE)
      assert.deepEqual(listed?.annotations?.audience, ['user'])
      const { contents } = await client.readResource({ uri: SPENDING_APP_URI })
      assert.equal(contents.length, 1)
      const [content] = contents
      assert.equal(content?.uri, SPENDING_APP_URI)
      assert.equal(content?.mimeType, MIME_TYPE)
      assert.deepEqual(content?._meta, { ui: { prefersBorder: true } })
      assert.equal((content as { text: string }).text, readFileSync(PAGE, 'utf8'))
    })
  }

  test('the built server has it too', async () => {
    const built = new URL('../../dist/expenses/spending-app.js', import.meta.url)
    const { registerSpendingApp: register } = (await import(built.href)) as {
      registerSpendingApp: typeof registerSpendingApp
    }
    await withServer(register, async (client) => {
      const { contents } = await client.readResource({ uri: SPENDING_APP_URI })
      assert.equal((contents[0] as { text: string }).text, readFileSync(PAGE, 'utf8'))
    })
  })

  test('it may be kept for an hour, by one person', async (t) => {
    const url = await serveExpenses(t)
    const client = await CLIENTS['SDK v2 on 2026-07-28'](url, 'alice')
    const { ttlMs, cacheScope } = (await (client as unknown as Client).readResource({
      uri: SPENDING_APP_URI,
    })) as { ttlMs?: number; cacheScope?: string }
    assert.deepEqual({ ttlMs, cacheScope }, { ttlMs: 3_600_000, cacheScope: 'private' })
  })

  test('where it was not built, who reads it is told what to do', async () => {
    const nowhere = pathToFileURL(join(import.meta.dirname, 'nowhere.html'))
    await withServer(
      (server) => registerSpendingApp(server, nowhere),
      (client) => assert.rejects(client.readResource({ uri: SPENDING_APP_URI }), /npm run build/),
    )
  })
})

suite('the page as it was built', () => {
  const html = readFileSync(PAGE, 'utf8')

  test('it is one file that names no other', () => {
    const markup = html.replace(/<script>[\s\S]*<\/script>/, '').replace(/<!--[\s\S]*-->/, '')
    assert.doesNotMatch(markup, /\b(src|href|action)=|url\(|@import/)
    assert.equal(html.match(/<script/g)?.length, 1)
    assert.match(markup, /^<!doctype html>\n<html lang="en">/)
  })

  test('it is small: 280 kB, of which 75 kB are left when packed', () => {
    assert.ok(html.length < 290_000, `${html.length} characters`)
  })

  test('it names the licence of each package that is in it', () => {
    const [notices = ''] = /<!--[\s\S]*-->/.exec(html) ?? []
    for (const name of ['ext-apps', 'client', 'core']) {
      assert.match(notices, new RegExp(`@modelcontextprotocol/${name} \\d+\\.\\d+\\.\\d+`))
    }
    assert.match(notices, /zod \d+\.\d+\.\d+:\n\nMIT License/)
    assert.match(notices, /Apache License\s+Version 2\.0/)
    assert.match(notices, /Copyright \(c\)/)
  })
})

async function withServer(
  register: (server: McpServer) => void,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const server = new McpServer({ name: 'test', version: '1' })
  register(server)
  const client = new Client({ name: 'test', version: '1' })
  const [one, other] = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(one), client.connect(other)])
  await use(client)
  await client.close()
}

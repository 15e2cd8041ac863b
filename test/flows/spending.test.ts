import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import {
  addExpense,
  getExpenses,
  refusalOf,
  structuredOf,
  type ToolClient,
} from '../expenses/support.ts'
import { signIn } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'

const VERSIONS = { '2026-07-28': { pin: '2026-07-28' }, '2025-11-25': 'legacy' } as const
type Version = keyof typeof VERSIONS

/** Signs a person in and gives their client, behind the gate. */
async function connect(url: string, account: string, version: Version): Promise<ToolClient> {
  const { tokens } = await signIn(url, { account })
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: VERSIONS[version] } },
  )
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }),
  )
  return client as unknown as ToolClient
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-spending-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const DESCRIPTION = 'a very private dinner'

suite('signed in, a person', () => {
  for (const version of Object.keys(VERSIONS) as Version[]) {
    test(`adds, sums up, changes, exports and deletes, and another sees nothing of it (${version})`, async (t) => {
      const path = join(folderOf(t), 'audit.jsonl')
      const env = { ENTRANCE_AUDIT: `file:${path}`, LOG_FORMAT: 'json' }
      await using server = await startServe({ env })
      const alice = await connect(server.url, 'Alice', version)
      const bob = await connect(server.url, 'Bob', version)

      const { id } = await addExpense(alice, { description: DESCRIPTION, amount: 123.45 })
      assert.equal((await structuredOf(alice, 'summarize_expenses')).total, 123.45)
      await structuredOf(alice, 'update_user_expense', { id, category: 'food' })
      const { contents } = await alice.readResource({ uri: 'expenses://mine/2026.csv' })
      assert.match(
        contents[0]?.text ?? '',
        /2026-10-02,123\.45,USD,food,a very private dinner,visa,/,
      )
      const prompt = await alice.getPrompt({ name: 'analyze_spending' })
      assert.match(prompt.messages[0]?.content.text ?? '', /summarize_expenses/)

      assert.equal((await getExpenses(bob)).count, 0)
      assert.match(await refusalOf(bob, { id }, 'delete_user_expense'), /no expense with this id/)
      assert.ok(
        !(await bob.readResource({ uri: 'expenses://mine' })).contents[0]?.text.includes('123'),
      )

      await structuredOf(alice, 'delete_user_expense', { id })
      assert.equal((await getExpenses(alice)).count, 0)
      await server.stop()

      assertAudited(path)
      const written = JSON.stringify(server.logs) + readFileSync(path, 'utf8')
      for (const secret of [DESCRIPTION, '123.45', '12345', '2026.csv']) {
        assert.ok(!written.includes(secret), secret)
      }
    })
  }
})

function assertAudited(path: string): void {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const calls = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'tool.called')
  const [alice, bob] = ['Alice', 'Bob'].map((name) =>
    calls
      .filter((call) => call.name.startsWith(name))
      .map(({ tool, outcome }) => `${tool} ${outcome}`),
  )
  assert.deepEqual(alice, [
    'add_user_expense success',
    'summarize_expenses success',
    'update_user_expense success',
    'expenses://mine/{period}.csv success',
    'delete_user_expense success',
    'get_expenses success',
  ])
  assert.deepEqual(bob, [
    'get_expenses success',
    'delete_user_expense failure',
    'expenses://mine success',
  ])
}

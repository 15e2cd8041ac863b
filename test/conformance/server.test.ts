import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { signIn } from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { createFixture } from './fixture/server.ts'
import { startInjector } from './injector.ts'
import { NOT_APPLICABLE } from './not-applicable.ts'
import { listScenarios, runSuite, type Verdict } from './suite.ts'

const resources = new AsyncDisposableStack()
let fixture = ''
let expenses = ''
before(async () => {
  const behind = createFixture()
  resources.defer(() => behind.close())
  fixture = await startGuarded(behind.fetch)
  expenses = await startGuarded()
})
after(() => resources.disposeAsync())

const scenarios = [...listScenarios('server')].filter(([name]) => !NOT_APPLICABLE.server.has(name))
const revisions = new Set(scenarios.flatMap(([, own]) => own))

for (const revision of revisions) {
  const names = scenarios.filter(([, own]) => own.includes(revision)).map(([name]) => name)

  suite(`through the gate, a server of ${revision} passes`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'entrance-conformance-'))
    let verdict: Verdict
    before(async () => {
      const args = ['--url', fixture, '--suite', 'all', '--spec-version', revision, '-o', folder]
      verdict = await runSuite('server', args, { timeout: 150 })
    })
    after(() => rmSync(folder, { recursive: true, force: true }))

    for (const name of names)
      test(name, () => assert.equal(findFailures(folder, name), '', verdict.report))
    test('all of them in one run', () => assert.ok(verdict.passed, verdict.report))
  })

  suite(`the expenses server of ${revision} passes`, () => {
    for (const name of names.filter((one) => WITHOUT_FIXTURE.has(one))) {
      test(name, async () => {
        const args = ['--url', expenses, '--scenario', name, '--spec-version', revision]
        const { passed, report } = await runSuite('server', args)
        assert.ok(passed, report)
      })
    }
  })
}

/** What any MCP server can be asked, whatever its tools. */
const WITHOUT_FIXTURE = new Set([
  'server-initialize',
  'server-session-lifecycle',
  'ping',
  'tools-list',
  'dns-rebinding-protection',
  'http-header-validation',
  'sep-2164-resource-not-found',
])

/** Starts Entrance with somebody signed in; gives the address at which no token is needed. */
async function startGuarded(handler?: (request: Request) => Promise<Response>): Promise<string> {
  const server = resources.use(await startEntrance(handler ? { handler } : {}))
  const { tokens } = await signIn(server.url)
  const injector = resources.use(await startInjector(server.url, tokens.access_token))
  return `${injector.url}/mcp`
}

type Check = { id: string; status: string; description: string; errorMessage?: string }

/** What the suite wrote down as failed in a scenario; also that it wrote down nothing. */
function findFailures(folder: string, scenario: string): string {
  const name = readdirSync(folder).find((one) => one.startsWith(`server-${scenario}-2`))
  if (!name) return 'The scenario was not run.'
  const checks = JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8')) as Check[]
  if (checks.length === 0) return 'The scenario checked nothing.'
  const failed = checks.filter(({ status }) => status === 'FAILURE')
  return failed
    .map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description}`)
    .join('\n')
}

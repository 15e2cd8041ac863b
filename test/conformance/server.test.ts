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

/** What any MCP server can be asked, whatever its tools, and without resources. */
const WITHOUT_FIXTURE = new Set([
  'server-initialize',
  'server-session-lifecycle',
  'ping',
  'tools-list',
  'dns-rebinding-protection',
  'http-header-validation',
])

const scenarios = [...listScenarios('server')].filter(([name]) => !NOT_APPLICABLE.server.has(name))
const revisions = new Set(scenarios.flatMap(([, own]) => own))

const resources = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'entrance-conformance-'))
resources.defer(() => rmSync(folder, { recursive: true, force: true }))
let expenses = ''
const verdicts = new Map<string, Verdict>()

before(async () => {
  const behind = createFixture()
  resources.defer(() => behind.close())
  const url = await startGuarded(behind.fetch)
  expenses = await startGuarded()
  // At the same time: most of each run is waiting for something not to come.
  const judgeOne = async (revision: string) => verdicts.set(revision, await judge(url, revision))
  await Promise.all([...revisions].map(judgeOne))
})
after(() => resources.disposeAsync())

for (const revision of revisions) {
  const names = scenarios.filter(([, own]) => own.includes(revision)).map(([name]) => name)

  suite(`through the gate, a server of ${revision} passes`, () => {
    for (const name of names) {
      test(name, () => {
        const { report = '' } = verdicts.get(revision) ?? {}
        assert.deepEqual(findFaults(join(folder, revision), name), [], report)
      })
    }

    test('all of them in one run', () => {
      const { passed = false, report = '' } = verdicts.get(revision) ?? {}
      assert.ok(passed, report)
    })
  })

  suite(`the expenses server of ${revision} passes`, { concurrency: 2 }, () => {
    for (const name of names.filter((one) => WITHOUT_FIXTURE.has(one))) {
      test(name, async () => {
        const args = ['--url', expenses, '--scenario', name, '--spec-version', revision]
        const { passed, report } = await runSuite('server', args)
        assert.ok(passed, report)
        // The exit code tells of failures alone.
        assert.match(report, /, 0 failed, 0 warnings/)
      })
    }
  })
}

/** Starts Entrance with somebody signed in; gives the address at which no token is needed. */
async function startGuarded(handler?: (request: Request) => Promise<Response>): Promise<string> {
  const server = resources.use(await startEntrance(handler ? { handler } : {}))
  const { tokens } = await signIn(server.url)
  const injector = resources.use(await startInjector(server.url, tokens.access_token))
  return `${injector.url}/mcp`
}

/** Every scenario of a revision against the fixture, in one process. */
function judge(url: string, revision: string): Promise<Verdict> {
  const output = join(folder, revision)
  const args = ['--url', url, '--suite', 'all', '--spec-version', revision, '-o', output]
  return runSuite('server', args, { timeout: 150 })
}

type Check = { id: string; status: string; description: string; errorMessage?: string }

/** What the suite wrote down about a scenario that is not as it should be. */
function findFaults(results: string, scenario: string): readonly string[] {
  const name = readdirSync(results).find((one) => one.startsWith(`server-${scenario}-2`))
  if (!name) return ['The scenario was not run.']
  const checks = JSON.parse(readFileSync(join(results, name, 'checks.json'), 'utf8')) as Check[]
  if (checks.length === 0) return ['The scenario checked nothing.']
  return checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description}`)
}

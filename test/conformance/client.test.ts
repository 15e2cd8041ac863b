import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { NOT_APPLICABLE } from './not-applicable.ts'
import { listScenarios, runSuite } from './suite.ts'

// The suite hands it to a shell.
const COMMAND = [process.execPath, join(import.meta.dirname, 'client-under-test.ts')]
  .map((word) => `"${word}"`)
  .join(' ')

const scenarios = [...listScenarios('client')].filter(([name]) => !NOT_APPLICABLE.client.has(name))
const revisions = new Set(scenarios.flatMap(([, own]) => own))

for (const revision of revisions) {
  suite(`as a client of ${revision}, entrance client passes`, { concurrency: 2 }, () => {
    for (const [name] of scenarios.filter(([, own]) => own.includes(revision))) {
      test(name, async () => {
        const args = ['--command', COMMAND, '--scenario', name, '--spec-version', revision]
        const { passed, report } = await runSuite('client', [...args, '--timeout', '60000'])
        assert.ok(passed, report)
      })
    }
  })
}

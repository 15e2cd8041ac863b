import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { resolveServeSettings } from '../../src/cli/env.ts'
import { findConfigProblems } from '../../src/index.ts'

const settingsOf = (env: Record<string, string>) =>
  resolveServeSettings({}, { ENTRANCE_CLONE: '1', ...env })

suite('the variables about who may come in', () => {
  for (const name of ['TENANTS', 'USERS', 'GROUPS', 'ROLES']) {
    test(`ENTRANCE_ALLOW_${name} that came out empty lets in nobody, rather than everybody`, () => {
      for (const text of ['', ' , ']) {
        const { allow } = settingsOf({ [`ENTRANCE_ALLOW_${name}`]: text })
        const [problem, ...others] = findConfigProblems({
          ...{ url: 'http://localhost:8000', secret: 'x'.repeat(32) },
          allow,
        })
        assert.equal(problem?.option, `allow.${name.toLowerCase()}`)
        assert.equal(problem?.problem, 'is empty, and so nobody could come in.')
        assert.deepEqual(others, [])
      }
    })
  }

  for (const text of ['', 'false', 'no', 'Off']) {
    test(`ENTRANCE_ALLOW_GUESTS is on or off, and not '${text}'`, () => {
      const { problems } = settingsOf({ ENTRANCE_ALLOW_GUESTS: text })
      assert.deepEqual(
        problems.map(({ option, problem }) => `${option} ${problem}`),
        [`ENTRANCE_ALLOW_GUESTS '${text}' is neither on nor off.`],
      )
    })
  }
})

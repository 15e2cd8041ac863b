import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { resolveServeSettings } from '../../src/cli/env.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-clients-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const CLONE = { ENTRANCE_CLONE: '1' }
const settingsOf = (env: Record<string, string>) => resolveServeSettings({}, { ...CLONE, ...env })
const SECRET = 'a secret that stands in the file of clients'

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

suite('the file of clients', () => {
  const clients = [{ client_id: 'reports', redirect_uris: ['https://reports.example/cb'] }]

  test('is read, by its variable or by its option', () => {
    const path = file('good.json', JSON.stringify(clients))
    assert.deepEqual(settingsOf({ ENTRANCE_CLIENTS: path }).clients, clients)
    const env = { ...CLONE, ENTRANCE_CLIENTS: join(folder, 'none.json') }
    const settings = resolveServeSettings({ clients: path }, env)
    assert.deepEqual([settings.clients, settings.problems], [clients, []])
  })

  const BAD: readonly (readonly [name: string, path: string, problem: RegExp])[] = [
    ['that is not there', join(folder, 'none.json'), /none\.json cannot be read: ENOENT\.$/],
    ['that is a folder', folder, /cannot be read: EISDIR\.$/],
    ['that is not JSON', file('bad.json', `[{"client_secret":"${SECRET}",}]`), /is not JSON\.$/],
    ['that is some other file', file('big', 'x'.repeat(1024 * 1024 + 1)), /1048577 bytes; 1048576/],
  ]
  for (const [name, path, expected] of BAD) {
    test(`${name} is named, and nothing of it is repeated`, () => {
      const [problem, ...others] = settingsOf({ ENTRANCE_CLIENTS: path }).problems
      assert.deepEqual([problem?.option, others], ['ENTRANCE_CLIENTS', []])
      assert.match(problem?.problem ?? '', expected)
      assert.doesNotMatch(JSON.stringify(problem), /a secret/)
    })
  }
})

suite('adopting', () => {
  test('is asked for with 1 and nothing else', () => {
    assert.equal(settingsOf({ ENTRANCE_ADOPT: '1' }).registration.adopt, true)
    assert.equal(settingsOf({ ENTRANCE_ADOPT: '0' }).registration.adopt, false)
    const { problems } = settingsOf({ ENTRANCE_ADOPT: 'yes' })
    assert.deepEqual(
      problems.map(({ option, problem }) => [option, problem]),
      [['ENTRANCE_ADOPT', "'yes' is neither 1 nor 0."]],
    )
  })

  test('is refused where others can reach the server, whatever its URL says', () => {
    const env = { ENTRANCE_ADOPT: '1', HOST: '0.0.0.0', ENTRANCE_URL: 'http://localhost:8000' }
    const { problems } = settingsOf(env)
    const problem = problems.find(({ option }) => option === 'ENTRANCE_ADOPT')
    assert.match(problem?.problem ?? '', /only this machine can reach, and HOST is 0\.0\.0\.0/)
  })
})

test('a list that was emptied is not one that is absent', () => {
  assert.deepEqual(settingsOf({ ENTRANCE_REDIRECT_URIS: ' , ' }).registration.allow, [])
  assert.equal(settingsOf({}).registration.allow, undefined)
})

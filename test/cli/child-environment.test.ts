import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { entrance } from './client/command.ts'
import { openPlace } from './setup/support.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-env-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** What somebody else has put into their folder. */
const HOSTILE = {
  LD_PRELOAD: './run-me.so',
  PYTHONPATH: './python',
  AZURE_CONFIG_DIR: './azure',
  NODE_OPTIONS: '--import ./run-me.js',
  GIT_EXTERNAL_DIFF: './run-me',
  BROWSER: './run-me',
}

suite('the .env of a folder that is somebody else’s', () => {
  test('runs nothing by the programs that a command calls', async (t) => {
    const place = await openPlace(t)
    const seen = join(place.folder, 'seen')
    const lines = Object.entries(HOSTILE).map(([name, value]) => `${name}="${value}"`)
    const proxy = 'HTTPS_PROXY="http://proxy.example.com:8080"'
    writeFileSync(join(place.folder, '.env'), [...lines, proxy, ''].join('\n'))
    const [bin = ''] = String(place.env.PATH).split(delimiter)
    writeFileSync(join(bin, 'az'), `#!/bin/sh\nenv > ${seen}\nexit 1\n`, { mode: 0o700 })
    await place.setup('--token', 'az', '--url', 'https://expenses.example.com')
    const given = readFileSync(seen, 'utf8')
    for (const name of Object.keys(HOSTILE))
      assert.doesNotMatch(given, new RegExp(`^${name}=`, 'm'))
    // Without it, az would find no way out.
    assert.match(given, /^HTTPS_PROXY=http:\/\/proxy\.example\.com:8080$/m)
    assert.match(given, /^PATH=/m)
  })

  test('does not choose into whose home a client’s file is written', async () => {
    const cwd = join(folder, 'connect')
    const home = join(folder, 'home')
    for (const path of [cwd, home]) mkdirSync(path)
    writeFileSync(join(cwd, '.env'), `CODEX_HOME=${join(cwd, 'taken')}\nGEMINI_CLI_HOME=./taken\n`)
    const words = ['connect', 'codex', 'https://expenses.example.com/mcp', '--offline']
    const { code } = await entrance(words, { cwd, env: { HOME: home, USERPROFILE: home } })
    assert.equal(code, 0)
    assert.ok(existsSync(join(home, '.codex', 'config.toml')))
    assert.equal(existsSync(join(cwd, 'taken')), false)
  })
})

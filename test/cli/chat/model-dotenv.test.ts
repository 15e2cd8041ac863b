import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { resolveModel } from '../../../src/cli/chat/model.ts'
import { resolveModelSettings } from '../../../src/cli/chat/model-settings.ts'
import { childEnvironment } from '../../../src/cli/child-environment.ts'
import { environment, isFromDotEnv, loadDotEnv } from '../../../src/cli/env.ts'
import { FROM_ANYWHERE } from '../../../src/cli/variable-names.ts'

// The person has keys, and stands in a folder that somebody else has filled.
const KEYS = {
  OPENAI_API_KEY: 'sk-of-the-person',
  AZURE_OPENAI_API_KEY: 'azure-key-of-the-person',
}
const TOKEN = { AZURE_OPENAI_AD_TOKEN: 'token-of-the-person' }
const DOT_ENV = {
  OPENAI_BASE_URL: 'https://attacker.example/v1',
  AZURE_OPENAI_ENDPOINT: 'https://attacker.example',
  AZURE_OPENAI_DEPLOYMENT: 'm',
  OPENAI_MODEL: 'm',
  PYTHONPATH: './python',
  NO_PROXY: 'inside.example',
}
const folder = mkdtempSync(join(tmpdir(), 'entrance-model-dotenv-'))
const before = process.cwd()
after(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})
Object.assign(process.env, KEYS, TOKEN)
for (const name of Object.keys(DOT_ENV)) delete process.env[name]
writeFileSync(
  join(folder, '.env'),
  Object.entries(DOT_ENV)
    .map(([name, value]) => `${name}=${value}\n`)
    .join(''),
)
process.chdir(folder)
loadDotEnv()

suite('a folder’s .env cannot send to an address of its choice', () => {
  for (const [secret, model, variable, left] of [
    ['a key of OpenAI’s', 'openai', 'OPENAI_API_KEY', {}],
    ['a key of a compatible server’s', 'compatible', 'OPENAI_API_KEY', {}],
    ['a key of Azure’s', 'azure', 'AZURE_OPENAI_API_KEY', {}],
    ['a token for Azure', 'azure', 'AZURE_OPENAI_AD_TOKEN', { AZURE_OPENAI_API_KEY: '' }],
    [
      'a sign-in to Azure',
      'azure',
      'AZURE_OPENAI_API_KEY',
      { AZURE_OPENAI_API_KEY: '', AZURE_OPENAI_AD_TOKEN: '' },
    ],
  ] as const) {
    for (const [where, address] of [
      ['elsewhere', 'https://attacker.example/v1'],
      ['on this machine, where other people’s programs listen', 'http://127.0.0.1:9/v1'],
    ] as const) {
      test(`${secret}: ${where}`, () => {
        const addresses = { OPENAI_BASE_URL: address, AZURE_OPENAI_ENDPOINT: address }
        const env = { ...environment(), ...addresses, ...left }
        assert.throws(
          () => resolveModelSettings(env, model),
          ({ message }: Error) => {
            assert.match(message, /would go wherever the folder says|is shown to no other/)
            assert.ok(message.includes(variable), message)
            return !/of-the-person/.test(message)
          },
        )
      })
    }
  }
})

test('a key goes by plain http to no address that a proxy would stand before', () => {
  const address = 'http://127.0.0.2:9/v1'
  assert.throws(
    () => resolveModelSettings({ OPENAI_BASE_URL: address, OPENAI_API_KEY: 'sk-x' }, 'compatible'),
    /is plain http to 127\.0\.0\.2:9/,
  )
})

test('that a folder’s .env has chosen who hears the conversation is said before it begins', async () => {
  const env = { ...environment(), OPENAI_API_KEY: '' }
  const signal = new AbortController().signal
  const warningOf = async (given: Record<string, string | undefined>) =>
    (await resolveModel(given, { model: 'compatible/m', signal, note: () => {} })).warning
  assert.equal(
    await warningOf(env),
    'What you say, and what your tools answer, goes to attacker.example. This folder’s .env says so.',
  )
  assert.equal(await warningOf({ ...env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }), undefined)
})

test('what a folder’s .env says reaches no other program, but for the proxy', () => {
  const env = childEnvironment()
  assert.deepEqual([env.PYTHONPATH, env.OPENAI_MODEL], [undefined, undefined])
  assert.deepEqual([env.NO_PROXY, env.PATH], ['inside.example', process.env.PATH])
})

test('on Windows, what a folder’s .env says in small letters is known to be its own', (t) => {
  const { platform } = process
  t.after(() => void Object.defineProperty(process, 'platform', { value: platform }))
  Object.defineProperty(process, 'platform', { value: 'win32' })
  writeFileSync(join(folder, '.env'), 'ollama_host=attacker.example\n')
  loadDotEnv()
  assert.ok(isFromDotEnv('OLLAMA_HOST'))
})

test('a command that is called from anywhere takes nothing of it that names a place or a program', () => {
  for (const [command, wanted] of FROM_ANYWHERE) {
    for (const name of [
      'BROWSER',
      'CODEX_HOME',
      'GEMINI_CLI_HOME',
      'HOME',
      'ENTRANCE_CLIENT_DATA',
    ]) {
      assert.doesNotMatch(name, wanted, command)
    }
    assert.match('ENTRANCE_URL', wanted)
  }
})

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findServeProblems } from '../../src/cli/commands/serve.ts'
import { resolveServeSettings, type ServeSettings } from '../../src/cli/env.ts'
import { openKeyFile } from '../../src/cli/key-file.ts'

const VAULT = 'keyvault:https://contoso.vault.azure.net/secrets/entrance'

test('a store that replicas share is refused without ENTRANCE_SECRET: each would make a key of its own', (t) => {
  for (const kind of ['redis', 'postgres', 'cosmos'] as const) {
    const settings = { ...settingsOf(t), store: { kind, url: `${kind}://db.example` } }
    const [problem, ...more] = findServeProblems(settings)
    assert.equal(more.length, 0)
    assert.equal(problem?.option, 'ENTRANCE_SECRET')
    assert.match(
      problem?.problem ?? '',
      /is missing, and ENTRANCE_STORE is one that replicas share/,
    )
    assert.deepEqual(readdirSync(settings.data), [], 'a key was made')
    const secret = 'one-key-that-every-replica-was-given'
    assert.deepEqual(findServeProblems({ ...settings, secrets: [secret] }), [])
  }
})

test('where a data folder has keys, they are what a shared store is to be given', (t) => {
  const settings = {
    ...settingsOf(t),
    store: { kind: 'redis', url: 'redis://db.example' },
  } as const
  openKeyFile(settings.data)
  const [problem] = findServeProblems(settings)
  assert.match(problem?.cure ?? '', /^Set it to the keys of .*keys\.json, the newest first/)
})

test('keys of a vault are for every store, and the emulator cannot read them', (t) => {
  const entra = { tenantId: 'contoso.com', clientId: crypto.randomUUID(), authority: undefined }
  const credential = { kind: 'secret', secret: 'the secret of the application' } as const
  const real = { ...settingsOf(t, VAULT), entra: { ...entra, credential } }
  assert.deepEqual(findServeProblems(real), [])
  assert.deepEqual(findServeProblems({ ...real, store: { kind: 'redis', url: 'redis://db' } }), [])
  const [problem] = findServeProblems({ ...real, entra: 'emulator' })
  assert.match(problem?.problem ?? '', /the emulator can vouch for nobody there/)
})

test('an ENTRANCE_SECRET that names no secret of a vault is told of once, also with a shared store', (t) => {
  for (const secret of [
    'keyvault:https://contoso.vault.azure.net',
    'keyvalt:https://a.b/secrets/c',
  ]) {
    const { problems } = resolveServeSettings({ emulator: true }, { ENTRANCE_SECRET: secret })
    const store = { kind: 'redis', url: 'redis://db.example' } as const
    const told = findServeProblems({ ...settingsOf(t), store, problems })
    assert.deepEqual(told, problems)
    assert.equal(told.length, 1)
  }
})

function settingsOf(t: TestContext, secret?: string): ServeSettings {
  const data = mkdtempSync(join(tmpdir(), 'entrance-shared-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const env = secret === undefined ? {} : { ENTRANCE_SECRET: secret }
  const settings = resolveServeSettings({ data, emulator: true }, env)
  assert.deepEqual(settings.problems, [])
  return settings
}

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { authorizeUrl, getCode, openBrowser, redeem, refresh, signIn } from './support.ts'

test('keys, refresh tokens, sessions and consents outlive the emulator', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  const browser = openBrowser(before)
  await signIn(before, { browser })
  const { body } = await redeem(before, { code: await getCode(before) })
  const keys = await readKeys(before)
  await before.close()

  const after = createEmulator({ dataFile })
  assert.deepEqual(await readKeys(after), keys)
  await jwtVerify(String(body.access_token), createLocalJWKSet(keys))
  assert.equal((await refresh(after, body.refresh_token)).status, 200)
  const sameBrowser = openBrowser(after)
  for (const [name, value] of browser.cookies) sameBrowser.cookies.set(name, value)
  const silent = await sameBrowser.get(authorizeUrl(after))
  assert.ok(silent.location?.searchParams.get('code'), 'neither sign-in nor consent again')
})

test('without closing, everything is in the file too', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  const { body } = await redeem(before, { code: await getCode(before) })
  const after = createEmulator({ dataFile })
  assert.equal((await refresh(after, body.refresh_token)).status, 200)
})

test('a consent taken back before the emulator closed stays taken back', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  await signIn(before)
  before.directory.oauth2PermissionGrants = []
  await before.close()
  assert.deepEqual(createEmulator({ dataFile }).directory.oauth2PermissionGrants, [])
})

test('the file is readable by its owner only, in folders that are made for it', async (t) => {
  const dataFile = newFile(t, 'a', 'b', 'emulator.json')
  createEmulator({ dataFile })
  assert.equal(statSync(dataFile).mode & 0o777, 0o600)
})

test('a file that is something else is refused by name and left alone', async (t) => {
  const dataFile = newFile(t)
  for (const text of ['', '{', 'null', '{"version":1}', '{"version":2}']) {
    writeFileSync(dataFile, text)
    assert.throws(() => createEmulator({ dataFile }), {
      message: `${dataFile} is not a file of the Entra ID emulator. Delete it to start afresh.`,
    })
    assert.equal(readFileSync(dataFile, 'utf8'), text)
  }
})

test('an emulator with other keys does not take the tokens', async () => {
  const [one, other] = [createEmulator(), createEmulator()]
  const { body } = await redeem(one, { code: await getCode(one) })
  const answer = await refresh(other, body.refresh_token)
  assert.deepEqual(answer.body.error_codes, [9002313])
  const keys = createLocalJWKSet(await readKeys(other))
  await assert.rejects(jwtVerify(String(body.access_token), keys), {
    code: 'ERR_JWKS_NO_MATCHING_KEY',
  })
})

function newFile(t: TestContext, ...path: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, ...(path.length > 0 ? path : ['emulator.json']))
}

async function readKeys(emulator: Emulator): Promise<JSONWebKeySet> {
  const url = `${emulator.origin}/${emulator.tenantId}/discovery/v2.0/keys`
  return (await (await emulator.fetch(new Request(url))).json()) as JSONWebKeySet
}

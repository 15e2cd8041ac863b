import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { appToken, graphAs, graphWith, register } from './graph/support.ts'
import { account, authorizeUrl, getCode, openBrowser, redeem, refresh, signIn } from './support.ts'

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

test('what was written through Microsoft Graph outlives the emulator', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  const graph = await graphAs(before)
  const { id, appId } = await register(graph)
  await graph('POST', '/servicePrincipals', { appId })
  const { body } = await graph('POST', `/applications/${id}/addPassword`, {})
  const [seeded] = before.directory.applications
  assert.ok(seeded)
  await graph('PATCH', `/applications/${seeded.id}`, { displayName: 'Renamed' })
  const invited = await graph('POST', '/invitations', {
    invitedUserEmailAddress: 'guest@elsewhere.example',
    inviteRedirectUrl: 'https://app.example',
  })

  // Nobody closed it: it is in the file all the same.
  const after = createEmulator({ dataFile })
  assert.equal(after.directory.applications[0]?.displayName, 'Renamed')
  assert.ok(after.directory.users.some((user) => user.id === invited.body.invitedUser.id))
  const token = await appToken(after, appId, body.secretText)
  assert.equal((await graphWith(after, token)('GET', '/applications')).status, 403)
  assert.equal((await (await graphAs(after))('GET', `/applications/${id}`)).body.appId, appId)
})

test('a second factor that somebody registered outlives the emulator', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  before.directory.conditionalAccessPolicies.push({
    id: crypto.randomUUID(),
    displayName: 'A second factor',
    state: 'enabled',
    conditions: { applications: { includeApplications: ['All'] } },
    modifiedDateTime: new Date(0).toISOString(),
  })
  const browser = openBrowser(before)
  account(before, 'Alice').isMfaRegistered = false
  const picker = await browser.get(authorizeUrl(before))
  const page = await browser.submit(picker, { account: SEED.alice })
  await browser.submit(page, { decision: 'register' })
  await before.close()
  const after = createEmulator({
    dataFile,
    directory: { users: [{ ...account(before, 'Alice'), isMfaRegistered: false }] },
  })
  assert.equal(account(after, 'Alice').isMfaRegistered, true)
})

test('what was deleted stays out, and comes back with nothing of it', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  await signIn(before)
  const graph = await graphAs(before)
  const [seeded] = before.directory.applications
  assert.equal((await graph('DELETE', `/applications/${seeded?.id}`)).status, 204)

  const after = createEmulator({ dataFile })
  const isSeeded = ({ appId }: { appId: string }) => appId === SEED.clientId
  assert.equal(after.directory.applications.some(isSeeded), false)
  assert.equal(after.directory.servicePrincipals.some(isSeeded), false)
  assert.deepEqual(after.directory.oauth2PermissionGrants, [])
})

test('what a program took out of the directory stays out, too', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  before.directory.users = before.directory.users.filter(({ id }) => id !== SEED.bob)
  await before.close()
  const after = createEmulator({ dataFile })
  assert.deepEqual(
    after.directory.users.map(({ displayName }) => displayName),
    ['Alice', 'Ada'],
  )
})

test('a file of version 1 is read, and written as version 2', async (t) => {
  const dataFile = newFile(t)
  const before = createEmulator({ dataFile })
  const { body } = await redeem(before, { code: await getCode(before) })
  await before.close()
  const { sealingKey, signingKeys, changes } = JSON.parse(readFileSync(dataFile, 'utf8'))
  const [grant] = changes.oauth2PermissionGrants.kept
  const principal = { id: 'd2dd8f80-1454-4cca-8f9d-5b67bbf26cec', appId: SEED.clientId }
  const old = {
    version: 1,
    sealingKey,
    signingKeys,
    oauth2PermissionGrants: [grant],
    servicePrincipals: [{ ...principal, tenantId: SEED.tenantId, appRoleAssignedTo: [] }],
  }
  writeFileSync(dataFile, JSON.stringify(old))
  const after = createEmulator({ dataFile })
  assert.equal((await refresh(after, body.refresh_token)).status, 200)
  const found = after.directory.servicePrincipals.find(({ id }) => id === principal.id)
  assert.equal(found?.accountEnabled, true)
  assert.deepEqual(after.directory.oauth2PermissionGrants, [grant])
  await signIn(after, { name: 'Bob' })
  assert.equal(JSON.parse(readFileSync(dataFile, 'utf8')).version, 2)
})

test('the file is readable by its owner only, in folders that are made for it', async (t) => {
  const dataFile = newFile(t, 'a', 'b', 'emulator.json')
  createEmulator({ dataFile })
  assert.equal(statSync(dataFile).mode & 0o777, 0o600)
})

test('a file that is something else, or damaged, is refused by name and left alone', async (t) => {
  const dataFile = newFile(t)
  for (const text of ['', '{', 'null', '{"version":1}', '{"version":2}', '{"version":3}']) {
    writeFileSync(dataFile, text)
    assert.throws(() => createEmulator({ dataFile }), {
      message: `${dataFile} is not a file of the Entra ID emulator. Delete it to start afresh.`,
    })
    assert.equal(readFileSync(dataFile, 'utf8'), text)
  }
  rmSync(dataFile)
  await createEmulator({ dataFile }).rotateKeys()
  const good = JSON.parse(readFileSync(dataFile, 'utf8'))
  const users = (kept: unknown) => ({ changes: { users: { kept, removed: [] } } })
  for (const change of [
    { sealingKey: 5 },
    { signingKeys: [{}] },
    { signingKeys: [null] },
    { signingKeys: [{ privateKey: 'x', certificate: 'x' }] },
    { personalKeys: 'x' },
    { changes: null },
    users([null]),
    users(['x']),
    users([{}]),
    users([{ id: 'x' }]),
    users({}),
  ]) {
    const text = JSON.stringify({ ...good, ...change })
    writeFileSync(dataFile, text)
    const refused = { message: /is not a file of the Entra ID emulator/ }
    assert.throws(() => createEmulator({ dataFile }), refused, JSON.stringify(change))
    assert.equal(readFileSync(dataFile, 'utf8'), text)
  }
})

test('what a former version did not know of a thing is as Entra has it', async (t) => {
  const dataFile = newFile(t)
  await createEmulator({ dataFile }).rotateKeys()
  const state = JSON.parse(readFileSync(dataFile, 'utf8'))
  const carol = { id: crypto.randomUUID(), tenantId: SEED.tenantId, userPrincipalName: 'carol@x' }
  state.changes = { users: { kept: [carol], removed: [SEED.bob] } }
  writeFileSync(dataFile, JSON.stringify(state))
  const { directory } = createEmulator({ dataFile })
  const found = directory.users.find(({ id }) => id === carol.id)
  assert.deepEqual(found?.directoryRoles, [])
  assert.equal(found?.accountEnabled, true)
  assert.ok(!directory.users.some(({ id }) => id === SEED.bob))
})

test('two emulators with one data file: the one that overwrites the other says so', async (t) => {
  const dataFile = newFile(t)
  const messages: string[] = []
  const log = ({ event, message }: { event: string; message: string }) => {
    if (event === 'emulator.state.shared') messages.push(message)
  }
  const first = createEmulator({ dataFile, log })
  const second = createEmulator({ dataFile, log })
  await signIn(first)
  assert.deepEqual(messages, [])
  await signIn(second)
  assert.equal(messages.length, 1)
  assert.match(messages[0] ?? '', /Another process writes to .*a data folder of its own/)
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

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApplication, startEmulator } from '../../../src/emulator/emulator.ts'
import { startEntranceCommand } from '../client/command.ts'
import { enterCode } from '../graph/device.ts'
import { setupHere } from './in-process.ts'
import { openPlace } from './support.ts'

const NAME = 'Expenses'

/** A directory that takes its time, and a clock that goes on only while somebody waits. */
function slowPlace(
  t: Parameters<typeof openPlace>[0],
  replication: { graph?: number; signIn?: number },
) {
  let now = Date.now()
  let waited = 0
  const place = openPlace(t, { replication, now: () => now })
  const wait = async (time: number) => {
    now += time
    waited += time
  }
  return { place, wait, waited: () => waited }
}

for (const replication of [{ graph: 30 }, { signIn: 60 }, { graph: 20, signIn: 90 }]) {
  test(`a directory that copies slowly is waited for: ${JSON.stringify(replication)}`, async (t) => {
    const { place: opening, wait, waited } = slowPlace(t, replication)
    const place = await opening
    await setupHere(place, { name: NAME, yes: true, adminConsent: true, wait }).finished
    assert.ok(waited() > 0)
    assert.ok(waited() <= 300_000, `${waited()} ms`)
    assert.equal(place.applications().length, 1)
    assert.equal(place.applications()[0]?.passwordCredentials.length, 1)
    const again = setupHere(place, { name: NAME, adminConsent: true, wait })
    await again.finished
    assert.match(again.notes.join('\n'), /nothing to do/)
  })
}

test('what an earlier run has written and cannot be read yet is not written again', async (t) => {
  const { place: opening, wait } = slowPlace(t, { graph: 60 })
  const place = await opening
  // Stopped as soon as the application is made.
  const interrupt = new AbortController()
  const first = setupHere(place, {
    ...{ name: NAME, yes: true, signal: interrupt.signal },
    wait: async () => {
      interrupt.abort()
      throw new Error('stopped')
    },
  })
  await assert.rejects(first.finished, /Interrupted/)
  assert.equal(place.applications().length, 1)
  await setupHere(place, { name: NAME, yes: true, wait }).finished
  assert.equal(place.applications().length, 1)
})

test('what the sign-in service does not learn in three minutes is said, with what to do', async (t) => {
  const { place: opening, wait } = slowPlace(t, { signIn: 3600 })
  const place = await opening
  const { finished } = setupHere(place, { name: NAME, yes: true, wait })
  await assert.rejects(finished, (error: Error & { cure?: string }) => {
    assert.match(error.message, /AADSTS700016/)
    assert.match(error.cure ?? '', /Run it again/)
    return true
  })
})

test('two at the same time make one application', async (t) => {
  const place = await openPlace(t)
  const wait = async () => {}
  const both = ['a', 'b'].map((file) =>
    setupHere(place, { name: NAME, yes: true, wait, dotenv: join(place.folder, file) }),
  )
  await Promise.all(both.map(({ finished }) => finished))
  assert.equal(place.applications().length, 1)
  const [application] = place.applications()
  assert.equal(application?.api.oauth2PermissionScopes.length, 1)
  assert.deepEqual(application?.identifierUris, [`api://${application?.appId}`])
})

test('by device code a person signs in elsewhere, and the application is made in their name', async (t) => {
  const place = await openPlace(t)
  let isEntered = false
  const running = setupHere(place, {
    ...{ name: NAME, yes: true, token: 'device-code' },
    wait: async () => {
      if (isEntered) return
      isEntered = true
      const code = /enter the code {2}(\w+)/.exec(running.notes.join('\n'))?.[1] ?? ''
      await enterCode(place.emulator, code)
    },
  })
  await running.finished
  assert.match(running.notes.join('\n'), /Signed in as alice@entrance\.example \(device-code\)/)
  assert.equal(place.applications().length, 1)
})

test('a person is asked before anything is changed, and no is no', async (t) => {
  const place = await openPlace(t)
  const no = setupHere(place, { name: NAME, isInteractive: true })
  await no.said(/Do this in Entrance Example\?/)
  no.type('\n')
  await assert.rejects(no.finished, /Nothing was changed/)
  assert.deepEqual(place.applications(), [])
  const yes = setupHere(place, { name: NAME, isInteractive: true })
  await yes.said(/Do this in/)
  yes.type('y\n')
  await yes.finished
  assert.equal(place.applications().length, 1)
})

test('of two with the same name a person chooses one', async (t) => {
  const place = await openPlace(t)
  const { tenantId, directory } = place.emulator
  for (const letter of ['a', 'b']) {
    const appId = `0000000${letter}-0000-4000-8000-000000000000`
    directory.applications.push(createApplication({ tenantId, displayName: NAME, appId }))
  }
  const running = setupHere(place, { name: NAME, isInteractive: true })
  await running.said(/Number \(Enter for none\)/)
  running.type('2\n')
  await running.said(/Do this in/)
  running.type('y\n')
  await running.finished
  assert.match(place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_ID ?? '', /^0000000b/)
})

test('the token of another tenant is refused before anything is read', async (t) => {
  const place = await openPlace(t)
  writeFileSync(join(place.folder, '.env'), '')
  const { finished } = setupHere(place, {
    tenantId: '9188040d-6c67-4c5b-b112-36a304b66dad',
    yes: true,
  })
  await assert.rejects(finished, /is signed in to the tenant|gives no token/)
})

test('over https, with the emulator’s own authority trusted, a device code does it all', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-https-'))
  const emulator = await startEmulator({
    ...{ port: 0, directory: { applications: [] }, https: { caFolder: folder } },
  })
  t.after(async () => {
    await emulator.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const env = { ENTRANCE_AUTHORITY: emulator.origin, NODE_EXTRA_CA_CERTS: String(emulator.caFile) }
  const words = ['setup', '--token', 'device-code', '--name', NAME, '--yes']
  using running = startEntranceCommand(words, { cwd: folder, env })
  const [, code = ''] = await running.said(/enter the code {2}(\w+)/)
  await enterCode(emulator, code)
  const { code: exit, stderr } = await running.finished
  assert.equal(exit, 0, stderr)
  assert.match(stderr, /Ready: people can sign in/)
})

test('Ctrl-C while the code is shown ends it at once, and nothing is left behind', async (t) => {
  const place = await openPlace(t)
  using running = place.start('--token', 'device-code', '--yes')
  await running.said(/Ctrl-C gives up/)
  running.child.kill('SIGINT')
  const { code, stderr } = await running.finished
  assert.equal(code, 130)
  assert.match(stderr, /Interrupted\./)
  assert.deepEqual(place.applications(), [])
  assert.ok(!existsSync(join(place.folder, '.env')))
})

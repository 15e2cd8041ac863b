import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { credentialFolder, openCredentialStore } from '../../../src/cli/client/credential-store.ts'
import { isExpiring, toTokens } from '../../../src/cli/client/credentials.ts'

const root = mkdtempSync(join(tmpdir(), 'entrance-store-'))
after(() => rmSync(root, { recursive: true, force: true }))

const CREDENTIALS = {
  issuer: 'https://as.example.com',
  registration: { client_id: 'c' },
  redirectUri: 'http://127.0.0.1:5000/callback',
  tokens: { access_token: 'a', refresh_token: 'r', expiresAt: 1 },
}

const open = (name: string) => openCredentialStore({ ENTRANCE_CLIENT_DATA: join(root, name) })

test('what is kept is found again, by URL', async () => {
  const store = open('found')
  await store.update('https://one.example.com/', () => CREDENTIALS)
  await store.update('https://two.example.com/', () => ({ ...CREDENTIALS, issuer: 'other' }))
  assert.deepEqual(await open('found').find('https://one.example.com/'), CREDENTIALS)
  assert.equal((await store.find('https://two.example.com/'))?.issuer, 'other')
  assert.equal(await store.find('https://three.example.com/'), undefined)
  await store.update('https://one.example.com/', () => undefined)
  assert.deepEqual([...(await store.list()).keys()], ['https://two.example.com/'])
})

test('the file is for its owner only, in a folder that is so too', async () => {
  const store = open('modes/deep')
  await store.update('https://one.example.com/', () => CREDENTIALS)
  await store.update('https://two.example.com/', () => CREDENTIALS)
  assert.equal(statSync(store.path).mode & 0o777, 0o600)
  assert.equal(statSync(join(root, 'modes/deep')).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(join(root, 'modes/deep')), ['client.json'])
})

test('a file that others could read is for its owner only once it is written', async () => {
  const store = open('repaired')
  await store.update('https://one.example.com/', () => CREDENTIALS)
  const content = readFileSync(store.path, 'utf8')
  rmSync(store.path)
  writeFileSync(store.path, content, { mode: 0o644 })
  await store.update('https://two.example.com/', () => CREDENTIALS)
  assert.equal(statSync(store.path).mode & 0o777, 0o600)
})

test('reading leaves nothing behind', async () => {
  assert.equal(await open('untouched').find('https://one.example.com/'), undefined)
  assert.ok(!readdirSync(root).includes('untouched'))
})

test('several processes at once lose none of each other’s entries', async () => {
  const script = join(root, 'writer.mjs')
  const module = new URL('../../../src/cli/client/credential-store.ts', import.meta.url).href
  writeFileSync(
    script,
    `import { openCredentialStore } from ${JSON.stringify(module)}
    const [folder, name] = process.argv.slice(2)
    const store = openCredentialStore({ ENTRANCE_CLIENT_DATA: folder })
    const credentials = ${JSON.stringify(CREDENTIALS)}
    for (let i = 0; i < 5; i++) {
      await store.update('https://' + name + '.example.com/' + i, () => credentials)
    }`,
  )
  const children = ['a', 'b', 'c', 'd'].map((name) => fork(script, [join(root, 'many'), name]))
  await Promise.all(children.map((child) => once(child, 'exit')))
  assert.equal((await open('many').list()).size, 20)
})

for (const content of ['', '{', '[]', '{"version":2,"servers":{}}', '{"version":1,"servers":[]}']) {
  test(`a file with ${content || 'nothing'} in it is neither used nor overwritten`, async () => {
    const store = open('broken')
    await store.update('https://one.example.com/', () => CREDENTIALS)
    writeFileSync(store.path, content)
    await assert.rejects(store.list(), { message: /is not a file of credentials/ })
    await assert.rejects(
      store.update('https://one.example.com/', () => CREDENTIALS),
      { cure: /Move it away/ },
    )
    assert.equal(readFileSync(store.path, 'utf8'), content)
    rmSync(store.path)
  })
}

test('the folder is where the system keeps a program’s own files, unless it is named', () => {
  assert.equal(credentialFolder({ ENTRANCE_CLIENT_DATA: '/x' }, 'linux'), '/x')
  assert.equal(credentialFolder({ XDG_CONFIG_HOME: '/c' }, 'linux'), join('/c', 'entrance'))
  const usual = join(homedir(), '.config', 'entrance')
  assert.equal(credentialFolder({ XDG_CONFIG_HOME: 'relative' }, 'darwin'), usual)
  assert.equal(credentialFolder({}, 'linux'), usual)
  assert.equal(credentialFolder({ APPDATA: '/a' }, 'win32'), join('/a', 'entrance'))
})

test('the end of a token is kept as a moment, and comes a minute early', () => {
  const now = 1_800_000_000_000
  const tokens = toTokens({ access_token: 'a', expires_in: 3600 }, now)
  assert.deepEqual(tokens, { access_token: 'a', expiresAt: 1_800_003_600 })
  assert.ok(!isExpiring(tokens, now + 3_500_000))
  assert.ok(isExpiring(tokens, now + 3_545_000))
  assert.ok(!isExpiring({ access_token: 'a' }, now))
})

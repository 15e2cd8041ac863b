import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { openPlace, type Place } from './support.ts'

const NAME = 'Expenses'

const git = ({ folder, env }: Place, ...words: string[]) =>
  execFileSync('git', words, { cwd: folder, env: { ...env, PATH: process.env.PATH } })

test('what is written is said in one line', async (t) => {
  const place = await openPlace(t)
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 0, stderr)
  const written = stderr.split('\n').filter((line) => line.includes('.env'))
  assert.deepEqual(written, ['Wrote 4 values to .env.'])
})

test('a secret in a file that git does not ignore, or has already, is warned of', async (t) => {
  const place = await openPlace(t)
  git(place, 'init', '-q')
  const first = await place.setup('--name', NAME, '--yes')
  assert.match(first.stderr, /Git does not ignore \.env/)
  writeFileSync(join(place.folder, '.gitignore'), '.env\n')
  const second = await place.setup('--yes', '--new-secret')
  assert.equal(second.code, 0, second.stderr)
  assert.doesNotMatch(second.stderr, /git/i)
  assert.doesNotMatch(first.stderr, /start it anew/)
  assert.match(second.stderr, /A server that is running has the former values/)
  git(place, 'add', '-f', '.env')
  const third = await place.setup('--yes', '--new-secret')
  assert.match(third.stderr, /git rm --cached \.env/)
})

test('where .env cannot be written nothing is made: the secret would be lost', async (t) => {
  const place = await openPlace(t)
  writeFileSync(join(place.folder, '.env'), Buffer.from('NAME=M\u00fcller\n', 'latin1'))
  const before = readFileSync(join(place.folder, '.env'))
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1)
  assert.match(stderr, /\.env cannot be written: it is not in UTF-8/)
  assert.deepEqual(place.applications(), [])
  assert.deepEqual(readFileSync(join(place.folder, '.env')), before)
})

test('--dotenv is another server: what .env says of this one does not come into it', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--name', NAME, '--yes')).code, 0)
  const [first] = place.applications()
  const url = 'https://expenses.example.com'
  const { code, stderr } = await place.setup('--url', url, '--dotenv', 'prod.env', '--yes')
  assert.equal(code, 0, stderr)
  const [, second] = place.applications()
  assert.deepEqual(first?.web.redirectUris, ['http://localhost:8000/auth/callback'])
  assert.deepEqual(second?.web.redirectUris, [`${url}/auth/callback`])
  const written = parseEnv(readFileSync(join(place.folder, 'prod.env'), 'utf8'))
  assert.equal(written.ENTRA_PROXY_AZURE_CLIENT_ID, second?.appId)
  assert.ok(written.ENTRA_PROXY_AZURE_CLIENT_SECRET)
  assert.equal(place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_ID, first?.appId)
  assert.doesNotMatch(stderr, /set in this shell/)
})

test('a folder named .env is said to be one, and nothing is made', async (t) => {
  const place = await openPlace(t)
  mkdirSync(join(place.folder, '.env'))
  const { code, stderr } = await place.setup('--name', NAME, '--yes')
  assert.equal(code, 1)
  assert.match(stderr, /\.env is not a file/)
  const other = await place.setup('--name', NAME, '--yes', '--dotenv', 'server.env')
  assert.equal(other.code, 0, other.stderr)
})

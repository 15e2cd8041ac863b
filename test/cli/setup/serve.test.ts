import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SEED } from '../../../src/emulator/emulator.ts'
import { addExpense } from '../../flows/expenses.ts'
import { signIn } from '../../support/oauth-client.ts'
import { startServe } from '../../support/serve.ts'
import { openPlace, type Place } from './support.ts'

/** Starts the server where setup has been run, with nothing but what setup has written. */
const serveIn = (place: Place) => startServe({ folder: place.folder, args: [] })

async function useServer(place: Place): Promise<void> {
  await using server = await serveIn(place)
  const { client, tokens } = await signIn(server.url)
  await addExpense(client, tokens.access_token)
}

test('setup, then serve: a person signs in and calls a tool, with no other step', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes')).code, 0)
  await useServer(place)
})

test('with consent for everybody nobody is asked at Entra', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes', '--admin-consent')).code, 0)
  await useServer(place)
  const asked = place.emulator.seen.filter(({ endpoint }) => endpoint === 'consent')
  assert.equal(asked.length, 0)
})

test('with a certificate there is no secret anywhere, and the key is the owner’s only', async (t) => {
  const place = await openPlace(t)
  const { code, stderr } = await place.setup('--yes', '--credential', 'certificate')
  assert.equal(code, 0, stderr)
  const [application] = place.applications()
  assert.deepEqual(application?.passwordCredentials, [])
  assert.equal(application?.keyCredentials.length, 1)
  const file = join(place.folder, '.entrance', 'entra-certificate.pem')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(place.dotEnv().ENTRANCE_CREDENTIAL, 'certificate:.entrance/entra-certificate.pem')
  const again = await place.setup()
  assert.match(again.stderr, /nothing to do/)
  assert.equal(again.code, 0, again.stderr)
  await useServer(place)
})

test('a workload or a managed identity is trusted, and a second run has nothing to do', async (t) => {
  const place = await openPlace(t)
  const issuer = 'https://oidc.example.com/cluster'
  const subject = 'system:serviceaccount:mcp:entrance'
  const words = ['--credential', 'workload-identity', '--issuer', issuer, '--subject', subject]
  const workload = await place.setup('--yes', ...words)
  assert.equal(workload.code, 0, workload.stderr)
  const identity = '66666666-0000-4000-8000-000000000006'
  // An emulator over http cannot be the issuer: Entra takes https only.
  const entra = `https://login.microsoftonline.com/${SEED.tenantId}/v2.0`
  const managed = ['--credential', 'managed-identity', '--subject', identity, '--issuer', entra]
  const second = await place.setup('--yes', ...managed)
  assert.equal(second.code, 0, second.stderr)
  const [application] = place.applications()
  assert.deepEqual(application?.passwordCredentials, [])
  assert.deepEqual(
    application?.federatedIdentityCredentials.map((one) => [one.issuer, one.subject]),
    [
      [issuer, subject],
      [entra, identity],
    ],
  )
  assert.equal(place.dotEnv().ENTRANCE_CREDENTIAL, 'managed-identity')
  const plain = await place.setup()
  assert.equal(plain.code, 0, plain.stderr)
  assert.match(plain.stderr, /nothing to do/)
  const again = await place.setup(...managed)
  assert.match(again.stderr, /nothing to do/)
  assert.equal(again.code, 0, again.stderr)
})

test('a certificate that ends soon is followed by another, also where the run that made it was stopped', async (t) => {
  const place = await openPlace(t)
  const words = ['--yes', '--credential', 'certificate']
  const soon = await place.setup(...words, '--secret-days', '10')
  assert.equal(soon.code, 0, soon.stderr)
  const former = readFileSync(join(place.folder, '.env'))
  const next = await place.setup('--yes')
  assert.equal(next.code, 0, next.stderr)
  const { ENTRANCE_CREDENTIAL } = place.dotEnv()
  assert.match(ENTRANCE_CREDENTIAL ?? '', /entra-certificate-\d{4}-\d\d-\d\d\.pem$/)
  // As a run leaves it that was stopped before it wrote .env.
  writeFileSync(join(place.folder, '.env'), former)
  const [application] = place.applications()
  application?.keyCredentials.pop()
  const again = await place.setup('--yes')
  assert.equal(again.code, 0, again.stderr)
  assert.equal(place.dotEnv().ENTRANCE_CREDENTIAL, ENTRANCE_CREDENTIAL)
  assert.equal(application?.keyCredentials.length, 2)
  await useServer(place)
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AZURE_CLI_CLIENT_ID } from '../../../src/cli/graph/device-code.ts'
import { SEED } from '../../../src/emulator/emulator.ts'
import { json } from '../../support/oauth-client.ts'
import { noteSecret } from '../../support/secrets.ts'
import { type RunningServe, startServe } from '../../support/serve.ts'
import { entrance } from '../client/command.ts'
import { enterCode } from '../graph/device.ts'
import { graphToken, openPlace, type Place } from './support.ts'

const ALICE = `alice@${SEED.domain}`

/** What `az account get-access-token --scope api://<client id>/.default` gets for a person. */
async function tokenOf(place: Place, name: string): Promise<string> {
  const { origin, tenantId } = place.emulator
  const post = (path: string, fields: Record<string, string>) =>
    fetch(`${origin}/${tenantId}/oauth2/v2.0/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: AZURE_CLI_CLIENT_ID, ...fields }),
    })
  const scope = `api://${place.dotEnv().ENTRA_PROXY_AZURE_CLIENT_ID}/.default`
  type Device = { device_code: string; user_code: string }
  const { device_code, user_code } = await json<Device>(await post('devicecode', { scope }))
  await enterCode(place.emulator, user_code, { name })
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const answer = await post('token', { grant_type, device_code })
  const { access_token } = await json<{ access_token: string }>(answer)
  noteSecret("an operator's access token", access_token)
  return access_token
}

function ask(server: RunningServe, token: string): Promise<Response> {
  const line = server.logs.find((entry) => typeof entry === 'object' && 'operatorPort' in entry)
  const { operatorPort } = line as unknown as { operatorPort: number }
  const headers = { authorization: `Bearer ${token}` }
  return fetch(`http://localhost:${operatorPort}/api/sessions`, { headers })
}

test('setup gives somebody the role; with it the API lets them in, and others it does not', async (t) => {
  const place = await openPlace(t)
  const words = ['--operator', ALICE, '--pre-authorize', 'az']
  const first = await place.setup('--yes', ...words)
  assert.equal(first.code, 0, first.stderr)
  const again = await place.setup(...words)
  assert.match(again.stderr, /nothing to do/)
  assert.equal(again.code, 0, again.stderr)

  const env = { ENTRANCE_OPERATOR_PORT: '0' }
  await using server = await startServe({ folder: place.folder, args: [], env })
  const answer = await ask(server, await tokenOf(place, 'Alice'))
  assert.deepEqual(await json(answer), { sessions: [] })
  const refused = await ask(server, await tokenOf(place, 'Bob'))
  assert.equal(refused.status, 403)
  const { error, message } = (await refused.json()) as { error: string; message: string }
  assert.equal(error, 'forbidden')
  assert.match(message, /lacks the app role Entrance\.Operator.*entrance setup --operator/)
})

test('the role can be had with nobody in it, and people are added to those who have it', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes', '--operator')).code, 0)
  const [application] = place.applications()
  const [role] = application?.appRoles ?? []
  assert.partialDeepStrictEqual(role, { value: 'Entrance.Operator', isEnabled: true })
  assert.deepEqual(role?.allowedMemberTypes, ['User', 'Application'])
  const assigned = () =>
    place.emulator.directory.servicePrincipals.find(({ appId }) => appId === application?.appId)
      ?.appRoleAssignedTo
  assert.deepEqual(assigned(), [])
  for (const person of [SEED.bob, ALICE]) {
    const { code, stderr } = await place.setup('--yes', '--operator', person)
    assert.equal(code, 0, stderr)
  }
  assert.deepEqual(
    assigned()?.map((one) => [one.principalId, one.appRoleId]),
    [
      [SEED.bob, role?.id],
      [SEED.alice, role?.id],
    ],
  )
})

test('without --operator there is no such role, unless .env has the port and no token', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes')).code, 0)
  assert.deepEqual(place.applications()[0]?.appRoles, [])
  const file = join(place.folder, '.env')
  writeFileSync(file, `${readFileSync(file, 'utf8')}ENTRANCE_OPERATOR_PORT=9464\n`)
  const { code, stderr } = await place.setup('--yes')
  assert.equal(code, 0, stderr)
  assert.equal(place.applications()[0]?.appRoles[0]?.value, 'Entrance.Operator')
})

test('a role that somebody has switched off is switched on, under its id', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes', '--operator')).code, 0)
  const [role] = place.applications()[0]?.appRoles ?? []
  assert.ok(role)
  role.isEnabled = false
  assert.equal((await place.setup('--yes', '--operator')).code, 0)
  const roles = place.applications()[0]?.appRoles
  assert.deepEqual(
    roles?.map(({ id, isEnabled }) => [id, isEnabled]),
    [[role.id, true]],
  )
})

test('whoever may not assign roles gets a request that has the step in it', async (t) => {
  const place = await openPlace(t)
  assert.equal((await place.setup('--yes', '--operator')).code, 0)
  // Neither an administrator nor the owner.
  const env = { ...place.env, ENTRANCE_GRAPH_TOKEN: await graphToken(place.emulator, 'Bob') }
  const words = ['setup', '--yes', '--token', 'env', '--operator', ALICE]
  const { code, stderr } = await entrance(words, { cwd: place.folder, env })
  assert.equal(code, 1)
  assert.match(stderr, /Not allowed:/)
  const request = readFileSync(join(place.folder, 'entrance-request.md'), 'utf8')
  assert.match(request, /alice@\S+ has not been given the app role Entrance\.Operator/)
  assert.match(request, /Users and groups → Add user\/group/)
  assert.match(request, new RegExp(`"principalId": "${SEED.alice}"`))
  assert.doesNotMatch(request, /Add the app role/)
})

test('somebody who is not there, or cannot be, is refused before anything is made', async (t) => {
  const place = await openPlace(t)
  const unknown = await place.setup('--yes', '--operator', 'nobody@example.com')
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /There is nobody called nobody@example\.com in this tenant/)
  const wrong = await place.setup('--yes', '--operator', 'Alice Adams')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /'Alice Adams' is neither a sign-in name nor an object id/)
  assert.deepEqual(place.applications(), [])
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createEmulator, type Emulator, SEED } from '../../src/emulator/emulator.ts'
import { graphAs, register } from './graph/support.ts'
import { getCode, redeem, refresh } from './support.ts'

const DAY = 24 * 60 * 60

test('what was half way when it was reset is gone, in memory and in the file', async (t) => {
  const options = { dataFile: newFile(t), replication: { graph: 5, signIn: 20 } }
  const emulator = createEmulator(options)
  const before = structuredClone(emulator.directory)
  const graph = await graphAs(emulator)
  const { id } = await register(graph, { displayName: 'Half way' })
  emulator.clock.advance(6)
  await graph('PATCH', `/applications/${id}`, { displayName: 'Changed' })
  const device = await startDevice(emulator)
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  const [signing] = await emulator.rotateKeys()
  emulator.faults.add({ match: { endpoint: 'token' }, action: { status: 503 } })
  emulator.clock.advance(40 * DAY)

  emulator.reset()
  assert.deepEqual(emulator.directory, before)
  assert.deepEqual(emulator.faults.list(), [])
  assert.ok(emulator.clock.now() - Date.now() < 1000)
  const form = { grant_type: 'device_code', device_code: device, code_verifier: null, scope: null }
  assert.deepEqual((await redeem(emulator, form)).body.error_codes, [70018])
  await verify(emulator, body.access_token)
  await emulator.close()

  const after = createEmulator(options)
  assert.deepEqual(after.directory, before)
  await verify(after, body.access_token)
  assert.equal((await keysOf(after)).keys[0]?.kid, signing)
})

test('a fault that loses an answer loses nothing of what was done, over a restart too', async (t) => {
  const options = { dataFile: newFile(t), replication: { graph: 5 } }
  const emulator = createEmulator(options)
  const graph = await graphAs(emulator)
  const path = '/v1.0/applications'
  const fault = emulator.faults.add({ match: { endpoint: path }, action: { drop: 'response' } })
  await assert.rejects(graph('POST', '/applications', { displayName: 'Lost answer' }))
  emulator.faults.remove(fault.id)
  const search = `/applications?$filter=displayName eq 'Lost answer'`
  assert.deepEqual((await graph('GET', search)).body.value, [])
  await emulator.close()

  const after = createEmulator(options)
  const { body } = await (await graphAs(after))('GET', search)
  assert.equal(body.value.length, 1, 'a restart takes everything for arrived')
})

test('a refresh token outlives a rotation, a restart and what the clock was put forward', async (t) => {
  const options = { dataFile: newFile(t) }
  const emulator = createEmulator(options)
  emulator.clock.advance(80 * DAY)
  const { body } = await redeem(emulator, { code: await getCode(emulator) })
  for (let i = 0; i < 4; i++) await emulator.rotateKeys()
  await emulator.close()
  const after = createEmulator(options)
  const renewed = await refresh(after, body.refresh_token)
  assert.equal(renewed.status, 200)
  await verify(after, renewed.body.access_token)
  await assert.rejects(verify(after, body.access_token), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

function newFile(t: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'entra-emulator-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'emulator.json')
}

async function keysOf(emulator: Emulator): Promise<JSONWebKeySet> {
  const url = `${emulator.origin}/${SEED.tenantId}/discovery/v2.0/keys`
  return (await (await emulator.fetch(new Request(url))).json()) as JSONWebKeySet
}

async function verify(emulator: Emulator, token: unknown): Promise<void> {
  await jwtVerify(String(token), createLocalJWKSet(await keysOf(emulator)))
}

async function startDevice(emulator: Emulator): Promise<string> {
  const url = `${emulator.origin}/${SEED.tenantId}/oauth2/v2.0/devicecode`
  const body = new URLSearchParams({ client_id: SEED.clientId, scope: 'openid' })
  const response = await emulator.fetch(new Request(url, { method: 'POST', body }))
  return ((await response.json()) as { device_code: string }).device_code
}

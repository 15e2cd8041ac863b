import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createServicePrincipal, SEED, startEmulator } from '../../../src/emulator/emulator.ts'
import { addExpense } from '../../flows/expenses.ts'
import { signIn } from '../../support/oauth-client.ts'
import { startServe } from '../../support/serve.ts'
import { entrance } from '../client/command.ts'
import { openPlace } from './support.ts'

test('as a managed identity: setup has it trusted, serve runs as it, a person signs in, and there is no secret', async (t) => {
  const caFolder = mkdtempSync(join(tmpdir(), 'entrance-ca-'))
  t.after(() => rmSync(caFolder, { recursive: true, force: true }))
  // It makes the authority; Entra takes issuers with https only.
  const first = await startEmulator({ port: 0, https: { caFolder } })
  const caFile = String(first.caFile)
  await first.close()
  setDefaultCACertificates([...getCACertificates(), readFileSync(caFile, 'utf8')])
  const place = await openPlace(t, { https: { caFolder } })
  const identity = createServicePrincipal({
    ...{ appId: randomUUID(), tenantId: SEED.tenantId },
    ...{ servicePrincipalType: 'ManagedIdentity', displayName: 'web-app' },
  })
  place.emulator.directory.servicePrincipals.push(identity)
  const trust = { NODE_EXTRA_CA_CERTS: caFile }
  const setup = (...words: string[]) =>
    entrance(['setup', ...words], { cwd: place.folder, env: { ...place.env, ...trust } })

  const credential = ['--credential', `managed-identity:${identity.appId}`]
  const { code, stderr } = await setup('--yes', ...credential, '--subject', identity.id)
  assert.equal(code, 0, stderr)
  assert.deepEqual(place.applications()[0]?.passwordCredentials, [])
  assert.equal(place.dotEnv().ENTRANCE_CREDENTIAL, `managed-identity:${identity.appId}`)
  // Azure's endpoint for identities is on the machine itself, without TLS.
  const machine = createServer(async (request, response) => {
    const header = String(request.headers['x-identity-header'])
    const url = `${place.emulator.origin}${request.url}`
    const answer = await fetch(url, { headers: { 'X-IDENTITY-HEADER': header } })
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(await answer.text())
  })
  await once(machine.listen(0, '127.0.0.1'), 'listening')
  t.after(() => machine.close())
  const { port } = machine.address() as AddressInfo
  const env = {
    ...trust,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
    IDENTITY_HEADER: SEED.identityHeader,
  }
  await using server = await startServe({ folder: place.folder, args: [], env })
  const { client, tokens } = await signIn(server.url)
  await addExpense(client, tokens.access_token)
  assert.match((await setup()).stderr, /nothing to do/)
})

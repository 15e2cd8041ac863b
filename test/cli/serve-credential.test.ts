import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SEED, startEmulator } from '../../src/emulator/emulator.ts'
import { addManagedIdentity, secretless, uploadCertificate } from '../support/credentials.ts'
import { json, signIn } from '../support/oauth-client.ts'
import { startServe } from '../support/serve.ts'

async function startEntra(t: TestContext) {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  return { emulator, application: secretless(emulator) }
}

/** Signs in and refreshes with the command, against an Entra that knows no secret. */
async function signInWith(
  t: TestContext,
  entra: Awaited<ReturnType<typeof startEntra>>,
  env: Record<string, string>,
) {
  const server = await startServe({
    args: [],
    env: {
      ENTRANCE_AUTHORITY: entra.emulator.origin,
      AZURE_TENANT_ID: SEED.tenantId,
      ENTRA_PROXY_AZURE_CLIENT_ID: SEED.clientId,
      ...env,
    },
  })
  t.after(() => server.stop())
  entra.application.web.redirectUris = [`${server.url}/auth/callback`]
  const { client, client_id, tokens } = await signIn(server.url)
  await json(await client.refresh(client_id, tokens.refresh_token))
}

test('serve signs in with a certificate in a file, and leaves a secret that is set unused', async (t) => {
  const entra = await startEntra(t)
  const { cert, key } = await uploadCertificate(entra.application)
  const folder = mkdtempSync(join(tmpdir(), 'entrance-pem-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'entra.pem'), cert + key, { mode: 0o600 })
  await signInWith(t, entra, {
    ENTRANCE_CREDENTIAL: `certificate:${join(folder, 'entra.pem')}`,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a secret from before',
  })
})

test('serve signs in with the managed identity that Azure tells it of', async (t) => {
  const entra = await startEntra(t)
  const clientId = addManagedIdentity(entra.emulator, entra.application)
  await signInWith(t, entra, {
    ENTRANCE_CREDENTIAL: `managed-identity:${clientId}`,
    IDENTITY_ENDPOINT: `${entra.emulator.origin}/msi/token`,
    IDENTITY_HEADER: SEED.identityHeader,
  })
})

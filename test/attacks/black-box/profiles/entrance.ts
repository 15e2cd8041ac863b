import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServe } from '../../../support/serve.ts'
import type { Entra } from '../entra.ts'
import { findFreePort, type Product, type Profile } from './profile.ts'

/** `entrance serve`, as it is built. */
export const entrance: Profile = {
  id: 'entrance',
  name: 'Entrance',
  note: '`entrance serve` as it is built, with its defaults and the three Entra variables.',
  start,
}

async function start({ emulator, origin, certificateFile }: Entra): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-attacked-'))
  const port = await findFreePort()
  const url = `http://localhost:${port}`
  const [application] = emulator.directory.applications
  if (application) application.web.redirectUris = [`${url}/auth/callback`]
  const { clientId, clientSecret } = emulator.application
  const env = {
    PORT: String(port),
    ENTRA_PROXY_AZURE_CLIENT_ID: clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: clientSecret,
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRANCE_AUTHORITY: origin,
    NODE_EXTRA_CA_CERTS: certificateFile,
  }
  const run = () => startServe({ folder, env, args: [] })
  let serve = await run()
  return {
    version: readVersion(),
    mcpUrl: `${url}/mcp`,
    get pid() {
      return serve.pid
    },
    folder,
    restart: async () => {
      await serve.stop()
      serve = await run()
    },
    [Symbol.asyncDispose]: async () => {
      await serve.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function readVersion(): string {
  const manifest = join(import.meta.dirname, '..', '..', '..', '..', 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

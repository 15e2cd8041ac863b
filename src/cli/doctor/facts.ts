import { loginHost } from '../../core/clouds.ts'
import { SEED } from '../../emulator/seed.ts'
import { findServeProblems } from '../commands/serve.ts'
import { type Environment, resolveServeSettings, type ServeSettings } from '../env.ts'
import type { EntraFacts, Facts } from './check.ts'

/** Reads `.env` and variables as `serve` does; `publicUrl` is a deployment to look at. */
export function readFacts(env: Environment, publicUrl?: string): Facts {
  const { AZURE_TENANT_ID, ENTRA_PROXY_AZURE_CLIENT_ID } = env
  const isPublic = publicUrl !== undefined
  // A deployment is not the try-out of this clone.
  const settings = isPublic
    ? resolveServeSettings({ url: publicUrl }, { ...env, ENTRANCE_CLONE: undefined })
    : resolveServeSettings({}, env)
  return {
    settings,
    problems: findServeProblems(settings),
    url: settings.url ?? `http://localhost:${settings.port}`,
    isPublic,
    isUnconfigured: [AZURE_TENANT_ID, ENTRA_PROXY_AZURE_CLIENT_ID].every((value) => !value),
    entra: toEntraFacts(settings),
  }
}

function toEntraFacts({ entra, emulatorPort }: ServeSettings): EntraFacts {
  if (entra === 'emulator') {
    const { tenantId, clientId, clientSecret } = SEED
    const authority = `http://localhost:${emulatorPort}`
    const credential = { kind: 'secret', secret: clientSecret } as const
    return { authority, tenantId, clientId, credential, isEmulator: true }
  }
  const { tenantId, clientId, credential } = entra
  const authority = loginHost(entra.authority ?? 'public')
  return { authority, tenantId, clientId, credential, isEmulator: false }
}

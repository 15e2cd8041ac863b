// `entrance serve` as it is built, and refreshes of its people.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary } from '../../scripts/setup.js'
import { start } from '../kit/process.ts'
import { MEASURED } from '../kit/processors.ts'
import type { EmulatorProcess } from './emulator.ts'
import { COMMAND } from './programs.ts'

export type ServeOptions = {
  readonly emulator: EmulatorProcess
  /** The master key. */
  readonly secret: string
  /** As `ENTRANCE_STORE` names it. @default SQLite in its own folder */
  readonly store?: string
  readonly port: number
  /** What people know it by. @default its own address */
  readonly url?: string
  /** Where its own folder is made. */
  readonly folder: string
  /** The processor that it is kept to. @default that of what is measured */
  readonly cpu?: number
  /** Other variables. */
  readonly env?: Readonly<Record<string, string>>
}

export type Serving = AsyncDisposable & {
  readonly pid: number
  /** Where it is, by its port. */
  readonly address: string
}

/** Starts it; gives it when it is ready. */
export async function startServing(options: ServeOptions): Promise<Serving> {
  const { emulator, port, secret, store, cpu = MEASURED } = options
  const address = `http://localhost:${port}`
  const { pid, stop } = await start(
    {
      command: nodeBinary(),
      args: [COMMAND, 'serve'],
      cwd: mkdtempSync(join(options.folder, 'serve-')),
      env: {
        ...{ PORT: String(port), ENTRANCE_URL: options.url ?? address },
        ...{ ENTRANCE_SECRET: secret, ...(store && { ENTRANCE_STORE: store }) },
        ...{ ENTRANCE_AUTHORITY: emulator.authority, AZURE_TENANT_ID: emulator.tenantId },
        ENTRA_PROXY_AZURE_CLIENT_ID: emulator.clientId,
        ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.clientSecret,
        ...options.env,
      },
      cpu,
    },
    async () => (await fetch(`${address}/health`)).ok,
  )
  return { pid, address, [Symbol.asyncDispose]: stop }
}

export type Renewed = { readonly access_token: string; readonly refresh_token: string }

/** Renews a sign-in; throws where it is refused. */
export async function renew(
  url: string,
  client_id: string,
  refresh_token: string,
): Promise<Renewed> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    ...{ client_id, refresh_token, resource: `${url}/mcp` },
  })
  const response = await fetch(`${url}/token`, { method: 'POST', body })
  if (response.ok) return (await response.json()) as Renewed
  throw new Error(`A refresh was refused (${response.status}): ${await response.text()}`)
}

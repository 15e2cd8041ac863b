import { existsSync } from 'node:fs'
import { SEED } from '../../emulator/seed.ts'
import {
  createEntrance,
  type Entrance,
  type Observer,
  type Operator,
  type Store,
} from '../../index.ts'
import { commandActor, openCommandAudit } from '../command-audit.ts'
import { checkSettings, toOptions } from '../commands/serve.ts'
import { environment, resolveServeSettings, type ServeOptions, type ServeSettings } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

/** Which store, and of which server. */
export type StoreOptions = Pick<ServeOptions, 'data' | 'store' | 'emulator'>

/** With the settings of `serve`: what the server can read, and nothing else, is read here. */
export async function onStore(
  options: StoreOptions,
  { note }: Pick<Terminal, 'note'>,
  work: (operator: Operator) => Promise<void>,
): Promise<void> {
  const settings = readSettings(options)
  checkStoreIsThere(settings)
  const audit = await openCommandAudit(settings, note)
  const { entrance } = await openServer(settings, audit.observers)
  try {
    await entrance.ready()
    await work(entrance.operator.as(commandActor()))
  } finally {
    await entrance.close()
    await audit.close()
  }
}

/** The settings of `serve`. Throws `ConfigError` with all that is wrong with them. */
export function readSettings({ data, store, emulator }: StoreOptions): ServeSettings {
  const given = {
    ...(data !== undefined && { data }),
    ...(store !== undefined && { store }),
    ...(emulator !== undefined && { emulator }),
  }
  const settings = resolveServeSettings(given, environment())
  checkSettings(settings)
  return settings
}

/** What `serve` would run, with its keys and on its store; nothing is started. */
export async function openServer(
  settings: ServeSettings,
  observers: readonly Observer[] = [],
): Promise<{ readonly entrance: Entrance; readonly store: Store }> {
  const url = settings.url ?? `http://localhost:${settings.port}`
  const asked = await toOptions(url, settings, emulatorOf(settings), () => {})
  const entrance = createEntrance({ ...asked, observers, clientDocuments: 'off' })
  return { entrance, store: asked.store as Store }
}

/** To make an empty one would answer every question, and wrongly. */
export function checkStoreIsThere({ store }: Pick<ServeSettings, 'store'>): void {
  if (store.kind !== 'sqlite' || existsSync(store.path)) return
  throw new CommandError(`There is no store at ${store.path}.`, {
    cure: 'Run this where the server runs, or name its folder with --data or its store with --store.',
  })
}

/** What a server's emulator is known by; it need not run. */
function emulatorOf({ entra, emulatorPort }: ServeSettings) {
  if (entra !== 'emulator') return undefined
  const { tenantId, clientId, clientSecret } = SEED
  const origin = `http://localhost:${emulatorPort}`
  return { tenantId, origin, application: { clientId, clientSecret } }
}

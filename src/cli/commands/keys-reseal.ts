import { createEntrance } from '../../index.ts'
import { audited } from '../command-audit.ts'
import { environment, resolveServeSettings } from '../env.ts'
import { UsageError } from '../exit-codes.ts'
import { checkStoreIsThere } from '../operator/on-store.ts'
import type { Terminal } from '../terminal.ts'
import type { KeysOptions } from './keys.ts'
import { checkSettings, toOptions } from './serve.ts'

/**
 * `entrance keys reseal`: what the store holds under former keys is sealed under the current one,
 * while servers go on. Retiring a key then ends what cannot be moved only: registrations under it.
 */
export async function resealKeys(options: KeysOptions, terminal: Terminal): Promise<void> {
  const { data, store } = options
  const settings = resolveServeSettings(
    { ...(data !== undefined && { data }), ...(store !== undefined && { store }) },
    environment(),
  )
  if (settings.entra === 'emulator') {
    throw new UsageError(
      'Records are sealed for one app registration, and the emulator is none that is known here.',
      'Set the Entra variables of the server whose store it is.',
    )
  }
  checkSettings(settings)
  checkStoreIsThere(settings)
  const url = settings.url ?? `http://localhost:${settings.port}`
  const entrance = createEntrance(await toOptions(url, settings, undefined, () => {}))
  try {
    await entrance.ready()
    const event = { event: 'operator.records_resealed' } as const
    const { moved, left } = await audited(event, () => entrance.reseal())
    if (options.json) return terminal.out(JSON.stringify({ moved, left }))
    terminal.out(`Sealed ${moved} records under the current key.`)
    if (left > 0) terminal.note(`${left} are left: of another app registration, or just changed.`)
  } finally {
    await entrance.close()
  }
}

import { existsSync } from 'node:fs'
import { type OperatorOptions, show } from '../operator/connect.ts'
import { readStoreSettings, withOpenStore } from '../operator/store-access.ts'
import type { Terminal } from '../terminal.ts'

/**
 * `entrance store migrate`: brings the schema up to date, which a start does as well; replicas may
 * run meanwhile, and another one may do the same.
 */
export async function storeMigrate(options: OperatorOptions, terminal: Terminal): Promise<void> {
  const settings = readStoreSettings(options)
  // A file has its schema from when it is made, which is not done here.
  if (settings.kind === 'sqlite' && !existsSync(settings.path)) {
    const told = `Nothing to do: sqlite:${settings.path} is made at the first start.`
    return show({ store: `sqlite:${settings.path}` }, options, terminal, () => terminal.out(told))
  }
  await withOpenStore(settings, async (store) => {
    const before = (await store.inspect?.())?.schema
    await store.connect()
    const after = (await store.inspect?.())?.schema
    const told =
      before === after
        ? `Nothing to do: ${store.name} is as this release needs it.`
        : `Brought the schema of ${store.name} from version ${before} to ${after}.`
    show({ store: store.name, before, after }, options, terminal, () => terminal.out(told))
  })
}

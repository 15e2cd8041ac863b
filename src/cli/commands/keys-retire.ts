import { keyIdOf } from '../../core/keys/keyring.ts'
import { forgetStoreKey, storeKeyIds } from '../../core/store-keys.ts'
import type { Store } from '../../index.ts'
import { audited } from '../command-audit.ts'
import { dataFolder, environment } from '../env.ts'
import { Interrupted, UsageError } from '../exit-codes.ts'
import { removeFromKeyFile } from '../key-file.ts'
import { type KeyList, type ListedKey, readKeyList } from '../key-list.ts'
import { countKeyUse, describeUse, type KeyUse, withStore } from '../key-use.ts'
import { confirm } from '../prompt.ts'
import { commandName, type Terminal } from '../terminal.ts'
import type { KeysOptions } from './keys.ts'

/**
 * `entrance keys retire`: a former key is recognised no more. What depends on it ends, which is said
 * first, in numbers where they can be known.
 */
export async function retireKey(
  id: string,
  options: KeysOptions & { yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const list = await readKeyList(options)
  const key = list.keys.find((each) => each.id === id)
  if (!key) return forgetLostKey(id, list, options, terminal)
  checkRetirable(key, terminal)
  const use = await withStore(options, async (store) => (await countKeyUse(store)).get(id))
  if (!options.json) tellWhatEnds(key, use, terminal)
  await confirmed(`Retire the key ${id}?`, options, terminal)
  const step = await audited({ event: 'operator.key_retired', key: id }, async () => {
    const left = takeOut(id, list, options)
    await withStore(options, (store) => forgetStoreKey(id, store))
    return left
  })
  if (options.json) {
    const { grants = 0, consents = 0, clients = 0, claims = 0 } = use ?? {}
    terminal.out(JSON.stringify({ retired: id, uses: { grants, consents, clients, claims }, step }))
    return
  }
  terminal.out(step ?? `Retired the key ${id}. Running servers let it go within seconds.`)
}

function checkRetirable({ id, use }: ListedKey, terminal: Terminal): void {
  if (use !== 'current') return
  throw new UsageError(
    `${id} is the key that things are made with: without it everybody would have to sign in anew.`,
    `First put another in its place: ${commandName(terminal.env)} keys rotate`,
  )
}

function tellWhatEnds({ id, use }: ListedKey, uses: KeyUse | undefined, terminal: Terminal): void {
  if (use === 'coming') {
    terminal.note(`Nothing has been made with the key ${id} yet.`)
    return
  }
  terminal.note(`With the key ${id} ends what was made with it and not renewed since:`)
  terminal.note(`  in the store: ${describeUse(uses, 'nothing')}`)
  terminal.note('  access tokens that have not expired; their clients renew them by themselves')
  terminal.note('  registrations of clients under it, which nobody can count: they register again,')
  terminal.note('  and their people sign in again. Configured clients and those with a document of')
  terminal.note('  their own are not concerned.')
  terminal.note(
    'The longer ago the rotation, the less it is: each sign-in moves on when it is renewed.',
  )
}

/** Takes it out of the file; of what is not ours to write, gives the step that does it. */
function takeOut(id: string, list: KeyList, options: KeysOptions): string | undefined {
  const isGone = ({ secret }: { secret: string }) => keyIdOf(secret) === id
  if (list.kind === 'file') {
    removeFromKeyFile(dataFolder(options.data, environment()), isGone)
    return undefined
  }
  if (list.kind === 'variable') {
    const rest = list.masters.filter((key) => !isGone(key)).map(({ secret }) => secret)
    return `Set ENTRANCE_SECRET to this value on every replica, and restart it:\n\n${rest.join(',')}\n`
  }
  const made = list.masters.toReversed().findIndex(isGone) + 1
  return `Disable version ${made} of ${list.source}, the oldest enabled one being 1: az keyvault secret set-attributes --id VERSION --enabled false`
}

/** A key that nobody has any more, and that the store waits for: then it waits no longer. */
async function forgetLostKey(
  id: string,
  { keys, source }: KeyList,
  options: KeysOptions & { yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const isNamed = await withStore(options, async (store) => (await storeKeyIds(store)).includes(id))
  if (!isNamed) {
    const known = keys.map((key) => key.id).join(', ') || 'none'
    throw new UsageError(`There is no key ${id.slice(0, 40)}. Those of ${source}: ${known}.`)
  }
  const use = await withStore(options, async (store: Store) => (await countKeyUse(store)).get(id))
  if (!options.json) {
    terminal.note(`The key ${id} is not here. The store was written with it: ${describeUse(use)}.`)
    terminal.note('Without it that cannot be read, and its people sign in again.')
  }
  await confirmed(`Give up the key ${id}?`, options, terminal)
  await audited({ event: 'operator.key_retired', key: id }, () =>
    withStore(options, (store) => forgetStoreKey(id, store)),
  )
  const told = `Gave up the key ${id}: servers without it start again.`
  terminal.out(options.json ? JSON.stringify({ retired: id, uses: use }) : told)
}

async function confirmed(
  question: string,
  { yes }: { yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  if (yes) return
  if (!terminal.isInteractive) {
    throw new UsageError('Nobody is there to ask. Nothing has been changed.', 'Give --yes as well.')
  }
  if (await confirm(question, terminal)) return
  throw new Interrupted()
}

import { keyIdOf } from '../../core/keys/keyring.ts'
import { audited } from '../command-audit.ts'
import { checkDataFolder } from '../data-folder.ts'
import { dataFolder, environment } from '../env.ts'
import { createKey, keyFilePath, rotateKeyFile } from '../key-file.ts'
import { type KeyList, type ListedKey, readKeyList } from '../key-list.ts'
import { countKeyUse, describeUse, type KeyUse, withStore } from '../key-use.ts'

export type KeysOptions = { data?: string; store?: string; json?: boolean }

/** The overlap in seconds: a server looks every two seconds, and clocks differ. */
const OVERLAP = 120

/** `entrance keys list`: the master keys by id, and what depends on each; never the keys. */
export async function listKeys(options: KeysOptions): Promise<void> {
  const { keys, source } = await readKeyList(options)
  const uses = keys.length > 0 ? await withStore(options, countKeyUse) : undefined
  if (options.json) {
    const listed = keys.map((key) => ({ ...key, ...(uses && { uses: useOf(key, uses) }) }))
    return print(JSON.stringify({ source, keys: listed }))
  }
  if (keys.length === 0) return print(`No keys yet: ${source} is made at the first start.`)
  print(`Master keys of ${source}, the newest first:`)
  for (const key of keys) print(toLine(key, uses))
  if (keys.some(({ use }) => use === 'former')) {
    note('Besides, applications depend on the key that they registered under; nothing of them is')
    note('stored, so they cannot be counted. Retiring that key has them register again.')
  }
}

/**
 * `entrance keys rotate`: a new key makes what is made, after an overlap in which every server gets
 * to know it; the former ones go on being recognised, so nobody has to sign in or register again.
 */
export async function rotateKeys(options: KeysOptions & { in?: number }): Promise<void> {
  const before = await readKeyList(options)
  if (before.kind === 'variable') return printSteps(before, options)
  if (before.kind === 'vault') return printVaultStep(before, options)
  const data = dataFolder(options.data, environment())
  checkDataFolder(data)
  await audited({ event: 'operator.key_rotated' }, async () =>
    rotateKeyFile(data, options.in ?? OVERLAP),
  )
  const { keys } = await readKeyList(options)
  if (options.json) return print(JSON.stringify({ source: keyFilePath(data), keys }))
  const [made, ...others] = keys
  print(`Made the key ${made?.id} in ${keyFilePath(data)}.`)
  if (others.length === 0) return
  print(`Running servers take it up by themselves, and use it from ${made?.activeFrom} on.`)
  print(`${others.length === 1 ? 'The one before it stays' : `The ${others.length} before it stay`}: registrations and sign-ins stay good.`)
}

/**
 * A variable is not ours to write, so the new key is shown, the one time that one is. Two steps:
 * a replica that already makes with it must not meet one that does not know it.
 */
async function printSteps({ source, masters, keys }: KeyList, options: KeysOptions): Promise<void> {
  const { secret } = createKey()
  const secrets = masters.map((key) => key.secret)
  const steps = [[...secrets, secret].join(','), [secret, ...secrets].join(',')]
  const all = [{ id: keyIdOf(secret), use: 'coming' }, ...keys]
  if (options.json) return print(JSON.stringify({ source, keys: all, steps }))
  print('The keys are in ENTRANCE_SECRET, which is yours to set, in two steps:\n')
  print('1. On every replica, one after the other. The new key is recognised from then on:\n')
  print(`${steps[0]}\n`)
  print(
    '2. When all have it, on every replica again. The new key makes what is made from then on:\n',
  )
  print(`${steps[1]}\n`)
}

/** This server may read the vault; whoever rotates may write it. */
async function printVaultStep(
  { source, keys, vault }: KeyList,
  options: KeysOptions,
): Promise<void> {
  const name = new URL(vault?.origin ?? '').hostname.split('.')[0]
  const step = `az keyvault secret set --vault-name ${name} --name ${vault?.name} --value "$(openssl rand -base64 32)" --output none`
  if (options.json) return print(JSON.stringify({ source, keys, steps: [step] }))
  print('A new version of the secret is the new key. Running servers recognise it within a minute,')
  print(`and use it five minutes after it was made:\n\n${step}\n`)
}

function useOf({ id }: ListedKey, uses: ReadonlyMap<string, KeyUse>): KeyUse {
  return uses.get(id) ?? { grants: 0, consents: 0, clients: 0, claims: 0 }
}

function toLine(key: ListedKey, uses: ReadonlyMap<string, KeyUse> | undefined): string {
  const { id, use, createdAt, activeFrom } = key
  const made = createdAt ? `made ${createdAt.slice(0, 10)}` : ''
  const when = use === 'coming' ? `used from ${activeFrom} on` : ''
  const depends = use === 'former' && uses ? describeUse(uses.get(id)) : ''
  return `  ${[id, use.padEnd(7), made, when, depends].filter(Boolean).join('  ')}`.trimEnd()
}

/** What is said about the result. */
function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

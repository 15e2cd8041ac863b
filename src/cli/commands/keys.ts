import { createKeyring, keyIdOf, type MasterKey } from '../../core/keys/keyring.ts'
import { checkDataFolder } from '../data-folder.ts'
import { dataFolder, environment, secretsOf } from '../env.ts'
import { createKey, keyFilePath, readKeyFile, rotateKeyFile, type StoredKey } from '../key-file.ts'
import { toMasterKeys } from '../key-source.ts'

export type KeysOptions = { data?: string; json?: boolean }

/** The overlap in seconds: a server looks every two seconds, and clocks differ. */
const OVERLAP = 120

type ListedKey = {
  readonly id: string
  /** What it does now: makes, will make, or is recognised. */
  readonly use: 'coming' | 'current' | 'former'
  readonly createdAt?: string | undefined
  /** From when on it makes; absent: from the start. */
  readonly activeFrom?: string | undefined
}

/** `entrance keys list`: the master keys by id; never the keys themselves. */
export async function listKeys(options: KeysOptions): Promise<void> {
  const { keys, source } = readKeys(options)
  if (options.json) return print(JSON.stringify({ source, keys }))
  if (keys.length === 0) return print(`No keys yet: ${source} is made at the first start.`)
  print(`Master keys of ${source}, the newest first:`)
  for (const key of keys) print(toLine(key))
}

/**
 * `entrance keys rotate`: a new key makes what is made, after an overlap in which every server gets
 * to know it; the former ones go on being recognised, so nobody has to sign in or register again.
 */
export async function rotateKeys(options: KeysOptions & { in?: number }): Promise<void> {
  const secrets = secretsOf(environment())
  if (secrets.length > 0) {
    printSteps(secrets, options)
    return
  }
  const data = dataFolder(options.data, environment())
  checkDataFolder(data)
  const seconds = options.in ?? OVERLAP
  const keys = toList(rotateKeyFile(data, seconds))
  if (options.json) return print(JSON.stringify({ source: keyFilePath(data), keys }))
  const [made, ...others] = keys
  print(`Made the key ${made?.id} in ${keyFilePath(data)}.`)
  if (others.length === 0) return
  print(`Running servers take it up by themselves, and use it from ${made?.activeFrom} on.`)
  print(`The ${others.length} before it stay: registrations and sign-ins stay good.`)
}

function readKeys(options: KeysOptions): { source: string; keys: ListedKey[] } {
  const secrets = secretsOf(environment())
  if (secrets.length > 0) {
    return { source: 'ENTRANCE_SECRET', keys: toList(secrets.map((secret) => ({ secret }))) }
  }
  const data = dataFolder(options.data, environment())
  checkDataFolder(data)
  return { source: keyFilePath(data), keys: toList(readKeyFile(data) ?? []) }
}

/**
 * A variable is not ours to write, so the new key is shown, the one time that one is. Two steps:
 * a replica that already makes with it must not meet one that does not know it.
 */
function printSteps(secrets: readonly string[], options: KeysOptions): void {
  const { secret } = createKey()
  const steps = [[...secrets, secret].join(','), [secret, ...secrets].join(',')]
  const keys = toList([secret, ...secrets].map((each) => ({ secret: each })))
  if (options.json) {
    print(JSON.stringify({ source: 'ENTRANCE_SECRET', keys, steps }))
    return
  }
  print('The keys are in ENTRANCE_SECRET, which is yours to set, in two steps:\n')
  print('1. On every replica, one after the other. The new key is recognised from then on:\n')
  print(`${steps[0]}\n`)
  print(
    '2. When all have it, on every replica again. The new key makes what is made from then on:\n',
  )
  print(`${steps[1]}\n`)
}

function toList(stored: readonly (StoredKey | { secret: string })[]): ListedKey[] {
  if (stored.length === 0) return []
  const masters: readonly MasterKey[] = toMasterKeys(
    stored.map((key) => ({ createdAt: '', ...key })),
  )
  const { current } = createKeyring(masters)
  return stored.map((key, i) => {
    const id = keyIdOf(key.secret)
    const isComing = (masters[i]?.activeFrom ?? 0) > Date.now()
    const use = id === current.id ? 'current' : isComing ? 'coming' : 'former'
    return 'createdAt' in key
      ? { id, use, createdAt: key.createdAt, activeFrom: key.activeFrom }
      : { id, use }
  })
}

function toLine({ id, use, createdAt, activeFrom }: ListedKey): string {
  const made = createdAt ? `made ${createdAt.slice(0, 10)}` : ''
  const when = use === 'coming' ? `used from ${activeFrom} on` : ''
  return `  ${id}  ${use.padEnd(7)}  ${made}  ${when}`.trimEnd()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

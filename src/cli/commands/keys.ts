import { keyIdOf } from '../../core/keys/keyring.ts'
import { checkDataFolder } from '../data-folder.ts'
import { dataFolder, environment, secretsOf } from '../env.ts'
import { createKey, keyFilePath, readKeyFile, rotateKeyFile } from '../key-file.ts'

export type KeysOptions = { data?: string; json?: boolean }

type ListedKey = {
  readonly id: string
  readonly use: 'current' | 'former'
  readonly createdAt: string | undefined
}

/** `entrance keys list`: the master keys by id; never the keys themselves. */
export async function listKeys(options: KeysOptions): Promise<void> {
  const { keys, source } = readKeys(options)
  if (options.json) return print(JSON.stringify({ source, keys }))
  if (keys.length === 0) return print(`No keys yet: ${source} is made at the first start.`)
  print(`Master keys of ${source}, the current one first:`)
  for (const { id, use, createdAt } of keys) {
    print(
      `  ${id}  ${use.padEnd(7)}  ${createdAt ? `made ${createdAt.slice(0, 10)}` : ''}`.trimEnd(),
    )
  }
}

/**
 * `entrance keys rotate`: a new key makes what is made from now on; the former ones go on being
 * recognised, so nobody has to sign in or register again.
 */
export async function rotateKeys(options: KeysOptions): Promise<void> {
  const secrets = secretsOf(environment())
  if (secrets.length > 0) return printRotated(secrets, options)
  const data = dataFolder(options.data, environment())
  checkDataFolder(data)
  const keys = rotateKeyFile(data).map((key, i) => listed(key.secret, i, key.createdAt))
  if (options.json) return print(JSON.stringify({ source: keyFilePath(data), keys }))
  print(`Made the key ${keys[0]?.id} in ${keyFilePath(data)}. Restart the server to use it.`)
  if (keys.length > 1)
    print(`Kept ${keys.length - 1} former: registrations and sign-ins stay good.`)
}

function readKeys(options: KeysOptions): { source: string; keys: ListedKey[] } {
  const secrets = secretsOf(environment())
  if (secrets.length > 0) {
    return { source: 'ENTRANCE_SECRET', keys: secrets.map((secret, i) => listed(secret, i)) }
  }
  const data = dataFolder(options.data, environment())
  checkDataFolder(data)
  const keys = readKeyFile(data) ?? []
  const list = keys.map((key, i) => listed(key.secret, i, key.createdAt))
  return { source: keyFilePath(data), keys: list }
}

/** A variable is not ours to write, so the new value is shown: the one time that a key is. */
function printRotated(secrets: readonly string[], options: KeysOptions): void {
  const { secret } = createKey()
  const value = [secret, ...secrets].join(',')
  const keys = [secret, ...secrets].map((each, i) => listed(each, i))
  print(
    options.json
      ? JSON.stringify({ source: 'ENTRANCE_SECRET', keys, value })
      : `The keys are in ENTRANCE_SECRET. Set it to this value and restart every replica:\n\n${value}\n`,
  )
}

function listed(secret: string, index: number, createdAt?: string): ListedKey {
  return { id: keyIdOf(secret), use: index === 0 ? 'current' : 'former', createdAt }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

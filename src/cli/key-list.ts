import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import { createKeyring, keyIdOf, type MasterKey } from '../core/keys/keyring.ts'
import { checkDataFolder } from './data-folder.ts'
import { dataFolder, environment, resolveServeSettings, secretsOf } from './env.ts'
import { keyFilePath, readKeyFile } from './key-file.ts'
import { toMasterKeys } from './key-source.ts'
import { resolveKeyVault, type VaultAddress } from './key-vault.ts'

/** A master key as the commands show it: never the key itself. */
export type ListedKey = {
  readonly id: string
  /** What it does now: makes, will make, or is recognised. */
  readonly use: 'coming' | 'current' | 'former'
  readonly createdAt?: string | undefined
  /** From when on it makes; absent: from the start. */
  readonly activeFrom?: string | undefined
}

/** The master keys, wherever they are; the newest first. */
export type KeyList = {
  readonly kind: 'file' | 'variable' | 'vault'
  /** What a person knows the place by. */
  readonly source: string
  readonly masters: readonly MasterKey[]
  readonly keys: readonly ListedKey[]
  readonly vault?: VaultAddress
}

/** Reads the keys where `serve` would read them; makes none. */
export async function readKeyList(options: { data?: string }): Promise<KeyList> {
  const env = environment()
  const problems: ConfigProblem[] = []
  const vault = resolveKeyVault(env.ENTRANCE_SECRET, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  if (vault) return readVault(vault, options)
  const secrets = secretsOf(env)
  if (secrets.length > 0) {
    const masters = secrets.map((secret) => ({ secret }))
    return { kind: 'variable', source: 'ENTRANCE_SECRET', masters, keys: toListed(masters) }
  }
  const data = dataFolder(options.data, env)
  checkDataFolder(data)
  const stored = readKeyFile(data) ?? []
  const masters = toMasterKeys(stored)
  const keys = toListed(masters).map((key, i) => ({ ...key, createdAt: stored[i]?.createdAt }))
  return { kind: 'file', source: keyFilePath(data), masters, keys }
}

async function readVault(vault: VaultAddress, options: { data?: string }): Promise<KeyList> {
  const settings = resolveServeSettings(options, environment())
  if (settings.problems.length > 0) throw new ConfigError(settings.problems)
  const { openKeyVault } = await import('./open-keys.ts')
  const { keys: masters } = await openKeyVault(vault, settings.entra, () => {})
  const source = `${vault.origin}/secrets/${vault.name}`
  return { kind: 'vault', source, masters, keys: toListed(masters), vault }
}

function toListed(masters: readonly MasterKey[]): readonly ListedKey[] {
  if (masters.length === 0) return []
  const { current } = createKeyring(masters)
  return masters.map(({ secret, activeFrom }) => {
    const id = keyIdOf(secret)
    const isComing = (activeFrom ?? 0) > Date.now()
    const use = id === current.id ? 'current' : isComing ? 'coming' : 'former'
    return { id, use, ...(activeFrom && { activeFrom: new Date(activeFrom).toISOString() }) }
  })
}

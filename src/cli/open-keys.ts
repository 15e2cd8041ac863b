import { setTimeout } from 'node:timers/promises'
import { loginHost } from '../core/clouds.ts'
import { createCredential } from '../core/entra/credentials/credential.ts'
import { ConfigError } from '../core/errors.ts'
import type { EntranceOptions, KeySource } from '../index.ts'
import type { Log } from '../log.ts'
import type { EntraSettings, ServeSettings } from './env.ts'
import { CommandError } from './exit-codes.ts'
import { fileKeySource } from './key-source.ts'
import { keyVaultSource, type VaultAddress } from './key-vault.ts'
import { createVaultApi } from './key-vault-api.ts'

/** The master keys of the settings: of the variable, of a vault, or of the data folder's file. */
export async function openKeys(
  { secrets, keyVault, entra, data }: ServeSettings,
  log: Log,
): Promise<EntranceOptions['secret']> {
  if (keyVault) return openKeyVault(keyVault, entra, log)
  return secrets.length > 0 ? secrets : fileKeySource(data)
}

/** Read as the app registration itself, with whatever proves to Entra that this server is it. */
export async function openKeyVault(
  address: VaultAddress,
  entra: EntraSettings | 'emulator',
  log: Log,
): Promise<KeySource> {
  if (entra === 'emulator') throw new ConfigError([NO_ENTRA])
  const { clientId, credential } = entra
  const tenantId = entra.tenantId.trim().toLowerCase()
  const authority = loginHost(entra.authority ?? 'public')
  const config = { tenantId, clientId, authority, credential, identifierUri: '', prompt: '' }
  const api = createVaultApi(address, {
    clientId,
    tokenEndpoint: `${authority}/${tenantId}/oauth2/v2.0/token`,
    credential: createCredential({ entra: config, log }),
    fetch: globalThis.fetch,
  })
  try {
    return await keyVaultSource(api, setTimeout)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new CommandError(
      `The keys of ENTRANCE_SECRET cannot be had: ${(error as Error).message}`,
      {
        cure: `Check the address ${address.origin}, and that this machine reaches it and ${authority}; then start again. Keys of a vault are read before anything else.`,
        cause: error,
      },
    )
  }
}

/** The emulator's application is none of Azure's. */
export const NO_ENTRA = {
  option: 'ENTRANCE_SECRET',
  problem: 'names a key vault, and the emulator can vouch for nobody there.',
  cure: 'Leave it out to try the server on this machine, or set the three Entra variables.',
}

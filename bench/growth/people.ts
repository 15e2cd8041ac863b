// Sign-ins that can be renewed, as many as are wanted, of one that was made for them.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createGrants, type Grant, now } from '../../src/core/grants/grant.ts'
import type { Config } from '../../src/core/options.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { readGrantToken, writeGrantToken } from '../../src/core/tokens/grant-token.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { digestOf } from '../../test/support/fill-grants.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { signIn } from '../../test/support/oauth-client.ts'
import type { EmulatorProcess } from '../subjects/emulator.ts'
import { startServing } from '../subjects/serve.ts'

/** A sign-in that people made, and what others like it are made with. */
export type Pattern = {
  readonly secret: string
  readonly client_id: string
  readonly grant: Grant
}

const DAY = 86_400

/** Signs in once, as people do: of Entra's refresh token there is none but Entra's own. */
export async function signInOnce(emulator: EmulatorProcess, folder: string): Promise<Pattern> {
  const secret = randomBytes(32).toString('base64url')
  const path = join(folder, 'pattern.db')
  const place = { store: `sqlite:${path}`, folder, port: await fixedPort() }
  await using server = await startServing({ emulator, secret, ...place })
  const { client_id, tokens } = await signIn(server.address)
  const store = sqliteStore(path)
  try {
    const config = configOf(server.address, secret, emulator)
    const token = readGrantToken('refresh_token', tokens.refresh_token, config.binding)
    if (typeof token !== 'object') throw new Error('That is no refresh token of this server.')
    const held = await createGrants({ ...config, store }).find(token.grantId)
    if (!held) throw new Error('The grant of this sign-in is not in the store.')
    return { secret, client_id, grant: held.grant }
  } finally {
    await store.close()
  }
}

/** What a server of this address makes of its options, for whoever writes into its store. */
export function configOf(url: string, secret: string, emulator: EmulatorProcess): Config {
  const { tenantId, clientId, clientSecret, authority } = emulator
  const entra = { tenantId, clientId, clientSecret, authority }
  return resolveOptions({ url, secret, entra, store: memoryStore() })
}

/** A grant that differs from the pattern by its number, at another address; and its refresh token. */
export function likeIt({ grant }: Pattern, i: number, config: Config) {
  const { binding, keyring } = config
  const source = {
    grantId: digestOf(`renewed ${i}`).slice(0, 22),
    generation: 3,
    salt: digestOf(`salt of ${i}`).slice(0, 22),
  }
  const { grantId: id, generation, salt } = source
  const createdAt = now() - 2 * DAY
  const rotatedAt = now() - DAY
  const issuer = config.site.issuer
  const made: Grant = { ...grant, id, generation, salt, createdAt, rotatedAt, issuer }
  return {
    grant: made,
    refresh_token: writeGrantToken('refresh_token', source, keyring.current, binding),
  }
}

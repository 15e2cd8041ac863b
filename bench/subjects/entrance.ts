import { randomBytes } from 'node:crypto'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { createAccessTokens } from '../../src/core/tokens/access-token.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { signIn } from '../../test/support/oauth-client.ts'
import type { Run } from '../kit/part.ts'
import type { EmulatorProcess } from './emulator.ts'
import { startServing } from './serve.ts'
import type { Subject } from './subject.ts'
import { callOfTen } from './tool-call.ts'

export type EntranceSubject = Subject & {
  /** So many access tokens of the person of `call`, each another, as refreshes would give them. */
  tokens(count: number): string[]
}

/** Starts `entrance serve` as people run it, but for `env`, and has a person sign in. */
export async function startEntrance(
  run: Pick<Run, 'folder'>,
  emulator: EmulatorProcess,
  env: Readonly<Record<string, string>> = {},
): Promise<EntranceSubject> {
  const secret = randomBytes(32).toString('base64url')
  const place = { secret, port: await fixedPort(), folder: run.folder }
  const serving = await startServing({ emulator, env, ...place })
  const { pid, address: url } = serving
  const stop = () => serving[Symbol.asyncDispose]()
  try {
    const { tokens } = await signIn(url)
    const { access_token } = tokens
    return {
      ...{ name: 'Entrance', pid, url },
      call: await callOfTen(`${url}/mcp`, access_token),
      signIn: async (account = 'Alice') => {
        const { client_id, tokens } = await signIn(url, { account })
        return { client_id, ...tokens }
      },
      tokens: tokenMaker(url, secret, emulator, access_token),
      conditions: ['Entrance is `entrance serve` as it is built; SQLite for grants and expenses.'],
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The library's own issuing, under the same key: tens of thousands of refreshes would take minutes. */
function tokenMaker(url: string, secret: string, emulator: EmulatorProcess, given: string) {
  const { tenantId, clientId, clientSecret, authority } = emulator
  const entra = { tenantId, clientId, clientSecret, authority }
  const { keyring, binding, site, accessTokenTtl } = resolveOptions({
    url,
    secret,
    entra,
    store: memoryStore(),
  })
  const accessTokens = createAccessTokens({
    keyring,
    binding,
    audience: site.resource,
    issuers: new Set([site.issuer]),
    ttl: accessTokenTtl,
  })
  const { claims, user } = accessTokens.verify(given)
  const { iss, aud, client_id, scope, gid, gat, txn } = claims
  const grant = { iss, aud, client_id, scope, gid, ...(gat && { gat }), ...(txn && { txn }) }
  return (count: number) => Array.from({ length: count }, () => accessTokens.issue(grant, user))
}

import type { Client } from '../clients/client.ts'
import type { Params } from '../params.ts'
import { readGrantToken } from '../tokens/grant-token.ts'
import type { Grants } from './grant.ts'

/** The grant that a token request's code or refresh token names; not yet found to be genuine. */
export function presentedGrantId(params: Params, binding: string): string | undefined {
  for (const kind of ['code', 'refresh_token'] as const) {
    const read = readGrantToken(kind, params.get(kind) ?? '', binding)
    if (read && read !== 'foreign') return read.grantId
  }
  return undefined
}

/** Whether there is such a grant, and it is this client's. */
export async function isGrantOf(
  client: Client,
  grantId: string | undefined,
  grants: Grants,
): Promise<boolean> {
  const held = grantId === undefined ? undefined : await grants.find(grantId)
  return held?.grant.client.digest === client.digest
}

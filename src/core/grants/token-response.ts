import type { Client } from '../clients/client.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { AccessTokens } from '../tokens/access-token.ts'
import { writeGrantToken } from '../tokens/grant-token.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §5.1. */
export type TokenResponse = {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope: string
}

export type Issuing = {
  readonly accessTokens: AccessTokens
  readonly keyring: Keyring
  readonly binding: string
  readonly accessTokenTtl: number
  /** The audience of every access token (RFC 8707). */
  readonly resource: string
}

/** The tokens of the grant's current generation. */
export function issueTokens(grant: Grant, client: Client, issuing: Issuing): TokenResponse {
  const access_token = issuing.accessTokens.issue(
    {
      iss: grant.issuer,
      aud: issuing.resource,
      client_id: client.client_id,
      scope: grant.scope,
      gid: grant.id,
      gat: grant.createdAt,
      txn: grant.transaction,
    },
    grant.user,
  )
  const refresh_token = refreshTokenOf(grant, issuing)
  return {
    access_token,
    token_type: 'Bearer',
    expires_in: issuing.accessTokenTtl,
    ...(refresh_token && { refresh_token }),
    scope: grant.scope,
  }
}

/** Without Entra's refresh token there is nothing to renew with, and none is promised. */
function refreshTokenOf(grant: Grant, issuing: Issuing): string | undefined {
  const key = issuing.keyring.find(grant.keyId)
  if (!grant.entraRefreshToken || !key) return undefined
  const source = { grantId: grant.id, generation: grant.generation, salt: grant.salt }
  return writeGrantToken('refresh_token', source, key, issuing.binding)
}

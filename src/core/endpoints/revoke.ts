import { NO_STORE } from '../../http/responses.ts'
import { authenticateClient } from '../clients/client-authentication.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { type Grant, revokeGrant } from '../grants/grant.ts'
import { isGrantOf } from '../grants/presented-grant.ts'
import { readParams } from '../params.ts'
import type { Site } from '../site.ts'
import { isGenuine, readGrantToken } from '../tokens/grant-token.ts'

/**
 * Token revocation (RFC 7009), for public and confidential clients. A refresh token or an access
 * token ends its whole grant: the person signed in once, and signs out once.
 */
export async function revoke(request: Request, _site: Site, context: Context): Promise<Response> {
  const { config, grants, revocations } = context
  const params = await readParams(request)
  const token = params.get('token')
  const grantId = token === undefined ? undefined : grantIdOf(token, context)
  const client = await authenticateClient(request.headers.get('authorization'), params, {
    ...context,
    hasGrant: (client) => isGrantOf(client, grantId, grants),
  })
  if (token === undefined)
    throw new OAuthError('invalid_request', "The parameter 'token' is missing.")

  const held = grantId === undefined ? undefined : await grants.find(grantId)
  // RFC 7009 §2.2: an unknown token is as good as revoked.
  if (!held || !isOfToken(token, held.grant, context)) return done()
  // §2.1: another client's token is refused, and stays what it was.
  if (held.grant.client.digest !== client.digest) {
    throw new OAuthError('invalid_grant', 'The token was issued to another client.')
  }
  const ending = { reason: 'revoked by the client', message: 'The client revoked its grant.' }
  await revokeGrant(held, ending, { ...context, grants, revoked: revocations, log: config.log })
  return done()
}

function grantIdOf(token: string, context: Context): string | undefined {
  const read = readGrantToken('refresh_token', token, context.config.binding)
  if (read === 'foreign') return undefined
  return read?.grantId ?? findAccessToken(token, context)?.gid
}

function isOfToken(token: string, grant: Grant, context: Context): boolean {
  const { keyring, binding } = context.config
  const read = readGrantToken('refresh_token', token, binding)
  // An access token has been verified by its signature.
  if (read === undefined || read === 'foreign') return true
  return isGenuine('refresh_token', read, grant, keyring, binding)
}

/** RFC 7009 §2.1: what is no valid token of ours is no error either. */
function findAccessToken(token: string, context: Context) {
  try {
    return context.accessTokens.verify(token).claims
  } catch (error) {
    if (error instanceof OAuthError && error.code === 'invalid_token') return undefined
    throw error
  }
}

function done(): Response {
  return new Response(null, { status: 200, headers: NO_STORE })
}

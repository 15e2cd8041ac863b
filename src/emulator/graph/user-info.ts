import { pairwise } from '../tokens/claims.ts'
import { type GraphCall, ok, type Reply } from './graph-call.ts'
import { denied } from './graph-error.ts'

/** GET and POST /oidc/userinfo: the `sub` is the one of the client's id_token. */
export function getUserInfo({ caller, sts }: GraphCall): Reply {
  const { user, tenant, permissions, clientId } = caller
  if (!user) throw denied()
  const { displayName, givenName, surname, mail } = user
  return ok({
    sub: pairwise({ tenant, user }, clientId),
    ...(permissions.has('profile') && {
      name: displayName,
      ...(surname !== null && { family_name: surname }),
      ...(givenName !== null && { given_name: givenName }),
      picture: `${sts.origin}/v1.0/me/photo/$value`,
    }),
    ...(permissions.has('email') && mail !== null && { email: mail }),
  })
}

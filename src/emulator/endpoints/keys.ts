import { findAuthority, issuerOf } from '../authority.ts'
import type { Call } from '../call.ts'

/** GET /{tenant}/discovery/v2.0/keys: without `alg`, as Entra has it. */
export async function keys(call: Call): Promise<Response> {
  const issuer = issuerOf(call.sts.origin, findAuthority(call.sts.directory, call.segment))
  const signingKeys = await call.sts.signingKeys()
  const documents = signingKeys.map(({ kid, n, e, certificate }) => ({
    kty: 'RSA',
    use: 'sig',
    kid,
    x5t: kid,
    n,
    e,
    x5c: [certificate],
    cloud_instance_name: 'microsoftonline.com',
    issuer,
  }))
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': 'max-age=86400, private',
  }
  return Response.json({ keys: documents }, { headers })
}

import { json, PUBLIC } from '../../http/responses.ts'
import type { Context } from '../context.ts'
import type { Site } from '../site.ts'

/** The public keys of our access tokens (RFC 7517 §5). */
export function jwks(_request: Request, _site: Site, context: Context): Response {
  return json(context.accessTokens.jwks, 200, PUBLIC)
}

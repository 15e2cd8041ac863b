import { createHash, randomBytes } from 'node:crypto'
import { type CompactJWSHeaderParameters, CompactSign } from 'jose'
import type { Application } from '../directory.ts'
import { GRAPH_APP_ID } from '../microsoft-graph.ts'
import type { SigningKey } from '../signing-keys.ts'

/** Signs an access token, with the header that its version has. */
export async function signAccessToken(
  key: SigningKey,
  resource: Application,
  claims: object,
): Promise<string> {
  const { kid } = key
  const isVersion2 = resource.api.requestedAccessTokenVersion === 2
  const header = { typ: 'JWT', alg: 'RS256', ...(!isVersion2 && { x5t: kid }), kid }
  if (resource.appId !== GRAPH_APP_ID) return sign(key, header, claims)
  // Graph's tokens are nobody else's to verify: the signature is over the digest of the nonce.
  const nonce = randomBytes(32).toString('base64url')
  const digest = createHash('sha256').update(nonce).digest('base64url')
  const signed = await sign(key, { ...header, nonce: digest }, claims)
  const shown = Buffer.from(JSON.stringify({ ...header, nonce })).toString('base64url')
  return [shown, ...signed.split('.').slice(1)].join('.')
}

/** Signs an id_token. */
export function signIdToken(key: SigningKey, claims: object): Promise<string> {
  return sign(key, { typ: 'JWT', alg: 'RS256', kid: key.kid }, claims)
}

function sign(
  key: SigningKey,
  header: CompactJWSHeaderParameters,
  claims: object,
): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(header)
    .sign(key.privateKey)
}

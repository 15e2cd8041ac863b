import { decodeJwt, type JWTPayload } from 'jose'
import { anotherTenant, type EntraMetadata } from './metadata.ts'
import { checkTenant, isOfMany, issuerFor, tenantOf } from './tenancy.ts'

/**
 * The metadata for one answer. That of several tenants leaves the issuer open: it is the one of the
 * tenant that the ID token names, and both tokens are then held to it, signatures and all.
 */
export async function forAnswer(
  metadata: EntraMetadata,
  answer: Response,
  tenantId: string,
): Promise<EntraMetadata> {
  if (!isOfMany(tenantId) || !answer.ok) return metadata
  const claims = await peek(answer.clone())
  // What makes no sense is found out, and said, where the answer is processed.
  if (!claims) return metadata
  return { ...metadata, issuer: issuerFor(metadata.issuer, checkTenant(claims.tid, tenantId)) }
}

async function peek(answer: Response): Promise<JWTPayload | undefined> {
  try {
    const { id_token } = (await answer.json()) as { id_token: string }
    return decodeJwt(id_token)
  } catch {
    return undefined
  }
}

/** A renewal is for a person of a tenant that is known: it is asked for there, and nowhere else. */
export function inTenant(metadata: EntraMetadata, tid: string, tenantId: string): EntraMetadata {
  if (!isOfMany(tenantId)) {
    if (tenantOf(metadata.issuer) === tid) return metadata
    throw anotherTenant(tenantId, metadata.issuer)
  }
  const issuer = issuerFor(metadata.issuer, checkTenant(tid, tenantId))
  const endpoint = new URL(metadata.token_endpoint)
  endpoint.pathname = endpoint.pathname.replace(`/${tenantId}/`, `/${tid}/`)
  return { ...metadata, issuer, token_endpoint: endpoint.href }
}

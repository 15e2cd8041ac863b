import { compactVerify, type JWTPayload } from 'jose'
import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import type { Application, FederatedIdentityCredential } from '../directory.ts'
import { fetchIssuerKeys } from '../issuer-keys.ts'
import type { ClientAssertion } from './client-assertion.ts'

/**
 * Checks an assertion of another issuer against the application's federated credentials: issuer,
 * audience and subject, exactly and with case, and only then the signature.
 */
export async function checkFederatedAssertion(
  call: Call,
  client: Application,
  assertion: ClientAssertion,
): Promise<void> {
  const { iss = '', sub = '' } = assertion.claims
  const isOwn = iss.startsWith(`${call.sts.origin}/`)
  const audiences = isOwn ? ownAudiences(call, assertion.claims) : audiencesOf(assertion.claims)
  findCredential(client.federatedIdentityCredentials, iss, sub, audiences)
  await verify(call, assertion, isOwn)
  if (isOwn) checkManagedIdentity(call, assertion.claims)
}

function findCredential(
  credentials: readonly FederatedIdentityCredential[],
  issuer: string,
  subject: string,
  audiences: readonly string[],
): void {
  const byIssuer = credentials.filter((one) => one.issuer === issuer)
  if (byIssuer.length === 0) throw aadsts(700211, { value: issuer })
  const byAudience = byIssuer.filter((one) => one.audiences.some((aud) => audiences.includes(aud)))
  if (byAudience.length === 0) throw aadsts(700212, { value: audiences.join(' ') })
  if (!byAudience.some((one) => one.subject === subject)) throw aadsts(700213, { value: subject })
}

function audiencesOf({ aud }: JWTPayload): string[] {
  return [aud ?? []].flat()
}

/** Our own tokens name the API by its client id; a federated credential, by its identifier URI. */
function ownAudiences(call: Call, claims: JWTPayload): string[] {
  const sent = audiencesOf(claims)
  const api = call.sts.directory.applications.find(({ appId }) => sent.includes(appId))
  return [...(api?.identifierUris ?? []), ...sent]
}

async function verify(call: Call, { text, header, claims }: ClientAssertion, isOwn: boolean) {
  const keys = isOwn ? await ownKeys(call) : await fetchIssuerKeys(call.sts, claims.iss ?? '')
  const key = keys.get(header.kid ?? '')
  const refuse = (reason: string) => aadsts(50013, { reason }, { error: 'invalid_client' })
  if (!key) throw refuse('The key was not found.')
  try {
    await compactVerify(text, key, { algorithms: ['RS256'] })
  } catch {
    throw refuse('The provided signature value did not match the expected signature value.')
  }
}

async function ownKeys(call: Call) {
  const keys = await call.sts.signingKeys()
  return new Map(keys.map(({ kid, n, e }) => [kid, { kty: 'RSA', n, e }]))
}

/** Of Entra's own tokens, those of managed identities count, and no person's. */
function checkManagedIdentity(call: Call, claims: JWTPayload): void {
  if (claims.scp !== undefined) throw aadsts(700229)
  const isManaged = call.sts.directory.servicePrincipals.some(
    ({ id, servicePrincipalType }) =>
      id === claims.sub && servicePrincipalType === 'ManagedIdentity',
  )
  if (!isManaged) throw aadsts(700222)
}

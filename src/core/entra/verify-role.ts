import { decodeJwt } from 'jose'
import { EntraError } from '../errors.ts'
import { isId, isOfMany, issuerFor } from './tenancy.ts'
import { checkCommon, checkSigners, type VerifyOptions, verify } from './verify-tokens.ts'

/** Who may use a token: a person, or a program with an identity of its own. */
export type RoleHolder = { readonly tid: string; readonly oid: string }

export type VerifyRoleOptions = Omit<VerifyOptions, 'scope'> & {
  readonly tenantId: string
  /** Where several tenants could sign in, those that are let in. */
  readonly tenants: ReadonlySet<string> | undefined
}

/**
 * Verifies an access token of Entra's for this application that somebody presents: signature, the
 * issuer that belongs to its tenant, the one tenant that is let in, audience, version, expiry and
 * app role. Throws `EntraError`.
 */
export async function verifyRoleToken(
  token: string,
  role: string,
  options: VerifyRoleOptions,
): Promise<RoleHolder> {
  const issuer = issuerOf(token, options)
  const { claims, signers } = await verify(token, 'access token', options)
  checkCommon(claims, 'access token', { ...options, issuer })
  checkSigners(signers, claims, 'access token')
  if (claims.ver !== '2.0')
    throw refused(`The access token is of version ${claims.ver}; 2.0 is expected.`)
  if (![options.clientId, options.identifierUri].includes(String(claims.aud))) {
    throw refused(
      `The access token is for the audience ${claims.aud}; ${options.clientId} is expected.`,
    )
  }
  // An ID token has a person's app roles as well, and shows who they are to whom it was made for.
  if (typeof claims.azp !== 'string')
    throw refused('The token is no access token: it names no application that asked for it.')
  const roles = Array.isArray(claims.roles) ? claims.roles : []
  if (!roles.includes(role)) {
    throw refused(
      `The access token lacks the app role ${role}.`,
      'Assign it with entrance setup --operator, or in the portal, under Enterprise applications.',
      'access_denied',
    )
  }
  return { tid: claims.tid as string, oid: claims.oid as string }
}

/**
 * Who holds an app role is for each tenant's own administrators to say. So a role counts where one
 * tenant is let in: with several, each could operate what is the others'.
 */
function issuerOf(token: string, { issuer, tenantId, tenants }: VerifyRoleOptions): string {
  if (!isOfMany(tenantId)) return issuer
  const tid = peekTenant(token)
  if (tid !== undefined && tenants?.size === 1 && tenants.has(tid)) return issuerFor(issuer, tid)
  throw refused(
    'An app role opens this only where one tenant is let in, and to that one.',
    'Use ENTRANCE_OPERATOR_TOKEN; or name the one tenant in ENTRANCE_ALLOW_TENANTS.',
  )
}

function peekTenant(token: string): string | undefined {
  try {
    const { tid } = decodeJwt(token)
    return isId(tid) ? tid : undefined
  } catch {
    return undefined
  }
}

function refused(
  message: string,
  cure = 'Get one for this application: scope <client id>/.default.',
  error?: 'access_denied',
) {
  return new EntraError(message, { error, isTransient: false, cure })
}

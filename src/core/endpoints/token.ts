import { json } from '../../http/responses.ts'
import type { Client } from '../clients/client.ts'
import { authenticateClient } from '../clients/client-authentication.ts'
import { isUsable, policyFor } from '../clients/redirect-uri.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { redeemCode } from '../grants/authorization-code.ts'
import { factsOf, type Grant } from '../grants/grant.ts'
import { isGrantOf, presentedGrantId } from '../grants/presented-grant.ts'
import { type RefreshContext, redeemRefreshToken } from '../grants/refresh-token.ts'
import { issueTokens } from '../grants/token-response.ts'
import { type Params, readParams } from '../params.ts'
import { checkResource } from '../resource.ts'
import type { Site } from '../site.ts'

type Redeem = (params: Params, client: Client, context: RefreshContext) => Promise<Grant>

const GRANT_TYPES: ReadonlyMap<string, Redeem> = new Map<string, Redeem>([
  ['authorization_code', redeemCode],
  ['refresh_token', redeemRefreshToken],
])

/** What each is called in a trace. */
const PARTS: ReadonlyMap<Redeem, string> = new Map<Redeem, string>([
  [redeemCode, 'redeem code'],
  [redeemRefreshToken, 'refresh'],
])

/** The token endpoint (RFC 6749 §3.2). What it gives is ours, never Entra's. */
export async function token(request: Request, _site: Site, context: Context): Promise<Response> {
  const { config } = context
  const params = await readParams(request)
  const grantType = params.get('grant_type')
  const redeem = requireGrant(grantType)
  const client = await authenticateClient(request.headers.get('authorization'), params, {
    ...context,
    hasGrant: (client) =>
      isGrantOf(client, presentedGrantId(params, config.binding), context.grants),
  })
  checkRedirectUris(client, context)
  checkResource(params.getAll('resource'), config)
  const part = { kind: 'part', name: PARTS.get(redeem) ?? 'redeem' } as const
  const granting: RefreshContext = {
    grants: context.grants,
    keyring: config.keyring,
    binding: config.binding,
    revoked: context.revocations,
    barred: context.barred,
    redirectPolicy: context.redirectPolicy,
    entra: context.entra,
    admission: context.admission,
    allow: config.allow,
    renewals: context.renewals,
    challenges: context.challenges,
    log: config.log,
    audit: context.audit,
    scopes: config,
  }
  const grant = await config.observe.step(part, () => redeem(params, client, granting))
  config.observe.transaction(grant.transaction, grant.trace)
  context.clients.keep(client)
  config.log({
    event: 'token.issued',
    transaction: grant.transaction,
    message:
      grantType === 'refresh_token'
        ? 'The client renewed its tokens.'
        : 'The client redeemed its code.',
    client: client.client_name,
    oid: grant.user.oid,
    scope: grant.scope,
  })
  context.audit({
    event: grantType === 'refresh_token' ? 'token.refreshed' : 'token.issued',
    outcome: 'success',
    ...factsOf(grant),
    scope: grant.scope,
  })
  const issuing = { ...config, accessTokens: context.accessTokens, resource: config.site.resource }
  return json(issueTokens(grant, client, issuing))
}

/** A policy that became narrower holds for those who signed in before, too. */
function checkRedirectUris(client: Client, { redirectPolicy }: Context): void {
  const policy = policyFor(client, redirectPolicy)
  if (client.redirect_uris.some((uri) => isUsable(uri, policy))) return
  throw new OAuthError(
    'invalid_client',
    'None of the redirect URIs of this client may be used here any more.',
  )
}

function requireGrant(grantType: string | undefined): Redeem {
  if (grantType === undefined) {
    throw new OAuthError('invalid_request', "The parameter 'grant_type' is missing.")
  }
  const redeem = GRANT_TYPES.get(grantType)
  if (redeem) return redeem
  const text = `grant_type '${grantType.slice(0, 60)}' is not supported; ${[...GRANT_TYPES.keys()].join(' and ')} are.`
  throw new OAuthError('unsupported_grant_type', text)
}

import { redirect } from '../../http/responses.ts'
import { type ClientAddress, redirectErrors } from '../client-redirect.ts'
import type { Client } from '../clients/client.ts'
import {
  findRedirectUriFault,
  matchRedirectUri,
  policyFor,
  type RedirectUri,
  schemeFault,
} from '../clients/redirect-uri.ts'
import { CURE } from '../clients/remote-documents.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { TRANSACTION_TTL } from '../exchange-cookie.ts'
import { type Params, readParams } from '../params.ts'
import { isCodeChallenge } from '../pkce.ts'
import { checkResource } from '../resource.ts'
import { resolveScope } from '../scope.ts'
import type { Site } from '../site.ts'
import { createTransactionId, sealRequest } from '../transaction.ts'

/** RFC 6749 has no bound for state; this one is several times what any client sends. */
const STATE_MAX_LENGTH = 2048

/**
 * The authorization endpoint (RFC 6749 §3.1, RFC 7636, RFC 8707). It stores nothing and sets
 * nothing: the checked request goes on, sealed, to the consent page.
 */
export async function authorize(request: Request, site: Site, context: Context): Promise<Response> {
  const params = await readParams(request)

  // Until the redirect URI is known to be the client's own, an error is shown here.
  const client = await requireClient(request, params, context)
  const redirectUri = requireRedirectUri(params, client, context)
  const state = params.get('state')
  const address: ClientAddress = { redirectUri, state, issuer: site.issuer }

  // From here on the client is told.
  return redirectErrors(address, () => {
    const id = createTransactionId()
    const { observe } = context.config
    observe.transaction(id)
    const sealed = sealRequest(
      {
        id,
        clientId: client.client_id,
        redirectUri,
        state: checkState(state),
        codeChallenge: requireCodeChallenge(params),
        scope: resolveScope(params.get('scope'), context.config),
        issuer: site.issuer,
        expiresAt: Math.floor(Date.now() / 1000) + TRANSACTION_TTL,
        trace: observe.trace(),
      },
      context.config.keyring,
    )
    checkResource(params.getAll('resource'), context.config)
    context.config.log({
      event: 'authorize.accepted',
      transaction: id,
      message: 'A client asks for a sign-in.',
      client: client.client_name,
      redirectUri,
    })
    // Cookies belong to the host that Entra's answer comes back to, so the sign-in moves there.
    return redirect(`${context.config.site.issuer}/consent?request=${sealed}`)
  })
}

async function requireClient(request: Request, params: Params, context: Context): Promise<Client> {
  const clientId = params.get('client_id')
  if (clientId === undefined) {
    throw new OAuthError('invalid_request', "The parameter 'client_id' is missing.")
  }
  const { clients } = context
  const known = await clients.find(clientId)
  if (known && known.source !== 'adopted') return known
  // One that was let in before is asked about anew, with whatever address it now has.
  const adopted = isAdoptable(request, params)
    ? clients.adopted.adopt(clientId, params.get('redirect_uri') ?? '')
    : undefined
  const client = adopted ?? known
  if (client) return client
  const { code, text } = clients.refusalOf(clientId)
  // 400, not 401: it makes clients that look before they open a browser register again.
  throw new OAuthError(code, text, { status: 400 })
}

/**
 * An unknown client is asked about only where a person is looking: a page of its own in a browser,
 * no request of a script, no frame, no program that finds out whether it is still known. And only
 * with PKCE: what is wrong otherwise would be told to an address that nobody has registered.
 */
function isAdoptable(request: Request, params: Params): boolean {
  const mode = request.headers.get('sec-fetch-mode')
  const destination = request.headers.get('sec-fetch-dest')
  const isNavigation =
    request.method === 'GET' &&
    (mode ?? 'navigate') === 'navigate' &&
    (destination ?? 'document') === 'document' &&
    (request.headers.get('accept') ?? '').includes('text/html')
  const isProven =
    params.get('code_challenge_method') === 'S256' &&
    isCodeChallenge(params.get('code_challenge') ?? '')
  return isNavigation && isProven
}

function requireRedirectUri(params: Params, client: Client, context: Context): RedirectUri {
  const { redirect_uris } = client
  const asked =
    params.get('redirect_uri') ?? (redirect_uris.length === 1 ? redirect_uris[0] : undefined)
  if (asked === undefined) {
    throw new OAuthError(
      'invalid_request',
      "The parameter 'redirect_uri' is missing; this client registered several.",
    )
  }
  const policy = policyFor(client, context.redirectPolicy)
  const redirectUri = matchRedirectUri(asked, redirect_uris, policy)
  if (redirectUri) return redirectUri
  // The list is about those who register; a configured client is told of its own.
  const { allowed: _, ...unlisted } = policy
  const fault = findRedirectUriFault(asked, client.source === 'configured' ? unlisted : policy)
  const text = `The redirect_uri '${asked.slice(0, 200)}' ${fault ?? notOwn(asked, client, context)}.`
  // Starting again would lead here again.
  throw new OAuthError('invalid_request', text, { cure: CURE })
}

function notOwn(asked: string, client: Client, { redirectPolicy }: Context): string {
  return client.redirect_uris.includes(asked)
    ? schemeFault(asked, redirectPolicy)
    : `is not one this client registered (${client.redirect_uris.join(', ').slice(0, 300)})`
}

function checkState(state: string | undefined): string | undefined {
  if (state === undefined || state.length <= STATE_MAX_LENGTH) return state
  const text = `state is longer than ${STATE_MAX_LENGTH} characters.`
  throw new OAuthError('invalid_request', text)
}

function requireCodeChallenge(params: Params): string {
  const responseType = params.get('response_type')
  if (responseType === undefined) {
    throw new OAuthError(
      'invalid_request',
      "The parameter 'response_type' is missing; 'code' is expected.",
    )
  }
  if (responseType !== 'code') {
    const text = `response_type '${responseType.slice(0, 40)}' is not supported; 'code' is expected.`
    throw new OAuthError('unsupported_response_type', text)
  }
  const responseMode = params.get('response_mode')
  if (responseMode !== undefined && responseMode !== 'query') {
    throw new OAuthError('invalid_request', "response_mode must be 'query', or be left out.")
  }
  // RFC 7636 §4.3: a missing method means plain, which nobody gets.
  const method = params.get('code_challenge_method')
  const challenge = params.get('code_challenge')
  if (challenge === undefined) {
    throw new OAuthError(
      'invalid_request',
      'code_challenge is missing: PKCE with S256 is required (RFC 7636).',
    )
  }
  if (method !== 'S256') {
    throw new OAuthError('invalid_request', "code_challenge_method must be 'S256'.")
  }
  if (isCodeChallenge(challenge)) return challenge
  throw new OAuthError(
    'invalid_request',
    'code_challenge must be 43 characters of base64url (RFC 7636 4.2).',
  )
}

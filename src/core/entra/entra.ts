import * as oauth from 'oauth4webapi'
import { EntraError } from '../errors.ts'
import type { Config } from '../options.ts'
import { codeChallengeOf } from '../pkce.ts'
import type { User } from '../protected-resource/auth-info.ts'
import { createCredential } from './credentials/credential.ts'
import { translateErrors, validate } from './entra-errors.ts'
import { graphScope, isInAnyGroup } from './group-membership.ts'
import { createKeySets } from './key-set.ts'
import { createMetadataSource, type EntraMetadata } from './metadata.ts'
import type { Standing } from './standing.ts'
import { administeredTenant } from './tenancy.ts'
import { forAnswer, inTenant } from './tenant-metadata.ts'
import { type RoleHolder, verifyRoleToken } from './verify-role.ts'
import { verifyTokens } from './verify-tokens.ts'

/** What a successful sign-in or refresh at Entra leaves us with. */
export type EntraTokens = {
  readonly user: User
  readonly standing: Standing
  /** Entra's own, for this server alone. */
  readonly accessToken: string
  /** What Entra granted of the scope that it was asked for, by its short names. */
  readonly scope: string
  readonly refreshToken: string | undefined
}

/** The one thing of a sign-in that Entra's answer must match. */
export type EntraExchange = {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** What a sign-in asks of Entra besides, all of it the server's own word. */
export type SignInHints = {
  /** The sign-in name of the person who is expected. */
  readonly loginHint?: string | undefined
  /** A claims challenge of Entra's own, which this sign-in meets. */
  readonly claims?: string | undefined
  /** @default the option `prompt` */
  readonly prompt?: string | undefined
}

/**
 * Entra ID, with us as its client. A `scope` is a granted one, by its short names; a client's own
 * words never get here. Every function throws `EntraError`.
 */
export type Entra = {
  /** Makes sure that Entra is there. */
  reach(): Promise<void>
  /** Where to send the person, after making sure that Entra is there to receive them. */
  authorizationUrl(exchange: EntraExchange, scope: string, hints?: SignInHints): Promise<URL>
  /** Redeems the code of an authorization response and verifies what comes for it. */
  redeemCode(
    response: URLSearchParams,
    exchange: EntraExchange,
    scope: string,
  ): Promise<EntraTokens>
  /**
   * Renews at Entra, in the tenant `tid` that the person signed in to; fails for good when they may
   * not sign in any more. An additional scope that Entra refuses by now costs itself only.
   */
  refresh(refreshToken: string, scope: string, tid: string): Promise<EntraTokens>
  /** Where an administrator consents for everybody, to come back to the callback with `state`; undefined where there is none. */
  adminConsentUrl(state: string): Promise<URL | undefined>
  /** Looks up whether the person whose tokens these are is in any of these groups. */
  isInAnyGroup(tokens: EntraTokens, ids: readonly string[]): Promise<boolean>
  /** Whose access token for this application this is, with an app role; in whatever way it was got. */
  verifyRole(token: string, role: string): Promise<RoleHolder>
}

/** How fresh the word that Entra is up must be before a person is sent there, in seconds. */
const REACHABLE_TTL = 1

/** How long endpoints are taken as they were, in seconds. */
const ENDPOINTS_TTL = 3600

/** How long the token endpoint may take, in milliseconds. */
const TIMEOUT = 10_000

/** How many calls of the token endpoint may be under way in this process: sign-ins and renewals. */
const MAX_CALLS = 64

/** Entra's on-behalf-of flow: RFC 7523 §2.1 with one more parameter. */
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access']

export function createEntra(config: Config): Entra {
  const { entra } = config
  const readMetadata = createMetadataSource({ ...entra, fetch: config.fetch })
  const client: oauth.Client = { client_id: entra.clientId, [oauth.clockTolerance]: 300 }
  const authenticate = createCredential(config)
  const redirectUri = `${config.site.issuer}/auth/callback`
  const keySet = createKeySets(config.fetch)
  let calls = 0

  /** Where all wait for Entra, one more would only wait as well, and hold what it needs here. */
  async function callEntra<T>(call: () => Promise<T>): Promise<T> {
    if (calls >= MAX_CALLS) throw tooManyCalls()
    calls++
    try {
      return await translateErrors(call)
    } finally {
      calls--
    }
  }

  /** One resource and the OIDC scopes, on every leg: Entra refuses two (AADSTS28000). */
  function toEntraScope(scope: string): string {
    const names = scope.split(' ').map((name) => `${entra.identifierUri}/${name}`)
    return [...names, ...OIDC_SCOPES].join(' ')
  }

  function requestOptions(scope: string) {
    return {
      [oauth.customFetch]: config.fetch,
      // The emulator on this machine; resolveOptions lets plain http reach nothing else.
      [oauth.allowInsecureRequests]: entra.authority.startsWith('http:'),
      signal: AbortSignal.timeout(TIMEOUT),
      additionalParameters: { scope: toEntraScope(scope) },
    }
  }

  async function verifyResponse(
    metadata: EntraMetadata,
    tokens: oauth.TokenEndpointResponse,
    nonce: string | undefined,
    asked: string,
  ): Promise<EntraTokens> {
    const given = { idToken: tokens.id_token, accessToken: tokens.access_token }
    const keys = keySet(metadata.jwks_uri)
    const options = { ...entra, ...metadata, scope: config.scope, keys }
    const { user, standing, scopes } = await verifyTokens(given, nonce, options)
    // A token of Entra's also has what was consented to at other times, which was not asked now.
    const granted = asked.split(' ').filter((name) => scopes.includes(name))
    const accessToken = tokens.access_token
    const refreshToken = tokens.refresh_token
    return { user, standing, accessToken, scope: granted.join(' '), refreshToken }
  }

  /** Renews with `scope`; what Entra grants of `asked` may be more, for its tokens have it all. */
  async function renew(refreshToken: string, scope: string, asked: string, tid: string) {
    const metadata = inTenant(await readMetadata(ENDPOINTS_TTL), tid, entra.tenantId)
    const tokens = await callEntra(async () => {
      const authentication = await authenticate(metadata.token_endpoint)
      const answer = await oauth.refreshTokenGrantRequest(
        ...([metadata, client, authentication, refreshToken] as const),
        requestOptions(scope),
      )
      return oauth.processRefreshTokenResponse(metadata, client, answer)
    })
    return verifyResponse(metadata, tokens, undefined, asked)
  }

  /** Consent is asked for here, to the API and to Graph; a token is for one of them. */
  function consentScope(scope: string, metadata: EntraMetadata): string {
    const own = toEntraScope(scope)
    return config.allow.groups ? `${own} ${graphScope(metadata, entra.authority)}` : own
  }

  /** A token of another API for the person whose tokens these are. */
  async function onBehalfOf(
    { accessToken, user }: EntraTokens,
    scope: string,
    signal: AbortSignal,
  ): Promise<string> {
    const metadata = inTenant(await readMetadata(ENDPOINTS_TTL), user.tid, entra.tenantId)
    const authentication = await authenticate(metadata.token_endpoint)
    const parameters = { assertion: accessToken, requested_token_use: 'on_behalf_of', scope }
    const { additionalParameters: _, ...options } = requestOptions(config.scope)
    const answer = await oauth.genericTokenEndpointRequest(
      ...([metadata, client, authentication, JWT_BEARER, parameters] as const),
      { ...options, signal },
    )
    const tokens = await oauth.processGenericTokenEndpointResponse(metadata, client, answer)
    return tokens.access_token
  }

  return {
    async reach() {
      await readMetadata(REACHABLE_TTL)
    },

    async authorizationUrl({ state, nonce, codeVerifier }, scope, hints = {}) {
      const { loginHint, claims, prompt = entra.prompt } = hints
      const metadata = await readMetadata(REACHABLE_TTL)
      const url = new URL(metadata.authorization_endpoint)
      const params = {
        client_id: entra.clientId,
        response_type: 'code',
        // form_post would come back as a cross-site POST, without our SameSite=Lax cookie.
        response_mode: 'query',
        redirect_uri: redirectUri,
        scope: consentScope(scope, metadata),
        state,
        nonce,
        code_challenge: codeChallengeOf(codeVerifier),
        code_challenge_method: 'S256',
        ...(prompt && { prompt }),
        ...(loginHint && { login_hint: loginHint }),
        ...(claims && { claims }),
      }
      for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
      return url
    },

    async redeemCode(response, { state, nonce, codeVerifier }, scope) {
      const metadata = await readMetadata(ENDPOINTS_TTL)
      const params = validate(() => oauth.validateAuthResponse(metadata, client, response, state))
      const { known, tokens } = await callEntra(async () => {
        const authentication = await authenticate(metadata.token_endpoint)
        const answer = await oauth.authorizationCodeGrantRequest(
          ...([metadata, client, authentication, params, redirectUri, codeVerifier] as const),
          requestOptions(scope),
        )
        const known = await forAnswer(metadata, answer, entra.tenantId)
        const expected = { expectedNonce: nonce, requireIdToken: true }
        const tokens = await oauth.processAuthorizationCodeResponse(known, client, answer, expected)
        return { known, tokens }
      })
      return verifyResponse(known, tokens, nonce, scope).catch((error: unknown) => {
        throw asSpent(error)
      })
    },

    async refresh(refreshToken, scope, tid) {
      try {
        return await renew(refreshToken, scope, scope, tid)
      } catch (error) {
        if (scope === config.scope || !isAboutScope(error)) throw error
        // Consent to one of them was taken back, or the scope itself: the sign-in may still stand.
        return renew(refreshToken, config.scope, scope, tid)
      }
    },

    async adminConsentUrl(state) {
      const tenant = administeredTenant(entra.tenantId)
      if (tenant === undefined) return undefined
      const scopes = [config.scope, ...config.additionalScopes].join(' ')
      const scope = consentScope(scopes, await readMetadata(ENDPOINTS_TTL))
      const params = { client_id: entra.clientId, scope, redirect_uri: redirectUri, state }
      const url = new URL(`${entra.authority}/${tenant}/v2.0/adminconsent`)
      for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
      return url
    },

    async verifyRole(token, role) {
      const { issuer, jwks_uri } = await readMetadata(ENDPOINTS_TTL)
      const { tenants } = config.allow
      return verifyRoleToken(token, role, { ...entra, issuer, tenants, keys: keySet(jwks_uri) })
    },

    async isInAnyGroup(tokens, ids) {
      const metadata = await readMetadata(ENDPOINTS_TTL)
      const exchange = (scope: string, signal: AbortSignal) =>
        callEntra(() => onBehalfOf(tokens, scope, signal))
      const { authority } = entra
      return isInAnyGroup(ids, { metadata, authority, exchange, fetch: config.fetch })
    },
  }
}

/** Consent that is missing, and a scope that is none (any more). */
const SCOPE_CODES: ReadonlySet<number | undefined> = new Set([65001, 650053, 70011])

function isAboutScope(error: unknown): boolean {
  if (!(error instanceof EntraError)) return false
  const words: readonly (string | undefined)[] = ['consent_required', 'invalid_scope']
  return SCOPE_CODES.has(error.code) || words.includes(error.error)
}

/** The code is redeemed: what passes now does not mend this sign-in, but the next. */
function asSpent(error: unknown): unknown {
  if (!(error instanceof EntraError) || !error.isTransient) return error
  const cure = `${error.cure} Then start the sign-in again in the application.`
  return new EntraError(error.message, { ...error, cure, isSpent: true, cause: error })
}

function tooManyCalls(): EntraError {
  return new EntraError(`This server is waiting for Entra with ${MAX_CALLS} sign-ins at once.`, {
    error: 'temporarily_unavailable',
    isTransient: true,
    cure: 'Try again in a moment.',
  })
}

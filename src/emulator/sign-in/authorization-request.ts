import { aadsts } from '../aadsts-error.ts'
import { type Authority, findAuthority } from '../authority.ts'
import type { Application } from '../directory.ts'
import { findClient } from '../lookup.ts'
import { optional, required } from '../params.ts'
import type { Sts } from '../sts.ts'
import type { AdminConsent } from './admin-consent.ts'
import { deviceRedirectUri, type MatchedRedirectUri, matchRedirectUri } from './redirect-uri.ts'
import { parseRequestedClaims, type RequestedClaims } from './requested-claims.ts'
import { checkResource, namedPermissions, parseScopes, type RequestedScopes } from './scopes.ts'

/** Who asks, and where an answer may go. */
export type Target = {
  readonly authority: Authority
  readonly client: Application
  readonly redirect: MatchedRedirectUri
  readonly responseMode: ResponseMode
  readonly state: string | undefined
}

export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** An authorization request that makes sense. */
export type AuthorizationRequest = Target & {
  /** In place of a code: an administrator's consent. */
  readonly adminConsent?: AdminConsent
  readonly responseTypes: readonly ResponseType[]
  readonly scope: string
  readonly scopes: RequestedScopes
  readonly prompt: string | undefined
  readonly loginHint: string | undefined
  readonly domainHint: string | undefined
  readonly nonce: string | undefined
  readonly claims: string | undefined
  readonly requestedClaims: RequestedClaims | undefined
  readonly codeChallenge: string | undefined
  readonly codeChallengeMethod: string
  readonly wantsClientInfo: boolean
}

/** What comes back of a sign-in (OAuth 2.0 Multiple Response Types). */
export type ResponseType = 'code' | 'id_token' | 'token'

const RESPONSE_MODES: ReadonlyMap<string, ResponseMode> = new Map([
  ['query', 'query'],
  ['fragment', 'fragment'],
  ['form_post', 'form_post'],
])
const PROMPTS: ReadonlySet<string> = new Set(['login', 'none', 'consent', 'select_account'])

/** Finds client and redirect URI. What this throws can only be shown on a page. */
export function parseTarget(sts: Sts, segment: string, params: URLSearchParams): Target {
  const authority = findAuthority(sts, segment)
  const client = findClient(sts.directory, authority, required(params, 'client_id'))
  const redirect = findRedirect(sts, client, optional(params, 'redirect_uri'))
  const responseMode = responseModeOf(params)
  const states = params.getAll('state')
  return { authority, client, redirect, responseMode, state: states[0] }
}

/** Only in External ID tenants do people register themselves. */
function isSignUp({ authority }: Target, prompt: string): boolean {
  return prompt === 'create' && authority.kind === 'tenant' && authority.tenant.kind === 'external'
}

function findRedirect(sts: Sts, client: Application, sent: string | undefined) {
  // A sign-in for a device needs no address of the application's.
  if (sent !== deviceRedirectUri(sts.origin)) {
    return matchRedirectUri(client, sent, sts.behaviour)
  }
  return { uri: sent, platform: 'publicClient' } as const
}

/** Reads the rest. What this throws goes to the client. */
export function parseAuthorizationRequest(
  sts: Sts,
  target: Target,
  params: URLSearchParams,
): AuthorizationRequest {
  const responseTypes = parseResponseTypes(target.client, params)
  const prompt = optional(params, 'prompt')
  if (prompt !== undefined && !PROMPTS.has(prompt) && !isSignUp(target, prompt)) {
    throw aadsts(90023, { name: 'prompt', value: prompt })
  }
  const challenge = parseChallenge(target, params)
  const scope = required(params, 'scope')
  const { authority, client } = target
  const tenant = authority.kind === 'tenant' ? authority.tenant : undefined
  const context = { directory: sts.directory, client, tenant }
  const resource = optional(params, 'resource')
  // Before the scopes themselves: a bare one is Graph's, and therefore no match.
  if (resource !== undefined) {
    checkResource(sts.behaviour, resource, namedPermissions(context, scope))
  }
  const scopes = parseScopes(context, scope)
  const claims = optional(params, 'claims')
  return {
    ...target,
    ...challenge,
    responseTypes,
    scope,
    scopes,
    prompt,
    loginHint: optional(params, 'login_hint'),
    domainHint: optional(params, 'domain_hint'),
    nonce: responseTypes.includes('id_token')
      ? required(params, 'nonce')
      : optional(params, 'nonce'),
    claims,
    requestedClaims: parseRequestedClaims(claims),
    wantsClientInfo: params.get('client_info') === '1',
  }
}

const RESPONSE_TYPES: ReadonlySet<string> = new Set([
  'code',
  'code id_token',
  'id_token',
  'id_token token',
  'token',
])

/** What is to come back, as far as the registration allows it, and by which way. */
function parseResponseTypes(client: Application, params: URLSearchParams): ResponseType[] {
  optional(params, 'state')
  const types = required(params, 'response_type').split(' ').sort() as ResponseType[]
  const { implicitGrantSettings: may } = client.web
  if (types.includes('id_token') && !may.enableIdTokenIssuance) throw aadsts(700054)
  const isKnown = RESPONSE_TYPES.has(types.join(' '))
  if (!isKnown || (types.includes('token') && !may.enableAccessTokenIssuance)) throw aadsts(70005)
  const mode = optional(params, 'response_mode')
  if (mode !== undefined && !RESPONSE_MODES.has(mode)) throw aadsts(70007, { mode, wanted: 'code' })
  // What is in an address line's query is in logs, too.
  if (mode === 'query' && isInFrontChannel(types)) throw aadsts(70007, { mode, wanted: 'token' })
  return types
}

function isInFrontChannel(types: readonly string[]): boolean {
  return types.includes('id_token') || types.includes('token')
}

/** Where nothing is said, tokens go behind `#`; an unknown mode is an error of its own. */
function responseModeOf(params: URLSearchParams): ResponseMode {
  const types = (params.get('response_type') ?? '').split(' ')
  const asked = RESPONSE_MODES.get(params.get('response_mode') ?? '')
  if (!isInFrontChannel(types)) return asked ?? 'query'
  return asked === 'form_post' ? asked : 'fragment'
}

function parseChallenge({ redirect }: Target, params: URLSearchParams) {
  const codeChallenge = optional(params, 'code_challenge')
  const codeChallengeMethod = optional(params, 'code_challenge_method') ?? 'plain'
  if (codeChallenge === undefined) {
    if (redirect.platform === 'spa') throw aadsts(9002325)
  } else if (codeChallenge.length < 43 || codeChallenge.length > 128) {
    throw aadsts(501491)
  } else if (codeChallengeMethod !== 'S256' && codeChallengeMethod !== 'plain') {
    throw aadsts(90023, { name: 'code_challenge_method', value: codeChallengeMethod })
  }
  return { codeChallenge, codeChallengeMethod }
}

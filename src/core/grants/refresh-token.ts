import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Admission, explainUnmet, logUnmet, whomToAsk } from '../admission.ts'
import type { Client } from '../clients/client.ts'
import type { Entra, EntraTokens } from '../entra/entra.ts'
import { describeForLog } from '../entra/entra-errors.ts'
import { EntraError, OAuthError } from '../errors.ts'
import type { Params } from '../params.ts'
import { checkWithinGrant, narrowScope, parseScope, type ScopeConfig } from '../scope.ts'
import { type GrantToken, isGenuine, readGrantToken } from '../tokens/grant-token.ts'
import type { CodeGrantContext } from './authorization-code.ts'
import {
  factsOf,
  type Grant,
  type HeldGrant,
  invalidGrant,
  now,
  personOf,
  revokeGrant,
  tellWithheld,
} from './grant.ts'
import { checkClaim, checkStanding } from './presented-grant.ts'

/** Within so many seconds of a rotation a repeat gets the same successor: its answer was lost. */
const REPEAT_WINDOW = 60

/** How long one process may ask Entra before another may try, in seconds. */
const LEASE_TTL = 20

/** How often another process's renewal is looked at, in milliseconds. */
const LEASE_POLL = 100

/** How long a request waits for other processes' renewals, in seconds. */
const WAIT_MAX = 25

export type RefreshContext = CodeGrantContext & {
  /** The scopes that are offered. */
  readonly scopes: ScopeConfig
  readonly entra: Entra
  readonly admission: Admission
  /** The renewals under way in this process, by grant. */
  readonly renewals: Map<string, Promise<unknown>>
  /** Where Entra's demands are kept until the person's next sign-in. */
  readonly challenges: { keep(person: string, claims: string): Promise<void> }
}

/**
 * Redeems a refresh token (RFC 6749 §6, RFC 9700 §4.14.2): asks Entra whether the person may still
 * sign in, and rotates. However many present it at once, one of them rotates and all get that
 * one's successor; long after, the family is revoked. Gives the grant with the scope that the next
 * access token is to have, which may be less than its own.
 */
export async function redeemRefreshToken(
  params: Params,
  client: Client,
  context: RefreshContext,
): Promise<Grant> {
  const token = readToken(params, context)
  const deadline = now() + WAIT_MAX
  for (let hasWaited = false; ; ) {
    const held = await findGrant(token, client, context)
    const step = nextStep(token, held.grant)
    if (step === 'revoke') return refuseReuse(held, context)
    await checkStanding(held.grant, context)
    // Its record does not say so: a second step is missing, or it was read out of another store before.
    if (context.revoked.has(held.grant.id)) throw invalidGrant(REVOKED)
    const asked = parseScope(params.get('scope'), context.scopes, held.grant.scope)
    if (step === 'repeat') return narrow(held.grant, asked, context)
    checkWithinGrant(asked, held.grant.scope)
    // Whoever was waited for has failed at Entra, which is not asked again for each who waited.
    const isLetGo = hasWaited && held.grant.lease === undefined
    if (isLetGo || now() > deadline) throw notNow()
    if (step === 'wait') {
      hasWaited = true
      await wait(LEASE_POLL)
    } else {
      const rotated = await rotateOnce(held, context)
      if (typeof rotated === 'object') return narrow(rotated, asked, context)
      // Nobody has asked Entra: the record may only have been sealed anew.
      if (rotated !== 'raced') hasWaited = true
    }
  }
}

const REVOKED = 'The sign-in has been revoked. Sign in again.'

function readToken(params: Params, context: RefreshContext): GrantToken {
  const text = params.get('refresh_token')
  if (text === undefined) {
    throw new OAuthError('invalid_request', "The parameter 'refresh_token' is missing.")
  }
  const token = readGrantToken('refresh_token', text, context.binding)
  if (token === 'foreign') {
    throw invalidGrant(
      'The refresh token is from another Entra ID configuration of this server. Sign in again.',
    )
  }
  if (!token) throw invalidGrant('The refresh token is not one that this server issued.')
  return token
}

async function findGrant(
  token: GrantToken,
  client: Client,
  context: RefreshContext,
): Promise<HeldGrant> {
  const held = await context.grants.find(token.grantId)
  if (!held || !isGenuine('refresh_token', token, held.grant, context.keyring, context.binding)) {
    throw invalidGrant('The refresh token is unknown or has expired. Sign in again.')
  }
  const { grant } = held
  checkClaim('refresh token', grant, client, context.redirectPolicy)
  if (grant.revoked)
    throw invalidGrant(`The sign-in has been revoked (${grant.revoked.reason}). Sign in again.`)
  return held
}

function nextStep(token: GrantToken, grant: Grant): 'rotate' | 'repeat' | 'wait' | 'revoke' {
  if (token.generation === grant.generation) return isLeased(grant) ? 'wait' : 'rotate'
  const isPrevious = token.generation === grant.generation - 1
  return isPrevious && now() - (grant.rotatedAt ?? 0) <= REPEAT_WINDOW ? 'repeat' : 'revoke'
}

/** A lease that lasts longer than any can comes from a clock that is wrong, and binds nobody. */
function isLeased({ lease }: Grant): boolean {
  const left = (lease?.until ?? 0) - now()
  return left > 0 && left <= 2 * LEASE_TTL
}

async function refuseReuse(held: HeldGrant, context: RefreshContext): Promise<never> {
  const message =
    'A refresh token that had been replaced long before was used again; the grant is revoked.'
  await revokeGrant(held, { reason: 'refresh token reused', message, level: 'warn' }, context)
  throw invalidGrant(
    'The refresh token was replaced before; its use now has revoked the sign-in. Sign in again.',
  )
}

/** The grant; undefined where another had it; `raced` where the lease went to another change. */
type Rotated = Grant | 'raced' | undefined

/** Whoever comes meanwhile in this process waits for this renewal, and need not ask the store. */
async function rotateOnce(held: HeldGrant, context: RefreshContext): Promise<Rotated> {
  const { id } = held.grant
  const underWay = context.renewals.get(id)
  if (underWay) return void (await underWay)
  const rotation = rotate(held, context)
  // A failure is told to the one who asked; the others find out by the grant.
  const settled = rotation.catch(() => {}).finally(() => context.renewals.delete(id))
  context.renewals.set(id, settled)
  return rotation
}

/** Renews at Entra under a lease. */
async function rotate(held: HeldGrant, context: RefreshContext): Promise<Rotated> {
  const { entraRefreshToken } = held.grant
  if (!entraRefreshToken)
    throw invalidGrant('Entra gave no refresh token for this sign-in. Sign in again.')
  const scope = stillOffered(held.grant, context)
  const lease = { holder: randomUUID(), until: now() + LEASE_TTL }
  const leased = await context.grants.replace(held, { ...held.grant, lease })
  if (!leased) return 'raced'
  const tokens = await renew(leased, entraRefreshToken, scope, context)
  const { lease: _, ...grant } = leased.grant
  const done = await context.grants.replace(leased, {
    ...grant,
    generation: grant.generation + 1,
    keyId: context.keyring.current.id,
    keptTag: undefined,
    rotatedAt: now(),
    user: tokens.user,
    scope: tokens.scope,
    // Entra may keep the old one in force without sending another.
    entraRefreshToken: tokens.refreshToken ?? entraRefreshToken,
  })
  if (done) tellWithheld(scope, done.grant, context.log)
  return done?.grant
}

/** The grant with the scope of the next access token: no error, for the rotation has been done. */
function narrow(grant: Grant, asked: ReadonlySet<string>, { scopes }: RefreshContext): Grant {
  return { ...grant, scope: narrowScope(grant.scope, asked, scopes) }
}

/** What of the grant's scope there still is: the operator may have renamed or removed some. */
function stillOffered(grant: Grant, { scopes }: RefreshContext): string {
  const scope = narrowScope(grant.scope, new Set(), scopes)
  if (scope.split(' ').includes(scopes.scope)) return scope
  throw invalidGrant(
    `This sign-in is for the scope ${grant.scope}; the server asks for ${scopes.scope} by now. Sign in again.`,
  )
}

async function renew(
  leased: HeldGrant,
  token: string,
  scope: string,
  context: RefreshContext,
): Promise<EntraTokens> {
  try {
    const { user } = leased.grant
    const tokens = await context.entra.refresh(token, scope, user.tid)
    if (tokens.user.oid === user.oid && tokens.user.tid === user.tid) {
      await checkAdmission(tokens, leased, context)
      return tokens
    }
    throw new EntraError('Entra renewed the sign-in of another person.', {
      error: 'invalid_grant',
      isTransient: false,
      cure: 'Sign in again.',
    })
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    throw await afterFailure(error, leased, context)
  }
}

/** Whoever may not come in any more is let go; what cannot be found out costs nobody a sign-in. */
async function checkAdmission(
  tokens: EntraTokens,
  leased: HeldGrant,
  context: RefreshContext,
): Promise<void> {
  const rule = await context.admission.findUnmet(tokens)
  if (!rule) return
  const { transaction, client } = leased.grant
  logUnmet(rule, tokens, { transaction, client: client.name }, context.log)
  const message = 'The person may not come in any more; the grant is revoked.'
  const reason = `the rule '${rule}' is not met`
  await revokeGrant(leased, { reason, message, level: 'warn' }, context)
  throw invalidGrant(`${explainUnmet(rule)} ${whomToAsk(context.allow)}`)
}

/** What Entra says when this person, with this sign-in, will not be let in again. */
const FINAL: ReadonlySet<string | undefined> = new Set([
  ...['invalid_grant', 'interaction_required', 'login_required', 'consent_required'],
  'access_denied',
])

/** What passes costs nobody a sign-in; what is final ends it. */
async function afterFailure(
  error: EntraError,
  leased: HeldGrant,
  context: RefreshContext,
): Promise<OAuthError> {
  const { grant } = leased
  context.log({
    event: 'refresh.refused-by-entra',
    level: 'warn',
    transaction: grant.transaction,
    message: describeForLog(error),
    aadsts: error.code,
    entraTraceId: error.traceId,
  })
  const isFinal = !error.isTransient && FINAL.has(error.error)
  context.audit({
    event: 'token.refused',
    outcome: isFinal ? 'denied' : 'failure',
    reason: isFinal ? 'entra_refused' : 'entra_unavailable',
    ...factsOf(grant),
    aadsts: error.code,
    entraTraceId: error.traceId,
  })
  // A fault of this server's registration, or an answer that makes no sense, says nothing about
  // the person: it can be mended, and a sign-in that has been ended cannot.
  if (!isFinal) {
    const { lease: _, ...released } = grant
    await context.grants.replace(leased, released)
    return notNow(error)
  }
  const message = 'Entra does not renew the sign-in any more; the grant is revoked.'
  await revokeGrant(leased, { reason: 'Entra ended the sign-in', message, level: 'warn' }, context)
  if (error.claims) await context.challenges.keep(personOf(grant.user), error.claims)
  const number = error.code ? ` (AADSTS${error.code})` : ''
  return invalidGrant(`Entra ID does not renew this sign-in any more${number}. Sign in again.`)
}

/** Of what is this server's own the client is told whose it is, and the number to look for. */
function notNow(cause?: EntraError): OAuthError {
  const number = cause?.code ? ` (AADSTS${cause.code})` : ''
  const whose = cause?.isTransient === false ? ' The operator of this server has to mend it.' : ''
  const text = `Entra ID cannot renew the sign-in at the moment${number}.${whose} Keep the refresh token and try again.`
  return new OAuthError('temporarily_unavailable', text, { retryAfter: 10, cause })
}

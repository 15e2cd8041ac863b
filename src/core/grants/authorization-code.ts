import { randomBytes } from 'node:crypto'
import { type Barred, explainBarred } from '../barred.ts'
import type { Client } from '../clients/client.ts'
import type { RedirectPolicy } from '../clients/redirect-uri.ts'
import type { EntraTokens } from '../entra/entra.ts'
import { OAuthError } from '../errors.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { AllowConfig } from '../options.ts'
import type { Params } from '../params.ts'
import { verifyCodeVerifier } from '../pkce.ts'
import { isGenuine, readGrantToken, writeGrantToken } from '../tokens/grant-token.ts'
import type { Transaction } from '../transaction.ts'
import { endExcess } from './excess.ts'
import {
  type Grant,
  type HeldGrant,
  invalidGrant,
  now,
  personOf,
  type RevokedGrants,
  type Revoking,
  revokeGrant,
  tellWithheld,
} from './grant.ts'
import { checkClaim, checkStanding } from './presented-grant.ts'

/** Life of a code, in seconds: long enough for an address pasted by hand over SSH. */
const CODE_TTL = 300

export type CodeGrantContext = Revoking & {
  readonly revoked: RevokedGrants
  readonly barred: Barred
  readonly allow: AllowConfig
  readonly keyring: Keyring
  readonly binding: string
  readonly redirectPolicy: RedirectPolicy
}

/**
 * Makes the grant of a finished sign-in and its code (RFC 6749 §4.1.2). The grant's id comes of
 * the transaction, so a callback that is repeated makes no second one.
 */
export async function issueCode(
  transaction: Transaction,
  tokens: EntraTokens,
  context: CodeGrantContext,
): Promise<string> {
  const { request } = transaction
  const key = context.keyring.current
  // Whoever was signed out with all others, and comes again at once, is in.
  await context.revoked.catchUp()
  const endedUntil = context.revoked.endedUntil(personOf(tokens.user), request.client.digest)
  const grant: Grant = {
    id: transaction.grantId,
    salt: randomBytes(16).toString('base64url'),
    keyId: key.id,
    generation: 0,
    createdAt: Math.max(now(), endedUntil + 1),
    codeExpiresAt: now() + CODE_TTL,
    client: request.client,
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    scope: tokens.scope,
    issuer: request.issuer,
    user: tokens.user,
    entraRefreshToken: tokens.refreshToken,
    transaction: request.id,
    trace: request.trace,
  }
  if (!(await context.grants.create(grant))) {
    throw new OAuthError('invalid_request', 'This sign-in has been completed before.')
  }
  await refuseBarred({ grant, version: 1 }, context)
  tellWithheld(request.scope, grant, context.log)
  const source = { grantId: grant.id, generation: 0, salt: grant.salt }
  return writeGrantToken('code', source, key, context.binding)
}

/**
 * Whoever is being blocked at this moment either finds the record here, or has their grant found
 * there: the record is written before the grants are looked for, and the grant before this.
 */
async function refuseBarred(held: HeldGrant, context: CodeGrantContext): Promise<void> {
  const barring = await context.barred.find(personOf(held.grant.user), held.grant.client.digest)
  if (!barring) return
  const message = 'The operator keeps the person or the application out; the grant is revoked.'
  await revokeGrant(held, { reason: 'kept out by the operator', message, level: 'warn' }, context)
  throw new OAuthError('access_denied', explainBarred(barring, context.allow))
}

/** Redeems a code, once (RFC 6749 §4.1.3); gives the grant whose tokens may now be issued. */
export async function redeemCode(
  params: Params,
  client: Client,
  context: CodeGrantContext,
): Promise<Grant> {
  const held = await findGrant(requireCode(params), client, context)
  const { grant } = held
  if (grant.revoked) throw invalidGrant('The code belongs to a sign-in that has been revoked.')
  if (grant.generation > 0) return refuseReplay(held, context)
  if (grant.codeExpiresAt <= now())
    throw invalidGrant('The code has expired. Start the sign-in again.')
  await checkProof(params, held, context)
  await checkStanding(grant, context)

  const redeemed = { ...grant, generation: 1, rotatedAt: now(), keyId: context.keyring.current.id }
  const done = await context.grants.replace(held, redeemed)
  // Somebody else redeemed it in between: then this is the second presentation.
  if (!done) return refuseReplay(held, context)
  // The code is used up: what cannot be ended now is ended by the next one.
  await endExcess(done.grant, context).catch(() => {})
  return done.grant
}

function requireCode(params: Params): string {
  const code = params.get('code')
  if (code === undefined)
    throw new OAuthError('invalid_request', "The parameter 'code' is missing.")
  return code
}

async function findGrant(
  code: string,
  client: Client,
  context: CodeGrantContext,
): Promise<HeldGrant> {
  const token = readGrantToken('code', code, context.binding)
  if (token === 'foreign') {
    throw invalidGrant(
      'The code was given out under another Entra ID configuration of this server.',
    )
  }
  if (!token) throw invalidGrant('The code is not one that this server gave out.')
  const held = await context.grants.find(token.grantId)
  if (!held || !isGenuine('code', token, held.grant, context.keyring, context.binding)) {
    throw invalidGrant('The code is unknown or has expired. Start the sign-in again.')
  }
  checkClaim('code', held.grant, client, context.redirectPolicy)
  return held
}

/** RFC 6749 §4.1.2: a code that is used again takes back what it gave. */
async function refuseReplay(held: HeldGrant, context: CodeGrantContext): Promise<never> {
  const message = 'A code was presented again after it had been redeemed; the grant is revoked.'
  await revokeGrant(held, { reason: 'code replayed', message, level: 'warn' }, context)
  throw invalidGrant(
    'The code has been redeemed before. What it gave has been revoked: sign in again.',
  )
}

/**
 * The first presentation by the right client uses the code up, whatever its outcome: a second
 * try at the verifier would be a guess.
 */
async function checkProof(
  params: Params,
  held: HeldGrant,
  context: CodeGrantContext,
): Promise<void> {
  const fault = findProofFault(params, held.grant)
  if (!fault) return
  // What a redemption that came first has given goes with it.
  const message = `A code was presented without the proof that goes with it (${fault.reason}); the grant is revoked.`
  await revokeGrant(held, { reason: fault.reason, message, level: 'warn' }, context)
  throw fault.error
}

function findProofFault(
  params: Params,
  grant: Grant,
): { reason: string; error: OAuthError } | undefined {
  const verifier = params.get('code_verifier')
  if (verifier === undefined) {
    const error = invalidGrant('code_verifier is missing: PKCE is required (RFC 7636 4.5).')
    return { reason: 'code_verifier missing', error }
  }
  if (!verifyCodeVerifier(verifier, grant.codeChallenge)) {
    const error = invalidGrant(
      'code_verifier does not match the code_challenge of the authorization request.',
    )
    return { reason: 'code_verifier wrong', error }
  }
  // OAuth 2.1 no longer asks for it; sent, it has to be the one.
  const redirectUri = params.get('redirect_uri')
  if (redirectUri !== undefined && redirectUri !== grant.redirectUri) {
    const error = invalidGrant('redirect_uri is not the one of the authorization request.')
    return { reason: 'redirect_uri wrong', error }
  }
  return undefined
}

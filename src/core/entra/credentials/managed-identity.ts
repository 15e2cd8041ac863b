import { setTimeout as wait } from 'node:timers/promises'
import { CLOUDS, findCloud } from '../../clouds.ts'
import type { ManagedIdentityCredential } from '../../options.ts'
import { type AssertionSource, checkAssertion } from './assertion.ts'
import { credentialError } from './credential-error.ts'
import { type Answer, getDirectly } from './local-request.ts'

/** A token is used until so shortly before its end, in seconds. */
const RENEW_BEFORE = 300

/** Where a virtual machine asks about itself: the same address on each. */
const IMDS = 'http://169.254.169.254/metadata/identity/oauth2/token'

/** How often the endpoint is asked, while what it answers may pass. */
const ATTEMPTS = 3

/** Before the second attempt; each further one waits longer, in milliseconds. */
const FIRST_WAIT = 200

const CURE =
  'Check that this machine has a managed identity, and which one ENTRANCE_CREDENTIAL (entra.credential.clientId) names.'

type Token = { readonly text: string; readonly expiresAt: number }

/**
 * A token of the managed identity for Entra's token exchange. It is kept until shortly before its
 * end; however many need one at once, the endpoint is asked once.
 */
export function assertionOfManagedIdentity(
  credential: ManagedIdentityCredential,
  authority: string,
): AssertionSource {
  const url = tokenUrl(credential, authority)
  const headers: Record<string, string> =
    credential.identityHeader === undefined
      ? { Metadata: 'true' }
      : { 'X-IDENTITY-HEADER': credential.identityHeader }
  let kept: Token | undefined
  let underWay: Promise<Token> | undefined
  const left = () => (kept?.expiresAt ?? 0) - Date.now() / 1000

  return async () => {
    if (kept && left() > RENEW_BEFORE) return kept.text
    underWay ??= requestToken(url, headers).finally(() => {
      underWay = undefined
    })
    try {
      kept = await underWay
    } catch (error) {
      // A token that lives is good, though a fresh one cannot be had.
      if (!kept || left() <= 0) throw error
    }
    return kept.text
  }
}

/** App Service, Container Apps and Functions have an endpoint of their own, with its own version. */
function tokenUrl(credential: ManagedIdentityCredential, authority: string): URL {
  const { endpoint, identityHeader, clientId } = credential
  const url = new URL(endpoint ?? IMDS)
  const cloud = findCloud(authority) ?? CLOUDS.get('public')
  url.searchParams.set('api-version', identityHeader === undefined ? '2018-02-01' : '2019-08-01')
  url.searchParams.set('resource', cloud?.exchangeAudience ?? '')
  if (clientId) url.searchParams.set('client_id', clientId)
  return url
}

async function requestToken(url: URL, headers: Record<string, string>): Promise<Token> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(url, headers)
    if (answer.status === 200) return parseToken(answer)
    if (!isPassing(answer.status)) throw refused(answer)
    if (attempt === ATTEMPTS) throw failed(`answers with status ${answer.status}`)
    await wait(FIRST_WAIT * 3 ** (attempt - 1))
  }
}

async function ask(url: URL, headers: Record<string, string>): Promise<Answer> {
  try {
    return await getDirectly(url, headers)
  } catch (cause) {
    throw failed('is not answering', cause)
  }
}

/** As a new machine's endpoint may say for a while: not there yet, being updated, too much, broken. */
function isPassing(status: number): boolean {
  return status === 404 || status === 410 || status === 429 || status >= 500
}

function parseToken({ text }: Answer): Token {
  const body = parseObject(text)
  // Seconds since the epoch, written as a text.
  const expiresAt = Number(body?.expires_on)
  if (!body || !(expiresAt > 0)) throw failed('answers with something else than a token')
  const source = "the managed identity endpoint's token"
  return { text: checkAssertion(body.access_token, source, CURE), expiresAt }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function failed(why: string, cause?: unknown) {
  const options = { isTransient: true, cure: CURE, cause }
  return credentialError(`the managed identity endpoint ${why}`, options)
}

/** Such as "Identity not found": it stays so until somebody assigns one. */
function refused({ status, text }: Answer) {
  const said = parseObject(text)?.error_description
  const reason =
    typeof said === 'string'
      ? said.slice(0, 200).replace(/[\p{C}\p{Z}]+/gu, ' ')
      : `status ${status}`
  const options = { isTransient: false, cure: CURE }
  return credentialError(`the managed identity endpoint refuses (${reason})`, options)
}

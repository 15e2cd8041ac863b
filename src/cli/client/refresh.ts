import { type FetchLike, refreshAuthorization } from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import type { CredentialStore } from './credential-store.ts'
import { type Credentials, isExpiring, type Tokens, toTokens } from './credentials.ts'
import { discoverIssuer } from './discovery.ts'
import { explain, oauthCodeOf } from './explain.ts'

/** There is no usable token, and only the person can get one. */
export class SignInRequired extends CommandError {
  override readonly name = 'SignInRequired'
  /** The scope that is missing, where that is why. */
  readonly scope: string | undefined

  constructor(reason: string, options: { scope?: string; cause?: unknown } = {}) {
    super(reason, { cause: options.cause })
    this.scope = options.scope
  }
}

export type RefreshRequest = {
  readonly url: URL
  readonly store: CredentialStore
  readonly fetchFn: FetchLike
  readonly signal: AbortSignal
}

/**
 * Gets tokens in place of `used`. One process at a time does this for a server, and the others take
 * what it got: a refresh token works once.
 */
export async function refresh(request: RefreshRequest, used: Tokens): Promise<Tokens> {
  const { url, store, signal } = request
  return store.exclusively(url.href, signal, async () => {
    const present = await store.find(url.href)
    if (!present?.tokens) throw new SignInRequired(`You are not signed in to ${url.href}.`)
    const isNewer = present.tokens.access_token !== used.access_token
    if (isNewer && !isExpiring(present.tokens)) return present.tokens
    return refreshAlone(request, present, present.tokens)
  })
}

async function refreshAlone(
  request: RefreshRequest,
  present: Credentials,
  used: Tokens,
): Promise<Tokens> {
  const { url, store, fetchFn } = request
  if (!used.refresh_token) {
    await replaceTokens(store, url, used, undefined)
    throw new SignInRequired(`Your sign-in to ${url.href} is over.`)
  }
  try {
    const metadata = await discoverIssuer(present.issuer, url, fetchFn)
    const answer = await refreshAuthorization(present.issuer, {
      metadata,
      clientInformation: present.registration,
      refreshToken: used.refresh_token,
      fetchFn,
      ...(present.resource && { resource: present.resource }),
    })
    const tokens = toTokens({ ...answer, scope: answer.scope ?? used.scope })
    await replaceTokens(store, url, used, tokens)
    return tokens
  } catch (error) {
    const code = oauthCodeOf(error)
    if (code === 'invalid_grant') {
      await replaceTokens(store, url, used, undefined)
      // Why is the server's to say: that an operator ended it, or that somebody has left.
      const why = (error as Error).message.slice(0, 200)
      const reason = `Your sign-in to ${url.href} is over${why ? `: ${why}` : '.'}`
      throw new SignInRequired(reason, { cause: error })
    }
    if (code === 'invalid_client' || code === 'unauthorized_client') {
      // The registration goes with the tokens: the next sign-in makes a new one. A client that the
      // person named stays the one to sign in as.
      const isNamed = present.registration.source !== undefined
      await replaceTokens(store, url, used, isNamed ? undefined : 'forget everything')
      const reason = `${present.issuer} no longer knows this client.`
      throw new SignInRequired(reason, { cause: error })
    }
    throw explain(error, 'The sign-in could not be renewed')
  }
}

/** Puts tokens in the place of those used, unless a sign-in or sign-out has come between. */
async function replaceTokens(
  store: CredentialStore,
  url: URL,
  used: Tokens,
  next: Tokens | undefined | 'forget everything',
): Promise<void> {
  await store.update(url.href, (present) => {
    if (present?.tokens?.access_token !== used.access_token) return present
    if (next === 'forget everything') return undefined
    const { tokens: _, ...rest } = present
    return next ? { ...rest, tokens: next } : rest
  })
}

import {
  type AuthorizationServerMetadata,
  type FetchLike,
  selectClientAuthMethod,
} from '@modelcontextprotocol/client'
import type { Terminal } from '../terminal.ts'
import type { CredentialStore } from './credential-store.ts'
import type { Credentials } from './credentials.ts'
import { discoverIssuer } from './discovery.ts'
import { explain } from './explain.ts'
import { fetchFor } from './fetch.ts'

export type LogoutResult = {
  /** Whether there was anything to forget. */
  readonly wasKnown: boolean
  /** Whether the server has been told, and has taken back what it had given. */
  readonly isRevoked: boolean
  /** Why it has not. */
  readonly reason?: string
}

/** Has the server take back what it gave (RFC 7009), and forgets it here whether it does or not. */
export async function logout(
  url: URL,
  terminal: Terminal,
  store: CredentialStore,
): Promise<LogoutResult> {
  // Not in the midst of a renewal, whose new tokens would be left behind.
  return store.exclusively(url.href, terminal.signal, async () => {
    const known = await store.find(url.href)
    if (!known) return { wasKnown: false, isRevoked: false }
    await store.update(url.href, () => undefined)
    const reason = await revoke(url, known, fetchFor(url, terminal.signal, 10))
    if (reason === undefined) return { wasKnown: true, isRevoked: true }
    return { wasKnown: true, isRevoked: false, reason }
  })
}

/** Revokes the tokens; says why where that was not possible. */
async function revoke(
  url: URL,
  { issuer, tokens, registration }: Credentials,
  fetchFn: FetchLike,
): Promise<string | undefined> {
  if (!tokens) return undefined
  try {
    const metadata = await discoverIssuer(issuer, url, fetchFn)
    const endpoint = revocationEndpointOf(metadata)
    if (!endpoint) return `${issuer} does not offer revocation.`
    // The refresh token stands for the whole grant (RFC 7009 §2.1).
    const token = tokens.refresh_token ?? tokens.access_token
    const hint = tokens.refresh_token ? 'refresh_token' : 'access_token'
    const headers = new Headers()
    const body = new URLSearchParams({ token, token_type_hint: hint })
    authenticate(registration, metadata, headers, body)
    const response = await fetchFn(endpoint, { method: 'POST', headers, body })
    await response.body?.cancel()
    return response.ok ? undefined : `${issuer} answered ${response.status}.`
  } catch (error) {
    return explain(error, 'Revoking failed').message
  }
}

function revocationEndpointOf(metadata: AuthorizationServerMetadata): string | undefined {
  if (!('revocation_endpoint' in metadata)) return undefined
  const { revocation_endpoint: endpoint } = metadata
  return typeof endpoint === 'string' ? endpoint : undefined
}

function authenticate(
  registration: Credentials['registration'],
  metadata: AuthorizationServerMetadata,
  headers: Headers,
  body: URLSearchParams,
): void {
  const { client_id: id, client_secret: secret } = registration
  const methods = metadata.token_endpoint_auth_methods_supported ?? []
  const method = selectClientAuthMethod(registration, methods)
  if (method === 'client_secret_basic' && secret) {
    // RFC 6749 §2.3.1: both are form-encoded first.
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
    headers.set('authorization', `Basic ${btoa(pair)}`)
    return
  }
  body.set('client_id', id)
  if (secret && method === 'client_secret_post') body.set('client_secret', secret)
}

import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthServerInfo,
  extractWWWAuthenticateParams,
  type FetchLike,
} from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import { insecureAddress } from './fetch.ts'
import { isSecureFor } from './server-url.ts'

/** What an MCP server says about signing in to it. */
export type Discovery = {
  readonly metadata: AuthorizationServerMetadata
  /** RFC 8707, exactly as the server writes it; absent where it publishes no metadata. */
  readonly resource: string | undefined
  /** What to ask for when the person does not say. */
  readonly scope: string | undefined
}

/** Asks the MCP server, then the authorization server that it names (RFC 9728, RFC 8414). */
export async function discover(url: URL, fetchFn: FetchLike): Promise<Discovery> {
  const challenge = await askForChallenge(url, fetchFn)
  const { authorizationServerMetadata: metadata, resourceMetadata } = await discoverOAuthServerInfo(
    url,
    {
      fetchFn,
      ...(challenge.resourceMetadataUrl && { resourceMetadataUrl: challenge.resourceMetadataUrl }),
    },
  )
  if (!metadata) throw noAuthorizationServer(url, challenge.status)
  checkMetadata(metadata, url)
  const resource = resourceMetadata?.resource
  if (resource && !checkResourceAllowed({ requestedResource: url, configuredResource: resource })) {
    throw new CommandError(`${url.href} says that it is ${resource}: its tokens would not fit.`, {
      cure: `Use ${resource} as the address, if that is the server you mean.`,
    })
  }
  const scope = challenge.scope ?? resourceMetadata?.scopes_supported?.join(' ')
  return { metadata, resource, scope: withOfflineAccess(scope, metadata) }
}

/** The metadata of an authorization server that is known already. */
export async function discoverIssuer(
  issuer: string,
  url: URL,
  fetchFn: FetchLike,
): Promise<AuthorizationServerMetadata> {
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn })
  if (!metadata) throw new CommandError(`${issuer} no longer publishes its metadata.`)
  checkMetadata(metadata, url)
  return metadata
}

type Challenge = {
  readonly status: number
  readonly resourceMetadataUrl?: URL
  readonly scope?: string
}

async function askForChallenge(url: URL, fetchFn: FetchLike): Promise<Challenge> {
  const response = await fetchFn(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    redirect: 'manual',
  })
  await response.body?.cancel()
  const { status } = response
  return status === 401 ? { status, ...extractWWWAuthenticateParams(response) } : { status }
}

function noAuthorizationServer(url: URL, status: number): CommandError {
  if (status === 404) {
    return new CommandError(`There is no MCP server at ${url.href} (404).`, {
      cure: 'The path usually ends in /mcp.',
    })
  }
  if (status === 401) {
    return new CommandError(`${url.href} asks for a token, but does not say where to get one.`)
  }
  return new CommandError(`${url.href} names no authorization server: nothing to sign in to.`)
}

function checkMetadata(metadata: AuthorizationServerMetadata, url: URL): void {
  // MCP: a client must refuse a server that does not announce PKCE with S256.
  if (!metadata.code_challenge_methods_supported?.includes('S256')) {
    throw new CommandError(`${metadata.issuer} does not offer PKCE with S256, which MCP requires.`)
  }
  // The browser is sent there; every other endpoint is checked when it is asked.
  const endpoint = URL.parse(metadata.authorization_endpoint)
  if (!endpoint || !isSecureFor(url, endpoint))
    throw insecureAddress(metadata.authorization_endpoint)
}

/** Servers that give refresh tokens only on demand list `offline_access`. */
function withOfflineAccess(
  scope: string | undefined,
  metadata: AuthorizationServerMetadata,
): string | undefined {
  const isListed = metadata.scopes_supported?.includes('offline_access')
  if (!scope || !isListed || scope.split(' ').includes('offline_access')) return scope
  return `${scope} offline_access`
}

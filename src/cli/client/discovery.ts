import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthServerInfo,
  extractWWWAuthenticateParams,
  type FetchLike,
} from '@modelcontextprotocol/client'
import { FRONT_FAULTS, findObstacle, type Obstacle } from '../doctor/front.ts'
import { CommandError } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'
import { OPERATOR_CURE } from './explain.ts'
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
  const { obstacle, resourceMetadataUrl } = challenge
  const { authorizationServerMetadata: metadata, resourceMetadata } = await discoverOAuthServerInfo(
    url,
    { fetchFn, ...(resourceMetadataUrl && { resourceMetadataUrl }) },
  ).catch((error: unknown) => {
    throw obstacle ? obstructed(url, obstacle, error) : error
  })
  if (!metadata && obstacle) throw obstructed(url, obstacle)
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
  /** Who answered in place of the server. */
  readonly obstacle?: Obstacle | undefined
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
  const { status, headers } = response
  const text = await beginningOf(response)
  // Of a path that is not there the person mistyped it, most of the time.
  const obstacle =
    status === 404 ? undefined : findObstacle({ status, headers, url: url.href, text })
  if (status !== 401) return { status, obstacle }
  return { status, obstacle, ...extractWWWAuthenticateParams(response) }
}

/** The first piece of a page, with its title in it; nothing else is waited for. */
async function beginningOf({ headers, body }: Response): Promise<string> {
  const isPage = headers.get('content-type')?.startsWith('text/html')
  if (!isPage) await body?.cancel()
  else for await (const chunk of body ?? []) return Buffer.from(chunk).toString()
  return ''
}

/** A sign-in of the platform's, a firewall, a gateway: no server of ours is heard through it. */
function obstructed(url: URL, { word, found }: Obstacle, cause?: unknown): CommandError {
  const what = `Something in front of ${url.href} answers in its place (${printableLine(found)}).`
  return new CommandError(`${what} ${FRONT_FAULTS.get(word)}`, {
    cure: OPERATOR_CURE,
    cause,
  })
}

function noAuthorizationServer(url: URL, status: number): CommandError {
  if (status === 404) {
    return new CommandError(`There is no MCP server at ${url.href} (404).`, {
      cure: 'The path usually ends in /mcp.',
    })
  }
  if (status === 401) {
    const what = `${url.href} asks for a token, but does not say where to get one.`
    return new CommandError(what, { cure: OPERATOR_CURE })
  }
  return new CommandError(`${url.href} names no authorization server: nothing to sign in to.`)
}

function checkMetadata(metadata: AuthorizationServerMetadata, url: URL): void {
  // MCP: a client must refuse a server that does not announce PKCE with S256.
  if (!metadata.code_challenge_methods_supported?.includes('S256')) {
    const what = `${metadata.issuer} does not offer PKCE with S256, which MCP requires.`
    throw new CommandError(what, { cure: OPERATOR_CURE })
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

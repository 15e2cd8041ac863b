import { EntraError } from '../errors.ts'

/** The part of Entra's OpenID metadata that we use. */
export type EntraMetadata = {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  /** The host of Microsoft Graph. */
  readonly msgraph_host?: string
}

export type EntraMetadataOptions = {
  readonly authority: string
  readonly tenantId: string
  readonly fetch: typeof fetch
}

/** How long Entra may take for its metadata, in milliseconds. */
const TIMEOUT = 5000

const MAX_BYTES = 64 * 1024

/**
 * Reads Entra's metadata (OpenID Connect Discovery §4), keeps it, and reads it again when what is
 * kept is older than the caller accepts. However many ask at once, Entra is asked once.
 */
export function createMetadataSource(options: EntraMetadataOptions) {
  let kept: { readonly metadata: EntraMetadata; readonly at: number } | undefined
  let underWay: Promise<EntraMetadata> | undefined

  /** The metadata, at most `maxAge` seconds old. Throws `EntraError`. */
  return async function readMetadata(maxAge: number): Promise<EntraMetadata> {
    // By a clock that nobody sets back.
    if (kept && performance.now() - kept.at <= maxAge * 1000) return kept.metadata
    underWay ??= fetchMetadata(options).finally(() => {
      underWay = undefined
    })
    const metadata = await underWay
    kept = { metadata, at: performance.now() }
    return metadata
  }
}

async function fetchMetadata(options: EntraMetadataOptions): Promise<EntraMetadata> {
  const url = `${options.authority}/${options.tenantId}/v2.0/.well-known/openid-configuration`
  const response = await request(url, options)
  if (response.status === 400 || response.status === 404) throw tenantNotFound(options, response)
  if (!response.ok) throw unreachable(options, `it answered with status ${response.status}`)
  const text = await readText(response)
  if (text === undefined) throw unreachable(options, 'its metadata is too large, or breaks off')
  const metadata = parse(text)
  if (!metadata) throw unreachable(options, 'what it answered is not OpenID metadata')
  return checkMetadata(metadata, options)
}

async function request(url: string, options: EntraMetadataOptions): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT)
    return await options.fetch(url, {
      signal,
      redirect: 'error',
      headers: { accept: 'application/json' },
    })
  } catch (cause) {
    throw unreachable(options, 'it cannot be reached', cause)
  }
}

/** A body of bounded size; undefined for a larger one, or one that does not arrive whole. */
export async function readText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > MAX_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): EntraMetadata | undefined {
  try {
    const document = JSON.parse(text) as Record<string, unknown>
    const names = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri']
    return names.every((name) => typeof document[name] === 'string')
      ? (document as unknown as EntraMetadata)
      : undefined
  } catch {
    return undefined
  }
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A document that names another host or tenant, or none, would have us trust somebody else. */
function checkMetadata(metadata: EntraMetadata, options: EntraMetadataOptions): EntraMetadata {
  const { issuer, ...endpoints } = metadata
  const { authority, tenantId } = options
  const [, named = ''] = /\/([^/]*)\/v2\.0$/.exec(issuer) ?? []
  // A tenant that is configured by a domain is named by its id here; which one, only Entra knows.
  const isTenant = GUID.test(named) && (named === tenantId || !GUID.test(tenantId))
  const isIssuer = isTenant && issuer === `${authority}/${named}/v2.0`
  const { authorization_endpoint, token_endpoint, jwks_uri } = endpoints
  const foreign = [authorization_endpoint, token_endpoint, jwks_uri].find(
    (endpoint) => URL.parse(endpoint)?.origin !== authority,
  )
  if (isIssuer && foreign === undefined) return metadata
  throw new EntraError(`Entra's metadata is not that of the tenant ${tenantId} at ${authority}.`, {
    isTransient: false,
    cure: 'Check ENTRANCE_AUTHORITY and AZURE_TENANT_ID.',
  })
}

function tenantNotFound(options: EntraMetadataOptions, response: Response): EntraError {
  void response.body?.cancel()
  const text = `Entra knows no tenant '${options.tenantId}' at ${options.authority}.`
  return new EntraError(text, {
    code: 90002,
    isTransient: false,
    cure: 'Put the Directory (tenant) ID of the app registration into AZURE_TENANT_ID, or set ENTRANCE_AUTHORITY if it belongs to another cloud.',
  })
}

function unreachable(options: EntraMetadataOptions, why: string, cause?: unknown): EntraError {
  return new EntraError(`Entra ID at ${options.authority} is not answering: ${why}.`, {
    isTransient: true,
    cure: 'Try again in a moment. If it lasts, check the connection from this server to Entra.',
    cause,
  })
}

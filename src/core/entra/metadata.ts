import { CLOUDS, findCloud } from '../clouds.ts'
import { EntraError } from '../errors.ts'
import { isIssuer, tenantOf } from './tenancy.ts'
import { explainUnreachable } from './unreachable.ts'

/** The part of Entra's OpenID metadata that we use. */
export type EntraMetadata = {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  /** Where Microsoft Graph is; to be checked before use: `graphOrigin`. */
  readonly msgraph_host?: string | undefined
  readonly cloud_instance_name?: string | undefined
  readonly tenant_region_scope?: string | undefined
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
    checkSameTenant(kept?.metadata, metadata, options.tenantId)
    kept = { metadata, at: performance.now() }
    return metadata
  }
}

async function fetchMetadata(options: EntraMetadataOptions): Promise<EntraMetadata> {
  const url = `${options.authority}/${options.tenantId}/v2.0/.well-known/openid-configuration`
  const response = await request(url, options)
  const isRefusal = response.status === 400 || response.status === 404
  if (!response.ok && !isRefusal) {
    void response.body?.cancel()
    throw unreachable(options, `it answered with status ${response.status}`)
  }
  const text = await readText(response)
  if (isRefusal) throw tenantNotFound(options, text ?? '')
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
    const { why, cure } = explainUnreachable(cause)
    throw unreachable(options, why, { cure, cause })
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
    if (!names.every((name) => typeof document[name] === 'string')) return undefined
    return { ...document, ...optionalTexts(document) } as unknown as EntraMetadata
  } catch {
    return undefined
  }
}

function optionalTexts(document: Record<string, unknown>) {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const { msgraph_host, cloud_instance_name, tenant_region_scope } = document
  return {
    msgraph_host: text(msgraph_host),
    cloud_instance_name: text(cloud_instance_name),
    tenant_region_scope: text(tenant_region_scope),
  }
}

/** A document that names another host or tenant, or none, would have us trust somebody else. */
function checkMetadata(metadata: EntraMetadata, options: EntraMetadataOptions): EntraMetadata {
  const { issuer, authorization_endpoint, token_endpoint, jwks_uri } = metadata
  const { authority, tenantId } = options
  checkCloud(metadata, options)
  const foreign = [authorization_endpoint, token_endpoint, jwks_uri].find(
    (endpoint) => URL.parse(endpoint)?.origin !== authority,
  )
  if (isIssuer(issuer, options) && foreign === undefined) return metadata
  throw new EntraError(`Entra's metadata is not that of the tenant ${tenantId} at ${authority}.`, {
    isTransient: false,
    cure: 'Check ENTRANCE_AUTHORITY and AZURE_TENANT_ID.',
  })
}

/** A host knows of tenants of other clouds, but signs none of their people in. */
function checkCloud(metadata: EntraMetadata, { authority, tenantId }: EntraMetadataOptions): void {
  const asked = findCloud(authority)
  const own = [...CLOUDS.values()].find(({ instance }) => instance === instanceOf(metadata))
  if (!asked || !own || asked === own) return
  throw new EntraError(
    `The tenant ${tenantId} belongs to ${own.name}; ${authority} is the login host of ${asked.name}.`,
    { isTransient: false, cure: `Set ENTRANCE_AUTHORITY to ${own.word}.` },
  )
}

function instanceOf({ cloud_instance_name, tenant_region_scope }: EntraMetadata) {
  return tenant_region_scope === 'USGov' ? CLOUDS.get('usgov')?.instance : cloud_instance_name
}

/** A domain can pass to another organisation; a running server goes on with the one it began with. */
function checkSameTenant(
  former: EntraMetadata | undefined,
  metadata: EntraMetadata,
  tenantId: string,
): void {
  if (former && former.issuer !== metadata.issuer) throw anotherTenant(tenantId, metadata.issuer)
}

/** What was found out, or granted, under another tenant than the configured name stands for now. */
export function anotherTenant(tenantId: string, issuer: string): EntraError {
  const id = tenantOf(issuer) ?? 'another tenant'
  return new EntraError(`The domain ${tenantId} stands for another tenant by now: ${id}.`, {
    isTransient: false,
    cure: 'Put the Directory (tenant) ID of the app registration into AZURE_TENANT_ID.',
  })
}

function tenantNotFound(options: EntraMetadataOptions, body: string): EntraError {
  const { tenantId, authority } = options
  const code = Number(/AADSTS(\d{4,9})/.exec(body)?.[1] ?? 90002)
  const others = [...CLOUDS.values()].filter(({ login }) => login !== authority)
  const words = others.map(({ word }) => word).join(' or ')
  const isElsewhere = OTHER_CLOUD.has(code)
  const text = isElsewhere
    ? `The tenant '${tenantId}' does not belong to the cloud of ${authority}.`
    : `Entra knows no tenant '${tenantId}' at ${authority}.`
  const cloud = `set ENTRANCE_AUTHORITY (${words})`
  const cure = isElsewhere
    ? `For its own cloud, ${cloud}.`
    : `Put the Directory (tenant) ID of the app registration into AZURE_TENANT_ID; if it belongs to another cloud, ${cloud}.`
  return new EntraError(text, { code, isTransient: false, cure })
}

/** AADSTS numbers that name a tenant of another cloud. */
const OTHER_CLOUD: ReadonlySet<number> = new Set([90038, 900439, 900382, 900432, 90051])

function unreachable(
  { authority }: EntraMetadataOptions,
  why: string,
  { cure, cause }: { cure?: string; cause?: unknown } = {},
): EntraError {
  return new EntraError(`Entra ID at ${authority} is not answering: ${why}.`, {
    isTransient: true,
    cure:
      cure ?? 'Try again in a moment. If it lasts, check the connection from this server to Entra.',
    cause,
  })
}

import type { Application, Directory, Tenant } from '../directory.ts'
import { isGuid } from '../guid.ts'
import { badRequest, GraphError, invalidProperty } from './graph-error.ts'

/** Refuses new identifier URIs that this tenant has no right to, or another application has. */
export function checkIdentifierUris(
  directory: Directory,
  tenant: Tenant,
  before: Application | undefined,
  after: Application,
): void {
  const { identifierUris } = after
  if (new Set(identifierUris).size < identifierUris.length) {
    throw invalidProperty('identifierUris', 'A value is there twice.')
  }
  for (const uri of identifierUris.filter((uri) => !before?.identifierUris.includes(uri))) {
    checkForm(tenant, after, uri)
    checkPolicy(tenant, after, uri)
    checkUnique(directory, after, uri)
  }
}

function checkForm(tenant: Tenant, { appId }: Application, uri: string): void {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (!url || uri.endsWith('/') || uri.includes('#') || /\s/.test(uri)) {
    throw invalidProperty('identifierUris', `'${uri}' is not a URI without a trailing slash.`)
  }
  const [first = ''] = segmentsOf(uri)
  if (url.protocol === 'api:' && isGuid(first) && ![appId, tenant.id].includes(first)) {
    throw invalidProperty(
      'identifierUris',
      `The GUID in '${uri}' must be the application's appId or the tenant's id.`,
    )
  }
}

/** What applications with v1 tokens may call themselves; those with v2 tokens are exempt. */
function checkPolicy(tenant: Tenant, application: Application, uri: string): void {
  if (application.api.requestedAccessTokenVersion === 2) return
  const { hostname, protocol } = new URL(uri)
  const isVerified = tenant.domains.some(
    (domain) => hostname === domain.toLowerCase() || hostname.endsWith(`.${domain.toLowerCase()}`),
  )
  if (protocol === 'https:' && !isVerified) {
    const message = `Values of identifierUris property must use a verified domain of the organization or its subdomain: '${uri}'`
    const detail = { code: 'HostNameNotOnVerifiedDomain', message, target: 'identifierUris' }
    throw new GraphError(400, 'HostNameNotOnVerifiedDomain', message, { details: [detail] })
  }
  const { identifierUriPolicy: policy } = tenant
  const { appId } = application
  const isDefault = [`api://${appId}`, `api://${tenant.id}/${appId}`].includes(uri)
  if (
    policy === 'off' ||
    isDefault ||
    (policy === 'secure' && (isVerified || hasId(uri, [appId, tenant.id])))
  )
    return
  const wanted =
    policy === 'strict'
      ? 'All newly added URIs must be of the form api://{appId} or api://{tenantId}/{appId}, as per the tenant policy'
      : 'All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy'
  throw badRequest(
    `Failed to add identifier URI ${uri}. ${wanted} of your organization. See https://aka.ms/identifier-uri-addition-error for more information on this error.`,
  )
}

function checkUnique(directory: Directory, { id, tenantId }: Application, uri: string): void {
  const isTaken = directory.applications.some(
    (other) =>
      other.id !== id &&
      other.tenantId === tenantId &&
      other.identifierUris.some((taken) => taken.toLowerCase() === uri.toLowerCase()),
  )
  if (!isTaken) return
  const property = 'identifierUris'
  const message = `Another object with the same value for property ${property} already exists.`
  throw badRequest(message, { code: 'ObjectConflict', message, target: property })
}

function hasId(uri: string, ids: readonly string[]): boolean {
  return segmentsOf(uri).some((segment) => ids.includes(segment))
}

function segmentsOf(uri: string): string[] {
  return uri
    .replace(/^[a-z][a-z0-9+.-]*:\/*/i, '')
    .toLowerCase()
    .split('/')
}

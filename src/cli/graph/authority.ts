import { CLOUDS, graphOrigin, loginHost } from '../../core/clouds.ts'
import { LOOPBACK_HOSTS } from '../../core/site.ts'
import { CommandError, Interrupted, UsageError } from '../exit-codes.ts'

/** Where a tenant signs people in, and where its directory is. */
export type Authority = {
  /** The login host's origin. */
  readonly origin: string
  /** The tenant as it stands in the URL. */
  readonly tenant: string
  /** Its id; undefined where the URL names none, as `organizations` does. */
  readonly tenantId: string | undefined
  readonly tokenEndpoint: string
  readonly authorizationEndpoint: string
  readonly deviceAuthorizationEndpoint: string
  /** Address of Microsoft Graph. */
  readonly graph: string
  /** What tokens for it are asked for by: its name with https, whatever its address is. */
  readonly graphResource: string
}

export const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TIMEOUT = 10_000

/** The login host that a word or an origin means. */
export function parseAuthority(text: string | undefined): string {
  const cloud = CLOUDS.get(text || 'public')
  if (cloud) return cloud.login
  const url = URL.parse(text ?? '')
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
  const isOrigin = url?.pathname === '/' && !url.search && !url.hash && !url.username
  if (url && isSafe && isOrigin) {
    return loginHost(url.origin)
  }
  throw new UsageError(
    `ENTRANCE_AUTHORITY is '${text?.replace(/\/\/[^/]*@/, '//')}', which is not a login host.`,
    'Write https:// and the host, such as https://login.microsoftonline.us; or public, usgov or china. http is for this machine only.',
  )
}

/** Reads the tenant's metadata (OpenID Connect Discovery §4). */
export async function findAuthority(
  origin: string,
  signsIn: string,
  signal: AbortSignal,
): Promise<Authority> {
  // Personal accounts have no directory: applications for them are in that of a work account.
  const tenant = signsIn === 'consumers' ? 'organizations' : signsIn
  const document = await readMetadata(origin, tenant, signal)
  const endpoint = (name: string) => {
    const url = URL.parse(String(document[name]))
    if (url?.origin === origin) return url.href
    throw new CommandError(`The metadata of ${origin} names no ${name} of its own.`, {
      cure: 'Check ENTRANCE_AUTHORITY.',
    })
  }
  const [, named = ''] = /\/([^/]*)\/v2\.0$/.exec(String(document.issuer)) ?? []
  return {
    origin,
    tenant,
    tenantId: GUID.test(named) ? named : undefined,
    tokenEndpoint: endpoint('token_endpoint'),
    authorizationEndpoint: endpoint('authorization_endpoint'),
    deviceAuthorizationEndpoint: endpoint('device_authorization_endpoint'),
    graph: toGraph(origin, document.msgraph_host),
    graphResource: `https://${document.msgraph_host}`,
  }
}

/** Tokens go there: it is one of Microsoft's hosts, or the login host itself. */
function toGraph(origin: string, host: unknown): string {
  try {
    return graphOrigin(origin, host)
  } catch (cause) {
    throw new CommandError((cause as Error).message, { cure: 'Check ENTRANCE_AUTHORITY.', cause })
  }
}

async function readMetadata(
  origin: string,
  tenant: string,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const url = `${origin}/${encodeURIComponent(tenant)}/v2.0/.well-known/openid-configuration`
  const response = await ask(url, origin, signal)
  if (response.status === 400 || response.status === 404) {
    void response.body?.cancel()
    throw new CommandError(`There is no tenant '${tenant}' at ${origin}.`, {
      cure: 'Give its id or domain with --tenant-id (AZURE_TENANT_ID); a tenant of another cloud needs --authority.',
    })
  }
  if (!response.ok) throw unreachable(origin, `it answered with status ${response.status}`)
  try {
    return Object(await response.json())
  } catch (cause) {
    throw unreachable(origin, 'what it answered is not OpenID metadata', cause)
  }
}

async function ask(url: string, origin: string, signal: AbortSignal): Promise<Response> {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT)
    return await fetch(url, { redirect: 'error', signal: AbortSignal.any([signal, timeout]) })
  } catch (cause) {
    if (signal.aborted) throw new Interrupted()
    throw unreachable(origin, 'it cannot be reached', cause)
  }
}

function unreachable(origin: string, why: string, cause?: unknown): CommandError {
  return new CommandError(`Entra ID at ${origin} is not answering: ${why}.`, {
    cure: 'Check the connection (HTTPS_PROXY, NODE_EXTRA_CA_CERTS) and --authority, then run it again.',
    cause,
  })
}

import { EntraError } from './errors.ts'
import { withoutTrailingSlashes } from './site.ts'

/** One of Microsoft's clouds: accounts and registrations of one are unknown in the others. */
export type Cloud = {
  /** What `entra.authority` calls it. */
  readonly word: string
  /** As it stands in a sentence. */
  readonly name: string
  readonly login: string
  /** `cloud_instance_name` of the metadata. */
  readonly instance: string
  /** The audience of a token that stands in for a secret here. */
  readonly exchangeAudience: string
}

/** By the words for them. */
export const CLOUDS: ReadonlyMap<string, Cloud> = new Map(
  [
    {
      word: 'public',
      name: 'the public cloud',
      login: 'https://login.microsoftonline.com',
      instance: 'microsoftonline.com',
      exchangeAudience: 'api://AzureADTokenExchange',
    },
    {
      word: 'usgov',
      name: 'the US Government cloud',
      login: 'https://login.microsoftonline.us',
      instance: 'microsoftonline.us',
      exchangeAudience: 'api://AzureADTokenExchangeUSGov',
    },
    {
      word: 'china',
      name: 'the China cloud',
      login: 'https://login.partner.microsoftonline.cn',
      instance: 'partner.microsoftonline.cn',
      exchangeAudience: 'api://AzureADTokenExchangeChina',
    },
  ].map((cloud) => [cloud.word, cloud]),
)

/** Other names of login hosts, which Microsoft keeps for old configurations. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['https://login.windows.net', 'public'],
  ['https://login.microsoft.com', 'public'],
  ['https://login.chinacloudapi.cn', 'china'],
])

/**
 * The origin of a login host that is given by the word for its cloud, or as it is; of one that
 * Microsoft has an old name for, the name that its metadata and tokens have.
 */
export function loginHost(authority: string): string {
  const given = withoutTrailingSlashes(authority)
  return (CLOUDS.get(given) ?? findCloud(given))?.login ?? given
}

/** The cloud of a login host; undefined for one that is not Microsoft's for organisations. */
export function findCloud(authority: string): Cloud | undefined {
  const alias = CLOUDS.get(ALIASES.get(authority) ?? '')
  return alias ?? [...CLOUDS.values()].find(({ login }) => login === authority)
}

/** Microsoft Graph of each cloud; that of the US Department of Defense is one of its own. */
const GRAPH_HOSTS: ReadonlySet<unknown> = new Set([
  'graph.microsoft.com',
  'graph.microsoft.us',
  'dod-graph.microsoft.us',
  'microsoftgraph.chinacloudapi.cn',
])

/**
 * Where Microsoft Graph is, by `msgraph_host` of the tenant's metadata: one of Microsoft's hosts, or
 * the login host itself (an emulator). Tokens are sent there, so another host is refused: `EntraError`.
 */
export function graphOrigin(authority: string, msgraphHost: unknown): string {
  if (GRAPH_HOSTS.has(msgraphHost)) return `https://${msgraphHost}`
  if (msgraphHost === new URL(authority).host) return authority
  const named = typeof msgraphHost === 'string' ? `'${msgraphHost.slice(0, 100)}'` : 'no host'
  throw new EntraError(`Entra's metadata at ${authority} names ${named} for Microsoft Graph.`, {
    isTransient: false,
    cure: 'Check ENTRANCE_AUTHORITY: a Graph host of Microsoft, or the login host, is expected.',
  })
}

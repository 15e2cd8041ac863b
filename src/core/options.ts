import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import { checkOptions } from './check-options.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { createKeyring, type Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { LOOPBACK_HOSTS, type Site, siteFor } from './site.ts'

/** What `createEntrance` takes. Every time is in seconds. */
export type EntranceOptions = {
  /** Public base URL, e.g. `https://expenses.example.com`; it is the issuer (RFC 8414 §2). */
  url: string
  /** The app registration at Entra. */
  entra: EntraOptions
  /** Where grants live. Required: a forgotten in-memory store signs everybody out at each restart. */
  store: Store
  /**
   * Master key, 32 characters or more of randomness; several, the current one first, while keys
   * are being rotated. Replicas share it.
   */
  secret: string | readonly string[]
  /** The scope that lets a client in, by its short name. @default 'mcp-access' */
  scope?: string
  /** Path of the MCP endpoint below `url`. @default '/mcp' */
  path?: string
  /** The server's name on the consent page. @default the host of `url` */
  name?: string
  /** Origins of browser-run clients that may call the MCP endpoint. @default none but its own */
  allowedOrigins?: readonly string[]
  /**
   * Redirect URIs with a private-use scheme (RFC 8252 §7.1) that clients may use, exactly.
   * @default Cursor's
   */
  privateUseRedirectUris?: readonly string[]
  /** Life of an access token. More than 600: clients refresh ahead of time. @default 3600 */
  accessTokenTtl?: number
  /** A grant that is not used for so long ends. @default 30 days */
  grantIdleTtl?: number
  /** A grant ends after so long, whatever happens. @default 180 days */
  grantMaxTtl?: number
  /** Without word from the store for so long, `/mcp` answers 503. @default 30 */
  storeSilenceTtl?: number
  /** @default no log */
  log?: Log
  /** How to reach Entra. @default the platform's `fetch` */
  fetch?: typeof fetch
}

export type EntraOptions = {
  /** Directory (tenant) id, or a verified domain of the tenant. */
  tenantId: string
  /** Application (client) id. */
  clientId: string
  /** The client secret's value. */
  clientSecret: string
  /** Login host. @default 'https://login.microsoftonline.com' */
  authority?: string | undefined
  /** Application ID URI. @default 'api://<clientId>' */
  identifierUri?: string
  /** `prompt` of every sign-in; empty leaves it to Entra. @default 'select_account' */
  prompt?: string
}

/** The app registration, complete. */
export type EntraConfig = { readonly [Name in keyof EntraOptions]-?: string }

/** The options, checked and completed; the rest of the code sees only this. */
export type Config = {
  /** What a client sees when it comes by the configured address. */
  readonly site: Site
  /** By Host header: the sites of a loopback deployment, all aliases of one. */
  readonly sites: ReadonlyMap<string, Site>
  readonly isLoopback: boolean
  readonly entra: EntraConfig
  /** Names authority, tenant and client: what grants and tokens are bound to. */
  readonly binding: string
  readonly keyring: Keyring
  readonly store: Store
  readonly scope: string
  readonly path: string
  readonly name: string
  readonly allowedOrigins: ReadonlySet<string>
  readonly privateUseRedirectUris: ReadonlySet<string>
  readonly accessTokenTtl: number
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
  readonly storeSilenceTtl: number
  readonly log: Log
  readonly fetch: typeof fetch
}

const DAY = 24 * 60 * 60

const DEFAULTS = {
  scope: 'mcp-access',
  path: '/mcp',
  allowedOrigins: [],
  privateUseRedirectUris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
  accessTokenTtl: 3600,
  grantIdleTtl: 30 * DAY,
  grantMaxTtl: 180 * DAY,
  storeSilenceTtl: 30,
  log: () => {},
} as const

/** What is wrong with the settings that a person writes; empty when nothing is. */
export function findConfigProblems(
  options: Pick<EntranceOptions, 'url' | 'secret'> & { entra?: EntraOptions },
): ConfigProblem[] {
  const entra = resolveEntra(options.entra ?? PLAUSIBLE_ENTRA)
  const secrets = [options.secret].flat() as string[]
  return checkOptions({ ...DEFAULTS, url: options.url, entra, secrets })
}

/** Stands in for an app registration where there is none to check. */
const PLAUSIBLE_ENTRA: EntraOptions = {
  tenantId: '00000000-0000-0000-0000-000000000001',
  clientId: '00000000-0000-0000-0000-000000000001',
  clientSecret: 'none',
}

/** Checks the options, all problems at once, and fills in the defaults. Throws `ConfigError`. */
export function resolveOptions(options: EntranceOptions): Config {
  const given = { ...DEFAULTS, ...defined(options) }
  const entra = resolveEntra(options.entra)
  const secrets = typeof options.secret === 'string' ? [options.secret] : (options.secret ?? [])
  const problems = checkOptions({ ...given, entra, secrets })
  if (!options.store) problems.push(STORE_MISSING)
  if (problems.length > 0) throw new ConfigError(problems)

  const base = new URL(options.url)
  const site = siteFor(base, base.host, given.path)
  const isLoopback = LOOPBACK_HOSTS.has(base.hostname)
  const aliases = isLoopback ? [...LOOPBACK_HOSTS].map((name) => hostWith(base, name)) : [base.host]
  return Object.freeze({
    ...given,
    site,
    sites: new Map(aliases.map((host) => [host, siteFor(base, host, given.path)])),
    isLoopback,
    entra,
    binding: digest([entra.authority, entra.tenantId, entra.clientId].join(' ')).slice(0, 6),
    keyring: createKeyring(secrets),
    name: given.name ?? base.host,
    allowedOrigins: new Set(given.allowedOrigins),
    privateUseRedirectUris: new Set(given.privateUseRedirectUris),
    fetch: given.fetch ?? globalThis.fetch,
  })
}

/** An option that is present but undefined means its default. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as T
}

function resolveEntra(options: EntraOptions): EntraConfig {
  const { authority, tenantId, clientId, clientSecret } = options ?? {}
  return {
    authority: (authority ?? 'https://login.microsoftonline.com').replace(/\/+$/, ''),
    // GUIDs and domain names are compared by others without regard to case.
    tenantId: (tenantId ?? '').trim().toLowerCase(),
    clientId: (clientId ?? '').trim().toLowerCase(),
    clientSecret: clientSecret ?? '',
    identifierUri: options?.identifierUri ?? `api://${(clientId ?? '').trim().toLowerCase()}`,
    prompt: options?.prompt ?? 'select_account',
  }
}

function hostWith(base: URL, hostname: string): string {
  return base.port ? `${hostname}:${base.port}` : hostname
}

const STORE_MISSING: ConfigProblem = {
  option: 'store',
  problem: 'is missing.',
  cure: "Pass sqliteStore('entrance.db') from 'entrance/stores/sqlite'.",
}

import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import type { Keyring } from './keys/keyring.ts'
import type { Site } from './site.ts'

/** The longest life that an access token can be given, in seconds. */
export const ACCESS_TOKEN_MAX_TTL = 24 * 60 * 60

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
  /**
   * Clients whose id is the address of a metadata document: the document is fetched; of a few
   * clients a known copy is used, and nothing is fetched; or there are none.
   * @default 'fetch'; 'pinned' where url or authority is on loopback
   */
  clientDocuments?: 'fetch' | 'pinned' | 'off'
  /** The only hosts to take such documents, and clients' keys, from. @default every public one */
  clientDocumentHosts?: readonly string[]
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
  readonly clientDocuments: 'fetch' | 'pinned' | 'off'
  /** Undefined: every public host. */
  readonly clientDocumentHosts: ReadonlySet<string> | undefined
  readonly accessTokenTtl: number
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
  readonly storeSilenceTtl: number
  readonly log: Log
  readonly fetch: typeof fetch
}

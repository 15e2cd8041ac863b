import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import type { KeySource, LiveKeyring } from './keys/keyring.ts'
import type { Observe, Observer } from './observer.ts'
import type { Site } from './site.ts'

/** How far the clocks of replicas may be apart, in seconds: no token is refused for it, and no rule missed. */
export const CLOCK_SKEW = 60

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
   * are being rotated; or a source of them, whose keys may change while the server runs. Replicas
   * share it.
   */
  secret: string | readonly string[] | KeySource
  /** The scope that lets a client in, by its short name. @default 'mcp-access' */
  scope?: string
  /**
   * More scopes of the same API, by their short names, that a client can ask for besides. Each tool
   * says for itself what it needs: {@link requireScope}.
   * @default none
   */
  additionalScopes?: readonly string[]
  /** Path of the MCP endpoint below `url`. @default '/mcp' */
  path?: string
  /** The server's name on the consent page. @default the host of `url` */
  name?: string
  /**
   * Whether a browser that opens `url` is shown what is here and how each client is connected. An
   * app that has a page there has its own.
   * @default false
   */
  frontDoor?: boolean
  /** Origins of browser-run clients that may call the MCP endpoint. @default none but its own */
  allowedOrigins?: readonly string[]
  /**
   * Redirect URIs with a private-use scheme (RFC 8252 §7.1) that clients may use, exactly.
   * @default Cursor's
   */
  privateUseRedirectUris?: readonly string[]
  /** Who may come in. @default whoever Entra lets in */
  allow?: AllowOptions
  /** Which clients may turn up unannounced. @default every client */
  registration?: RegistrationOptions
  /** Clients that need not register: the operator names them. @default none */
  clients?: readonly ConfiguredClient[]
  /**
   * Whether a person is asked each time (`always`), or not again for 90 days after they allowed
   * the same client the same scopes at the same redirect URI (`remember`). @default 'always'
   */
  consent?: ConsentMode
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
  /** How many reverse proxies stand in front and add to X-Forwarded-For. @default 0 */
  trustedProxyHops?: number
  /** How much one address may ask for; `false` switches it off. @default see below */
  limits?: LimitOptions | false
  /** @default no log */
  log?: Log
  /** Who is told of what happens: metrics, traces, the audit log. @default nobody */
  observers?: readonly Observer[]
  /** How to reach Entra. @default the platform's `fetch` */
  fetch?: typeof fetch
}

/**
 * Who may come in. Every rule that is given has to be met, a list by any one of its entries. Judged
 * at the sign-in and at each refresh.
 */
export type AllowOptions = {
  /**
   * Tenant ids, or `any`. Required where `tenantId` is `organizations` or `common`.
   * @default the tenant of `tenantId`
   */
  tenants?: readonly string[] | 'any' | undefined
  /**
   * Object ids of people; where several tenants may sign in, `<tenant id>/<object id>`.
   * @default everybody
   */
  users?: readonly string[] | undefined
  /** Object ids of groups, likewise; who is in a group within the group counts. @default everybody */
  groups?: readonly string[] | undefined
  /** Values of app roles. @default everybody */
  roles?: readonly string[] | undefined
  /** Whether guests of the tenant may come in. @default `true` */
  guests?: boolean | undefined
  /** Whom to ask, for people who are refused: a mail address, or a sentence. @default the operator */
  contact?: string | undefined
}

/** {@link AllowOptions}, complete; a list that is undefined keeps nobody out. */
export type AllowConfig = {
  readonly tenants: ReadonlySet<string> | undefined
  readonly users: ReadonlySet<string> | undefined
  readonly groups: ReadonlySet<string> | undefined
  readonly roles: ReadonlySet<string> | undefined
  readonly guests: boolean
  readonly contact: string | undefined
}

/** Who may register: everybody, whoever has a listed redirect URI, nobody. */
export type RegistrationMode = 'open' | 'allowlist' | 'off'

/** Judged at each use: what was registered under another setting is no exception. */
export type RegistrationOptions = {
  /** `open`, `allowlist`, or `off`: `clients` only. @default `allowlist` with `allow`, else `open` */
  mode?: RegistrationMode | undefined
  /**
   * The redirect URIs of `allowlist`: presets by name, such as `vscode`, and URIs. One that ends in
   * `/*` stands for any one segment there. @default none
   */
  allow?: readonly string[] | undefined
  /**
   * Whether a client that this server does not know, with a redirect URI on loopback, may be allowed
   * by the person as an unverified application. Only on loopback. @default `false`
   */
  adopt?: boolean | undefined
}

/** A client that the configuration names (RFC 7591 §2 for the members). */
export type ConfiguredClient = {
  /** Your choice: 1 to 200 printable characters without a blank or a colon. */
  client_id: string
  /** Its name on the consent page. @default none */
  client_name?: string | undefined
  /** Compared exactly; on loopback the port may differ. */
  redirect_uris: readonly string[]
  /**
   * `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`; the one that is named
   * is the one that is taken. @default the secret, in either place
   */
  token_endpoint_auth_method?:
    | ('none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt')
    | undefined
  /** 32 characters or more; several while it is being changed. @default none */
  client_secret?: string | readonly string[] | undefined
  /** The public keys of `private_key_jwt` (RFC 7517 §5). @default none */
  jwks?: { readonly keys: readonly object[] } | undefined
  /** Where they are instead; fetched as clients' documents are. @default none */
  jwks_uri?: string | undefined
  /** Whether it is kept out, while its id stays taken. @default `false` */
  disabled?: boolean | undefined
}

/** {@link RegistrationOptions}, complete. */
export type RegistrationConfig = {
  readonly mode: RegistrationMode
  /** With the presets' names replaced by their URIs. */
  readonly allow: readonly string[]
  readonly adopt: boolean
}

/** When the consent page is shown. */
export type ConsentMode = 'always' | 'remember'

export type EntraOptions = {
  /**
   * Directory (tenant) id, or a verified domain of the tenant; or `organizations`, `common` (both
   * with `allow.tenants`) or `consumers`.
   */
  tenantId: string
  /** Application (client) id. */
  clientId: string
  /** The client secret's value. Required unless there is a `credential`. @default none */
  clientSecret?: string | undefined
  /** What stands in the secret's place. @default the secret */
  credential?: EntraCredential | undefined
  /** A login host's origin, or `public`, `usgov` or `china`. @default 'public' */
  authority?: string | undefined
  /** Application ID URI. @default 'api://<clientId>' */
  identifierUri?: string
  /** `prompt` of every sign-in; empty leaves it to Entra. @default 'select_account' */
  prompt?: string
}

/** How this server proves to Entra that it is the app registration. */
export type EntraCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | CertificateCredential
  | WorkloadIdentityCredential
  | ManagedIdentityCredential
  | AssertionCredential

/** A certificate that is uploaded to the app registration; both are PEM texts. */
export type CertificateCredential = {
  readonly kind: 'certificate'
  readonly certificate: string
  readonly privateKey: string
}

/** A token in a file that somebody keeps fresh, such as Kubernetes. */
export type WorkloadIdentityCredential = {
  readonly kind: 'workload-identity'
  readonly tokenFile: string
}

/** The identity of the Azure machine or service that this server runs on. */
export type ManagedIdentityCredential = {
  readonly kind: 'managed-identity'
  /** Of a user-assigned identity. @default the system-assigned one */
  readonly clientId?: string | undefined
  /** Where tokens are: `IDENTITY_ENDPOINT`. @default that of a virtual machine */
  readonly endpoint?: string | undefined
  /** What goes with it: `IDENTITY_HEADER`. @default none, as on a virtual machine */
  readonly identityHeader?: string | undefined
}

/** A token of another issuer that you get yourself: asked for at each use, so keep it. */
export type AssertionCredential = {
  readonly kind: 'assertion'
  readonly getAssertion: () => Promise<string>
}

/** Of one address (IPv6: of one /64), so many at once, and as many again within a minute. */
export type LimitOptions = {
  /** Requests to `/register`. @default 300 */
  registrations?: number
  /** Requests to `/authorize`, and as many each to `/consent` and `/auth/apps`. @default 600 */
  signIns?: number
  /**
   * Refused requests to each other endpoint, such as `/token`. What succeeds is neither counted nor
   * held up, and nothing is at the MCP endpoint. @default 600
   */
  failures?: number
}

/** The app registration, complete. */
export type EntraConfig = {
  readonly [Name in Exclude<keyof EntraOptions, 'clientSecret' | 'credential'>]-?: string
} & { readonly credential: EntraCredential }

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
  readonly keyring: LiveKeyring
  /** Where the keys come from, if they can change. */
  readonly keySource: KeySource | undefined
  readonly store: Store
  readonly scope: string
  readonly additionalScopes: ReadonlySet<string>
  readonly path: string
  readonly name: string
  readonly frontDoor: boolean
  readonly allowedOrigins: ReadonlySet<string>
  readonly privateUseRedirectUris: ReadonlySet<string>
  readonly allow: AllowConfig
  readonly registration: RegistrationConfig
  readonly clients: readonly ConfiguredClient[]
  readonly consent: ConsentMode
  readonly clientDocuments: 'fetch' | 'pinned' | 'off'
  /** Undefined: every public host. */
  readonly clientDocumentHosts: ReadonlySet<string> | undefined
  readonly accessTokenTtl: number
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
  readonly storeSilenceTtl: number
  readonly trustedProxyHops: number
  /** Undefined: nothing is limited. */
  readonly limits: Readonly<Required<LimitOptions>> | undefined
  readonly log: Log
  readonly observe: Observe
  readonly fetch: typeof fetch
}

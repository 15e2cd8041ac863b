import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { chatGptKeys } from './published-documents.ts'

/** A protocol revision: with `initialize` until 2025-11-25, without it since 2026-07-28. */
export type Revision = '2025-06-18' | '2025-11-25' | '2026-07-28'

/** A request to the MCP endpoint before there is a token. */
export type Probe = {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** The JSON-RPC method of a POST. */
  readonly rpc?: 'initialize' | 'server/discover'
}

/** How a client finds out whom to ask; all of them do so by documents, in different order. */
export type Discovery = {
  /**
   * Where it takes the address of the protected resource's metadata from: the challenge, or the
   * well-known place (RFC 9728 §3.1).
   */
  readonly start: 'challenge' | 'well-known'
  /** How often it reads both documents: some look ahead, and their SDK looks again. */
  readonly rounds: 1 | 2
  readonly headers?: Readonly<Record<string, string>>
  /** `exact`: the resource is the URL the person typed; `origin`: the SDKs' rule, same origin and path below. */
  readonly resourceMatch: 'exact' | 'origin'
}

/** What a client does with a registration that the server does not know. */
export type Stale = {
  /** After `401 invalid_client` to a refresh. */
  readonly atToken: 'registers'
  /** `stuck` until its person resets it, `registers` after a look ahead, `never` goes there with an old id. */
  readonly atAuthorize: 'stuck' | 'registers' | 'never'
  /** Its row on the page that says how to reset it. */
  readonly reset: string
}

/** One client that people use, as data: what it sends, and what it insists on. */
export type SimulatedClient = {
  readonly name: string
  readonly userAgent: string
  readonly probes: readonly Probe[]
  readonly discovery: Discovery
  /** Its metadata document, which it prefers where the server takes such, and what it uses then. */
  readonly cimd?: {
    readonly client_id: string
    readonly usedRedirectUris: (port: number) => readonly string[]
    /** What it signs with, where its document says that it does. */
    readonly signingKey?: CryptoKey
  }
  /** The body of its registration, for the redirect URIs that it registers. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly registeredRedirectUris: (port: number) => readonly string[]
  /** It registers so often for one sign-in. @default 1 */
  readonly registrations?: number
  /** Those that it has been seen to use. */
  readonly usedRedirectUris: (port: number) => readonly string[]
  readonly state: () => string
  readonly scope: 'challenge' | 'metadata' | 'none'
  /** Appends it where the server lists it, and then asks for `prompt=consent` as well. */
  readonly wantsOfflineAccess?: boolean
  /** Spoils the resource of its authorization request. */
  readonly mangleResource?: (resource: string) => string
  /** Asks `/authorize` itself before it opens a browser. */
  readonly looksAhead?: boolean
  readonly authentication: 'none' | 'client_secret_basic' | 'client_secret_post'
  readonly revision: Revision
  /** Whether it says the revision in a header after login. @default true */
  readonly saysRevision?: boolean
  /** Opens an event stream after login. */
  readonly opensStream?: boolean
  /** It refreshes so many seconds before the end. */
  readonly refreshSkew: number
  readonly stale: Stale
}

const GRANTS = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }
const PUBLIC = { ...GRANTS, token_endpoint_auth_method: 'none' }
const NATIVE = { ...PUBLIC, application_type: 'native' }
const INITIALIZE: Probe = { method: 'POST', rpc: 'initialize' }
const DISCOVER: Probe = { method: 'POST', rpc: 'server/discover' }

/** The two documents as the official SDKs ask for them. */
const SDK: Discovery = {
  start: 'challenge',
  rounds: 1,
  headers: { 'mcp-protocol-version': '2025-11-25', accept: 'application/json' },
  resourceMatch: 'origin',
}

const base64 = (bytes: number) => randomBytes(bytes).toString('base64')
const base64url = (bytes: number) => randomBytes(bytes).toString('base64url')
const hex = (bytes: number) => randomBytes(bytes).toString('hex')

/** A port out of those that a system gives out. */
export const randomPort = () => randomInt(49_152, 65_536)

const VS_CODE_DOCUMENT = 'https://vscode.dev/oauth/client-metadata.json'

/** VS Code's registration, from the desktop and from the web alike: four addresses at once. */
const VS_CODE = {
  userAgent: 'Visual Studio Code/1.139.1',
  probes: [INITIALIZE],
  // It sends the revision here and not on the MCP endpoint.
  discovery: SDK,
  metadata: {
    ...NATIVE,
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: [...GRANTS.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'],
    scope: 'mcp-access',
  },
  registeredRedirectUris: () => [
    'https://insiders.vscode.dev/redirect',
    'https://vscode.dev/redirect',
    'http://127.0.0.1/',
    'http://127.0.0.1:33418/',
  ],
  scope: 'challenge',
  authentication: 'none',
  revision: '2025-11-25',
  saysRevision: false,
  opensStream: true,
  refreshSkew: 300,
  stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'VS Code' },
} as const satisfies Partial<SimulatedClient>

/**
 * The clients that people use, as they were seen to behave; of those that run at their vendor's,
 * as the vendor says. A client that does more than one thing has a row for each.
 */
export const SIMULATED_CLIENTS: readonly SimulatedClient[] = [
  {
    ...VS_CODE,
    name: 'VS Code, desktop',
    cimd: {
      client_id: VS_CODE_DOCUMENT,
      usedRedirectUris: (port) => ['http://127.0.0.1:33418/', `http://127.0.0.1:${port}/`],
    },
    usedRedirectUris: (port) => ['http://127.0.0.1:33418/', `http://127.0.0.1:${port}/`],
    // Standard base64: a plus that is decoded once too often becomes a blank.
    state: () => `+/${base64(30)}+A==`,
  },
  {
    ...VS_CODE,
    name: 'VS Code, web',
    cimd: {
      client_id: VS_CODE_DOCUMENT,
      usedRedirectUris: () => ['https://vscode.dev/redirect'],
    },
    usedRedirectUris: () => ['https://vscode.dev/redirect', 'https://insiders.vscode.dev/redirect'],
    state: () =>
      `vscode://dynamicauthprovider/127.0.0.1/authorize?nonce=${base64url(16)}&windowId%3D1%26_%3D%7B%22a%22%3A%22b%2520c%22%7D`,
    // One slash of the two gets lost on the way through its own URI type.
    mangleResource: (resource) => resource.replace('//', '/'),
  },
  {
    name: 'Claude web',
    userAgent: 'Claude-User',
    probes: [INITIALIZE],
    discovery: { start: 'challenge', rounds: 1, resourceMatch: 'exact' },
    cimd: {
      client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
      usedRedirectUris: () => ['https://claude.ai/api/mcp/auth_callback'],
    },
    metadata: { ...PUBLIC, client_name: 'Claude', scope: 'mcp-access' },
    registeredRedirectUris: () => ['https://claude.ai/api/mcp/auth_callback'],
    usedRedirectUris: () => ['https://claude.ai/api/mcp/auth_callback'],
    state: () => base64url(32),
    scope: 'metadata',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-11-25',
    refreshSkew: 300,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
  {
    name: 'Claude Code',
    userAgent: 'claude-code/2.1.330 (cli)',
    // `claude mcp login` reads the metadata and asks nothing before.
    probes: [],
    discovery: { ...SDK, start: 'well-known', rounds: 2 },
    // Its document names the callback without a port.
    cimd: {
      client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
      usedRedirectUris: (port) => [`http://localhost:${port}/callback`],
    },
    metadata: { ...NATIVE, client_name: 'Claude Code (expenses)' },
    registeredRedirectUris: (port) => [`http://localhost:${port}/callback`],
    usedRedirectUris: (port) => [
      `http://localhost:${port}/callback`,
      // The port of its first login may be taken at the next.
      `http://localhost:${port - 1}/callback`,
    ],
    state: () => base64url(32),
    scope: 'challenge',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2026-07-28',
    refreshSkew: 300,
    stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'Claude Code' },
  },
  {
    name: 'Cursor',
    userAgent: 'Cursor/3.4.2 (linux x64)',
    probes: [INITIALIZE],
    discovery: SDK,
    metadata: { ...PUBLIC, client_name: 'Cursor', client_uri: 'https://cursor.com' },
    registeredRedirectUris: () => CURSOR_REDIRECT_URIS,
    usedRedirectUris: () => CURSOR_REDIRECT_URIS,
    state: () => Buffer.from(JSON.stringify({ id: randomUUID() })).toString('base64'),
    scope: 'none',
    authentication: 'none',
    revision: '2025-11-25',
    opensStream: true,
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'Cursor' },
  },
  {
    name: 'ChatGPT',
    userAgent: 'openai-mcp/1.0.0',
    probes: [INITIALIZE],
    discovery: { start: 'challenge', rounds: 1, resourceMatch: 'exact' },
    cimd: {
      client_id: 'https://chatgpt.com/oauth/client.json',
      usedRedirectUris: () => ['https://chatgpt.com/connector_platform_oauth_redirect'],
      signingKey: chatGptKeys.privateKey,
    },
    metadata: { ...PUBLIC, client_name: 'ChatGPT' },
    registeredRedirectUris: () => ['https://chatgpt.com/connector_platform_oauth_redirect'],
    usedRedirectUris: () => ['https://chatgpt.com/connector_platform_oauth_redirect'],
    state: () => `oauth_s_${hex(16)}`,
    scope: 'metadata',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-11-25',
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
  {
    name: 'Codex',
    userAgent: 'codex_cli_rs/0.169.0 (Debian 13.0.0; x86_64)',
    probes: [{ method: 'GET', headers: { 'mcp-protocol-version': '2024-11-05' } }],
    discovery: { ...SDK, rounds: 2, headers: { 'mcp-protocol-version': '2024-11-05' } },
    cimd: {
      client_id: 'https://chatgpt.com/oauth/codex/client.json',
      usedRedirectUris: (port) => [`http://127.0.0.1:${port}/callback`],
    },
    metadata: { ...NATIVE, client_name: 'Codex' },
    registeredRedirectUris: (port) => [`http://127.0.0.1:${port}/callback`],
    usedRedirectUris: (port) => [`http://127.0.0.1:${port}/callback`],
    state: () => base64url(16),
    scope: 'challenge',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-06-18',
    refreshSkew: 30,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Codex' },
  },
  {
    name: 'Copilot Studio',
    userAgent: 'PowerPlatform-ApiHub/1.0',
    probes: [INITIALIZE],
    discovery: { start: 'well-known', rounds: 1, resourceMatch: 'origin' },
    metadata: {
      ...GRANTS,
      client_name: 'Power Platform connector',
      token_endpoint_auth_method: 'client_secret_post',
    },
    registeredRedirectUris: (port) => [`${AZURE_APIM}/expenses-5f0c${port}`],
    usedRedirectUris: (port) => [`${AZURE_APIM}/expenses-5f0c${port}`],
    state: () => `${hex(8)}_${base64url(600)}`,
    scope: 'metadata',
    authentication: 'client_secret_post',
    revision: '2025-06-18',
    refreshSkew: 300,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
  {
    name: 'Gemini CLI',
    userAgent: 'node',
    probes: [INITIALIZE, { method: 'HEAD', headers: { accept: 'text/event-stream' } }],
    discovery: { start: 'challenge', rounds: 2, resourceMatch: 'origin' },
    metadata: { ...PUBLIC, client_name: 'Gemini CLI MCP Client', scope: '' },
    registeredRedirectUris: (port) => [`http://localhost:${port}/oauth/callback`],
    usedRedirectUris: (port) => [`http://localhost:${port}/oauth/callback`],
    state: () => base64url(16),
    scope: 'challenge',
    authentication: 'none',
    revision: '2025-06-18',
    refreshSkew: 300,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
  {
    name: 'MCP Inspector, CLI',
    userAgent: 'node',
    probes: [DISCOVER],
    discovery: SDK,
    metadata: inspector(),
    registeredRedirectUris: () => ['http://127.0.0.1:6276/oauth/callback'],
    usedRedirectUris: () => ['http://127.0.0.1:6276/oauth/callback'],
    state: () => hex(32),
    scope: 'challenge',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2026-07-28',
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'MCP Inspector' },
  },
  {
    name: 'MCP Inspector, web',
    userAgent: 'node',
    probes: [INITIALIZE],
    discovery: SDK,
    metadata: inspector(),
    registeredRedirectUris: () => ['http://localhost:6274/oauth/callback'],
    usedRedirectUris: () => ['http://localhost:6274/oauth/callback'],
    state: () => hex(32),
    scope: 'metadata',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-11-25',
    opensStream: true,
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'MCP Inspector' },
  },
  {
    name: 'mcp-remote',
    userAgent: 'node',
    probes: [{ method: 'GET', headers: { accept: 'text/event-stream' } }],
    discovery: { ...SDK, rounds: 2 },
    metadata: {
      ...NATIVE,
      client_name: 'MCP CLI Client',
      client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
      software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      software_version: '0.15.1',
    },
    registeredRedirectUris: () => ['http://localhost:16442/oauth/callback'],
    usedRedirectUris: () => ['http://localhost:16442/oauth/callback'],
    state: randomUUID,
    scope: 'metadata',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-11-25',
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'stuck', reset: 'mcp-remote' },
  },
  {
    name: 'FastMCP',
    userAgent: 'python-httpx/0.28.1',
    probes: [DISCOVER],
    discovery: { ...SDK, headers: { 'mcp-protocol-version': '2026-07-28' } },
    // Without token_endpoint_auth_method, which therefore is client_secret_basic (RFC 7591 §2).
    metadata: {
      ...GRANTS,
      application_type: 'native',
      client_name: 'FastMCP Client',
      scope: 'mcp-access',
    },
    registeredRedirectUris: (port) => [`http://localhost:${port}/callback`],
    usedRedirectUris: (port) => [`http://localhost:${port}/callback`],
    state: () => base64url(32),
    scope: 'challenge',
    wantsOfflineAccess: true,
    looksAhead: true,
    authentication: 'client_secret_basic',
    revision: '2026-07-28',
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'registers', reset: 'Any other' },
  },
  {
    name: 'opencode',
    userAgent: 'opencode/1.18.33',
    probes: [INITIALIZE],
    discovery: SDK,
    metadata: { ...PUBLIC, client_name: 'OpenCode', client_uri: 'https://opencode.ai' },
    registeredRedirectUris: () => ['http://127.0.0.1:19876/mcp/oauth/callback'],
    registrations: 2,
    usedRedirectUris: () => ['http://127.0.0.1:19876/mcp/oauth/callback'],
    state: () => hex(32),
    scope: 'challenge',
    wantsOfflineAccess: true,
    authentication: 'none',
    revision: '2025-11-25',
    opensStream: true,
    refreshSkew: 0,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
  {
    name: 'mcporter',
    userAgent: 'node',
    probes: [INITIALIZE, INITIALIZE],
    discovery: SDK,
    metadata: { ...PUBLIC, client_name: 'mcporter (localhost)' },
    registeredRedirectUris: (port) => [`http://127.0.0.1:${port}/callback`],
    usedRedirectUris: (port) => [`http://127.0.0.1:${port}/callback`],
    state: randomUUID,
    scope: 'challenge',
    authentication: 'none',
    revision: '2025-11-25',
    opensStream: true,
    refreshSkew: 60,
    stale: { atToken: 'registers', atAuthorize: 'never', reset: 'Any other' },
  },
]

const CURSOR_REDIRECT_URIS = [
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'https://www.cursor.com/agents/mcp/oauth/callback',
  'http://localhost:8787/callback',
]

const AZURE_APIM = 'https://global.consent.azure-apim.net/redirect'

function inspector(): Readonly<Record<string, unknown>> {
  const client_uri = 'https://github.com/modelcontextprotocol/inspector'
  return { ...NATIVE, client_name: 'MCP Inspector', client_uri, scope: 'mcp-access' }
}

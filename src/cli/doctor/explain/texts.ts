import { OWN_TEXTS } from './own-texts.ts'

/** What a client, a browser or this server says, and what it comes from. */
export type KnownText = {
  /** A name for scripts, and for the documentation. */
  readonly id: string
  /** Who says it. */
  readonly who: string
  readonly pattern: RegExp
  readonly means: string
  readonly cures: readonly string[]
  /** Checks of `doctor` that look at it. */
  readonly checks: readonly string[]
}

const SDK = 'Clients made with the MCP TypeScript SDK'

/** Texts of other people's change: data, to be corrected here. The first that fits counts. */
export const KNOWN_TEXTS: readonly KnownText[] = [
  {
    id: 'no-registration',
    who: `${SDK}, Codex, Copilot Studio`,
    pattern:
      /does not support dynamic client registration|Dynamic client registration not supported|GetDynamicClientRegistrationResultAsync failed/i,
    means:
      'The client found metadata without a registration endpoint: that of Entra in place of this server, or this server takes no registrations.',
    cures: [
      'Give the client the address of this server, ending in /mcp.',
      'Where ENTRANCE_REGISTRATION is off, name the client in ENTRANCE_CLIENTS.',
    ],
    checks: ['server.resource-metadata', 'server.metadata', 'server.registration'],
  },
  {
    id: 'no-s256',
    who: SDK,
    pattern: /does not support code challenge method S256|does not offer PKCE with S256/i,
    means: 'The client found metadata that does not offer PKCE with S256, as that of Entra.',
    cures: ['Give the client the address of this server, and not that of Entra.'],
    checks: ['server.resource-metadata', 'server.metadata'],
  },
  {
    id: 'issuer-mismatch',
    who: `${SDK}, Copilot CLI`,
    pattern: /Issuer mismatch|advertised an issuer that does not match/i,
    means:
      'The issuer in the metadata is not, character by character, the address that it was found at.',
    cures: ['Set ENTRANCE_URL to the address that clients use, without a slash at its end.'],
    checks: ['server.challenge', 'server.metadata'],
  },
  {
    id: 'resource-mismatch',
    who: SDK,
    pattern: /Protected resource \S+ does not match expected|its tokens would not fit/i,
    means: 'The server takes itself for one at another address than the client was given.',
    cures: ['Set ENTRANCE_URL to the address that clients use.'],
    checks: ['server.challenge', 'server.resource-metadata'],
  },
  {
    id: 'no-resource-metadata',
    who: SDK,
    pattern: /does not implement OAuth 2\.0 Protected Resource Metadata/i,
    means: 'The metadata of the resource is not where the client looks for it.',
    cures: ['Route /.well-known/oauth-protected-resource to this server, at the root of the host.'],
    checks: ['server.resource-metadata'],
  },
  {
    id: 'lost-client',
    who: SDK,
    pattern: /Existing OAuth client information is required/i,
    means: 'The client has lost its registration between the beginning and the end of a sign-in.',
    cures: ['Have the client forget this server, and connect again.'],
    checks: [],
  },
  {
    id: 'registration-refused',
    who: `${SDK}, VS Code`,
    pattern:
      /Dynamic Client Registration rejected|Dynamic registration failed|refuses the registration/i,
    means:
      'The server refused the registration: the redirect URI is not allowed, or something in front refused the request.',
    cures: [
      'Look for request.refused in the log of the server: it names the reason.',
      'Add the client to ENTRANCE_REDIRECT_URIS.',
    ],
    checks: ['server.registration'],
  },
  {
    id: 'scope-echo',
    who: 'Codex, ChatGPT',
    pattern: /Server granted unauthorized scopes|permissions not granted/i,
    means: 'The client got scopes by other names than it asked for: those of Entra, with a prefix.',
    cures: ['Have the client sign in through this server, whose scopes have short names.'],
    checks: ['server.resource-metadata'],
  },
  {
    id: 'token-endpoint',
    who: 'VS Code',
    pattern: /Error getting token from server metadata|platform_broker_error/i,
    means: 'The token endpoint refused, or VS Code used its own Microsoft sign-in in its place.',
    cures: [
      'Look for request.refused in the log of the server.',
      'Run `Authentication: Remove Dynamic Authentication Providers`, and connect again.',
    ],
    checks: ['server.metadata', 'server.replicas'],
  },
  {
    id: 'claude-unreachable',
    who: 'claude.ai',
    pattern:
      /Authorization with the MCP server failed|Couldn.t reach the MCP server|mcp_token_exchange_failed|mcp_client_invalid|Connection has expired/i,
    means:
      "claude.ai asks from its own data centre: a firewall or bot protection refuses it, or the server's keys have changed.",
    cures: [
      'Let the user agents Claude-User and python-httpx through, to every path of the server.',
      'Remove the connector, and add it again.',
    ],
    checks: ['server.user-agents', 'server.registration', 'server.replicas'],
  },
  {
    id: 'claude-no-code',
    who: 'claude.ai',
    pattern: /code: Field required/i,
    means: 'The sign-in ended with an error, and the client looked for a code only.',
    cures: ['Look for entra.refused in the log of the server: it has the AADSTS number.'],
    checks: ['entra.authorize', 'entra.credential'],
  },
  {
    id: 'state-lost',
    who: 'Cursor',
    pattern: /authorization code does not exist|Transient error connecting to streamableHttp/i,
    means: 'The answer came to a replica with another key or store than the one before.',
    cures: ['Give every replica the same ENTRANCE_SECRET and the same store.'],
    checks: ['server.replicas', 'data.store'],
  },
  {
    id: 'client-port',
    who: 'mcp-remote',
    pattern: /listen EADDRINUSE/i,
    means: 'The port that the client listens on for the answer is taken, mostly by itself.',
    cures: ['End the other one, or give it another port.'],
    checks: [],
  },
  {
    id: 'post-refused',
    who: 'mcp-remote, litellm',
    pattern: /Error POSTing to endpoint|Got new credentials, but reconnecting failed/i,
    means: 'The MCP endpoint redirects, or something in front answers in its place.',
    cures: ['Give the client the address exactly as the server has it, ending in /mcp.'],
    checks: ['server.challenge', 'server.slash'],
  },
  {
    id: 'form-action',
    who: 'Browsers',
    pattern: /Refused to send form data to/i,
    means: 'A Content-Security-Policy that something in front adds keeps the form from leading on.',
    cures: ['Have the proxy in front add no Content-Security-Policy of its own.'],
    checks: ['server.sign-in'],
  },
  {
    id: 'trust-proxy',
    who: 'express-rate-limit',
    pattern: /ERR_ERL_UNEXPECTED_X_FORWARDED_FOR|ERR_ERL_PERMISSIVE_TRUST_PROXY/,
    means:
      'A limiter of another library, not of this server, does not know how many proxies there are.',
    cures: ['Set `trust proxy` in Express to that number; here it is ENTRANCE_TRUSTED_PROXY_HOPS.'],
    checks: [],
  },
  ...OWN_TEXTS,
]

/** The text that stands in what was pasted. */
export function findKnownText(text: string): KnownText | undefined {
  return KNOWN_TEXTS.find(({ pattern }) => pattern.test(text))
}

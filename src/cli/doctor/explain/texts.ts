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
    pattern: /does not support code challenge method S256/i,
    means: 'The client found metadata that does not offer PKCE with S256, as that of Entra.',
    cures: ['Give the client the address of this server, and not that of Entra.'],
    checks: ['server.resource-metadata', 'server.metadata'],
  },
  {
    id: 'issuer-mismatch',
    who: `${SDK}, Copilot CLI`,
    pattern: /Issuer mismatch in|advertised an issuer that does not match/i,
    means:
      'The issuer in the metadata is not, character by character, the address that it was found at.',
    cures: ['Set ENTRANCE_URL to the address that clients use, without a slash at its end.'],
    checks: ['server.challenge', 'server.metadata'],
  },
  {
    id: 'resource-mismatch',
    who: SDK,
    pattern: /Protected resource \S+ does not match expected/i,
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
    pattern: /Dynamic Client Registration rejected|Dynamic registration failed/i,
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
  {
    id: 'client-not-registered',
    who: 'This server',
    pattern: /Client Not Registered|No key of this server made the client_id/i,
    means: 'The client presents a registration that was made with another key of a server.',
    cures: [
      'Have the client forget its registration, and connect again: README, "Client Not Registered".',
      'If ENTRANCE_SECRET was changed, put the former key behind the new one.',
    ],
    checks: ['server.replicas', 'server.registration'],
  },
  {
    id: 'need-admin-approval',
    who: "Entra's page",
    pattern: /Need admin approval|Approval required|needs permission to access resources/i,
    means:
      'People may not consent to the application themselves (AADSTS90094): an administrator has to, once for all.',
    cures: [
      'App registrations > the application > API permissions > Grant admin consent',
      'entrance setup --admin-consent, as an administrator.',
    ],
    checks: ['registration'],
  },
  {
    id: 'token-refused',
    who: 'MCP servers, JWT libraries',
    pattern:
      /IDX10[25]\d\d|JWT signature\/format invalid|"?invalid_token\b|token signature (?:is )?invalid/i,
    means:
      'Whoever got the token could not verify it: it has expired, is for another application, or is of version 1.',
    cures: [
      'Paste the token into entrance doctor explain: it says which, and prints no token.',
      'Where the server is this one: have the client forget its sign-in, and connect again.',
    ],
    checks: ['entra.token', 'server.replicas', 'registration'],
  },
  {
    id: 'version-1',
    who: 'This server',
    pattern: /version 1\.0 access tokens/i,
    means: 'The registration issues version 1 tokens: requestedAccessTokenVersion is not 2.',
    cures: ['Manifest: "api": { "requestedAccessTokenVersion": 2 }; or entrance setup.'],
    checks: ['entra.token', 'registration'],
  },
  {
    id: 'lacks-scope',
    who: 'This server',
    pattern: /lacks the scope/i,
    means: 'Consent was given before the scope existed, or the scope is disabled.',
    cures: ['Enable the scope under Expose an API, and sign in again.'],
    checks: ['entra.authorize', 'registration'],
  },
  {
    id: 'configuration',
    who: 'This server',
    pattern: /The configuration has (one|\d+) problems?/i,
    means: 'A variable is missing or wrong; each is listed below it.',
    cures: ['Do what is written beneath each.'],
    checks: ['config.entra', 'config.url', 'config.server'],
  },
  {
    id: 'port-in-use',
    who: 'This server',
    pattern: /is in use by another program/i,
    means: 'Another server has the port.',
    cures: ['Stop it, or choose another with PORT.'],
    checks: ['server.reach'],
  },
  {
    id: 'no-cookie',
    who: 'This server',
    pattern: /did not send the cookie/i,
    means: 'Cookies are blocked for this site, or a proxy removes them.',
    cures: ['Allow them in the browser, or leave private mode.'],
    checks: ['server.sign-in'],
  },
  {
    id: 'other-browser',
    who: 'This server',
    pattern: /was not started in this browser/i,
    means: 'Another browser, a second use of the page, or ten minutes have passed.',
    cures: ['Start again in the application.'],
    checks: ['server.replicas'],
  },
  {
    id: 'too-many',
    who: 'This server',
    pattern: /Too many requests/i,
    means: 'One address asks for a lot; behind a proxy all people have its address.',
    cures: ['Set ENTRANCE_TRUSTED_PROXY_HOPS to the number of proxies in front.'],
    checks: ['config.server'],
  },
  {
    id: 'origin',
    who: 'This server',
    pattern: /Pages of the origin .{1,300} may not call this server/i,
    means: 'A client that runs in a web page calls /mcp.',
    cures: ['Library: add its origin to allowedOrigins.'],
    checks: ['server.cors'],
  },
]

/** The text that stands in what was pasted. */
export function findKnownText(text: string): KnownText | undefined {
  return KNOWN_TEXTS.find(({ pattern }) => pattern.test(text))
}

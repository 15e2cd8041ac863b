/**
 * The redirect URIs of clients as they are, by the name that an allow list may use for them. On
 * loopback the port is left out: it differs each time (RFC 8252 §7.3).
 */
export const REDIRECT_URI_PRESETS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'vscode',
    ['https://vscode.dev/redirect', 'https://insiders.vscode.dev/redirect', 'http://127.0.0.1/'],
  ],
  [
    'claude',
    ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
  ],
  ['claude-code', ['http://localhost/callback', 'http://127.0.0.1/callback']],
  [
    'cursor',
    [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost/callback',
    ],
  ],
  [
    'chatgpt',
    [
      'https://chatgpt.com/connector_platform_oauth_redirect',
      // Behind it comes the id of the connection.
      'https://chatgpt.com/connector/oauth/*',
    ],
  ],
  ['codex', ['http://127.0.0.1/callback', 'http://localhost/callback']],
  ['copilot-studio', ['https://global.consent.azure-apim.net/redirect/*']],
  ['gemini-cli', ['http://localhost/oauth/callback']],
  ['inspector', ['http://localhost/oauth/callback', 'http://127.0.0.1/oauth/callback']],
  ['mcp-remote', ['http://localhost/oauth/callback']],
  ['opencode', ['http://127.0.0.1/mcp/oauth/callback']],
  ['mcporter', ['http://127.0.0.1/callback']],
  ['fastmcp', ['http://localhost/callback']],
  // `entrance client`
  ['entrance', ['http://127.0.0.1/callback']],
  // Whatever runs on the person's own computer.
  ['loopback', ['loopback']],
])

/** An allow list with each preset's name replaced by what it stands for. */
export function expandPresets(allow: readonly string[]): readonly string[] {
  return [...new Set(allow.flatMap((entry) => REDIRECT_URI_PRESETS.get(entry) ?? [entry]))]
}

import type { ClientMetadata } from './client-metadata.ts'

/**
 * What the metadata documents of clients in wide use say, in the parts that count here. They stand
 * in where the host does not answer this server, as some do not answer a cloud's addresses, and
 * where documents are not fetched.
 */
export const KNOWN_DOCUMENTS: ReadonlyMap<string, ClientMetadata> = new Map([
  known('https://vscode.dev/oauth/client-metadata.json', 'Visual Studio Code', [
    'http://127.0.0.1:33418/',
    'https://vscode.dev/redirect',
  ]),
  known('https://claude.ai/oauth/claude-code-client-metadata', 'Claude Code', [
    'http://localhost/callback',
    'http://127.0.0.1/callback',
  ]),
  known('https://claude.ai/oauth/mcp-oauth-client-metadata', 'Claude', [
    'https://claude.ai/api/mcp/auth_callback',
    'https://claude.com/api/mcp/auth_callback',
  ]),
  // It prefers private_key_jwt, with keys that are not to be had without fetching, and takes none.
  known('https://chatgpt.com/oauth/client.json', 'ChatGPT', [
    'https://chatgpt.com/connector_platform_oauth_redirect',
  ]),
  known('https://chatgpt.com/oauth/codex/client.json', 'Codex', [
    'http://127.0.0.1/callback',
    'http://localhost/callback',
  ]),
])

function known(
  clientId: string,
  client_name: string,
  redirect_uris: readonly string[],
): [string, ClientMetadata] {
  return [clientId, { client_name, redirect_uris, token_endpoint_auth_method: 'none' }]
}

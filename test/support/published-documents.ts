import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { exportJWK, generateKeyPair } from 'jose'
import type { TestInternet } from './internet.ts'
import { createOAuthClient, json } from './oauth-client.ts'

const GRANTS = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }
const NATIVE = { ...GRANTS, application_type: 'native', token_endpoint_auth_method: 'none' }
const LOOPBACK = ['http://localhost/callback', 'http://127.0.0.1/callback']
const CHATGPT_KEYS = 'https://chatgpt.com/oauth/jwks.json'

/** What the clients that come by a metadata document have at its address. */
const DOCUMENTS: Readonly<Record<string, object>> = {
  'https://vscode.dev/oauth/client-metadata.json': {
    ...NATIVE,
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: [...GRANTS.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'],
    redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
  },
  'https://claude.ai/oauth/mcp-oauth-client-metadata': {
    ...GRANTS,
    client_name: 'Claude',
    redirect_uris: [
      'https://claude.ai/api/mcp/auth_callback',
      'https://claude.com/api/mcp/auth_callback',
    ],
    token_endpoint_auth_method: 'none',
  },
  // They name no port, and come with another one each time.
  'https://claude.ai/oauth/claude-code-client-metadata': {
    ...NATIVE,
    client_name: 'Claude Code',
    redirect_uris: LOOPBACK,
  },
  'https://chatgpt.com/oauth/codex/client.json': {
    ...NATIVE,
    client_name: 'Codex',
    redirect_uris: LOOPBACK,
  },
  // It signs where a server takes that.
  'https://chatgpt.com/oauth/client.json': {
    ...GRANTS,
    client_name: 'ChatGPT',
    redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks_uri: CHATGPT_KEYS,
  },
}

/** What ChatGPT signs with. */
export const chatGptKeys = await generateKeyPair('ES256')

/** Puts all of them where this server looks for them. */
export async function publishDocuments(internet: TestInternet): Promise<void> {
  for (const [client_id, document] of Object.entries(DOCUMENTS)) {
    internet.publish(client_id, { client_id, ...document })
  }
  const key = { ...(await exportJWK(chatGptKeys.publicKey)), alg: 'ES256', use: 'sig', kid: 'one' }
  internet.publish(CHATGPT_KEYS, { keys: [key] })
}

/** Until then clients are told to register, as on any server that has just been started. */
export async function untilDocumentsAreFetched(url: string): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const metadata = await json<object>(await createOAuthClient(url).authorizationServer())
    if ('client_id_metadata_document_supported' in metadata) return
    assert.ok(performance.now() < deadline, 'documents are not fetched')
    await setTimeout(10)
  }
}

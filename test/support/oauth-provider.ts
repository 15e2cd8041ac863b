import { randomUUID } from 'node:crypto'
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client'
import type { Desktop } from './desktop.ts'

/** An OAuth client of the MCP SDK, of either version, that keeps what it has in memory. */
export type TestOAuthProvider = OAuthClientProvider & {
  /** Lets the person sign in where the SDK wanted to send them; gives what came back. */
  signIn(desktop: Desktop): Promise<URLSearchParams>
}

// Nobody listens there: the test's browser stops before it.
const REDIRECT_URI = 'http://127.0.0.1:1/callback'

/** An unregistered client. */
export function createOAuthProvider(): TestOAuthProvider {
  const state = randomUUID()
  let client: Awaited<ReturnType<OAuthClientProvider['clientInformation']>>
  let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
  let verifier = ''
  let discovery: OAuthDiscoveryState | undefined
  let authorizationUrl: URL | undefined
  return {
    redirectUrl: REDIRECT_URI,
    clientMetadata: {
      client_name: 'SDK client',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    state: () => state,
    clientInformation: () => client,
    saveClientInformation: (information) => {
      client = information
    },
    tokens: () => tokens,
    saveTokens: (issued) => {
      tokens = issued
    },
    redirectToAuthorization: (url) => {
      authorizationUrl = url
    },
    saveCodeVerifier: (value) => {
      verifier = value
    },
    codeVerifier: () => verifier,
    discoveryState: () => discovery,
    saveDiscoveryState: (discovered) => {
      discovery = discovered
    },
    async signIn(desktop) {
      if (!authorizationUrl) throw new Error('The client did not ask for a sign-in.')
      const { browser, account } = desktop
      const page = await browser.signIn(authorizationUrl, { account, until: REDIRECT_URI })
      const response = page.url.searchParams
      if (response.get('state') !== state) throw new Error(`No way back from ${page.text}`)
      return response
    },
  }
}

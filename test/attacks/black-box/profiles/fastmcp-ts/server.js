// @ts-nocheck: its types are where it is installed, which is not here.
// One tool behind FastMCP's AzureProvider, with its defaults.
import { AzureProvider, FastMCP } from 'fastmcp'

const { AUTHORITY, CLIENT_ID, CLIENT_SECRET, PORT, TENANT_ID } = process.env

const SCOPES = ['openid', 'profile', 'offline_access', `api://${CLIENT_ID}/mcp-access`]

/** Entra's address is built in: the two methods that have it are told the emulator's. */
class LocalAzureProvider extends AzureProvider {
  getAuthorizationEndpoint() {
    return toEmulator(super.getAuthorizationEndpoint())
  }

  getTokenEndpoint() {
    return toEmulator(super.getTokenEndpoint())
  }
}

const toEmulator = (/** @type {string} */ url) =>
  url.replace('https://login.microsoftonline.com', AUTHORITY ?? '')

// It names no scope when it redeems a code. Microsoft's documents call that optional, the emulator
// does as Entra has been seen to (AADSTS28003): what was asked for before is named for it.
const genuine = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const form = new URLSearchParams(String(input).startsWith(AUTHORITY) ? init?.body : '')
  const isRedemption = form.get('grant_type') === 'authorization_code'
  if (!isRedemption || form.has('scope')) return genuine(input, init)
  form.set('scope', SCOPES.join(' '))
  return genuine(input, { ...init, body: form })
}

const server = new FastMCP({
  name: 'Attacked',
  version: '1.0.0',
  auth: new LocalAzureProvider({
    baseUrl: `http://localhost:${PORT}`,
    clientId: CLIENT_ID ?? '',
    clientSecret: CLIENT_SECRET ?? '',
    tenantId: TENANT_ID ?? '',
    scopes: SCOPES,
  }),
})
server.addTool({ name: 'ping', description: 'Answers.', execute: async () => 'pong' })
await server.start({
  transportType: 'httpStream',
  httpStream: { host: '127.0.0.1', port: Number(PORT) },
})

import {
  ConfidentialClientApplication,
  CryptoProvider,
  ManagedIdentityApplication,
  PublicClientApplication,
} from '@azure/msal-node'
import { claimsOf, enterCode, hurry, report, settings, signIn } from './child.js'

const { clientId, clientSecret, redirectUri, scope, downstream, certificate } = settings
const auth = {
  clientId,
  authority: settings.authority,
  // Without it, MSAL asks Microsoft whether it knows this authority.
  knownAuthorities: [new URL(settings.authority).host],
}
const withSecret = () => new ConfidentialClientApplication({ auth: { ...auth, clientSecret } })

async function byCode(client) {
  const request = { scopes: [scope], redirectUri }
  const url = await client.getAuthCodeUrl({ ...request, state: 'the-state' })
  const params = (await signIn(url)).searchParams
  return client.acquireTokenByCode({ ...request, code: params.get('code') })
}

function read({ accessToken, scopes, account, fromCache, tokenType }) {
  return {
    claims: claimsOf(accessToken),
    scopes,
    username: account?.username,
    fromCache,
    tokenType,
  }
}

hurry()
process.env.IDENTITY_ENDPOINT = settings.identityEndpoint
process.env.IDENTITY_HEADER = settings.identityHeader

await report({
  code: async () => read(await byCode(withSecret())),

  refresh: async () => {
    const client = withSecret()
    const { account } = await byCode(client)
    const options = { account, scopes: [scope], forceRefresh: true }
    return read(await client.acquireTokenSilent(options))
  },

  severalTenants: async () => {
    const authority = new URL('/organizations', settings.authority).href
    const options = { auth: { ...auth, authority, clientSecret } }
    const client = new ConfidentialClientApplication(options)
    const { account } = await byCode(client)
    // MSAL goes on at the tenant that the person turned out to be of.
    const request = { account, scopes: [scope], forceRefresh: true }
    return read(await client.acquireTokenSilent(request))
  },

  clientCredentials: async () => {
    const scopes = [settings.defaultScope]
    return read(await withSecret().acquireTokenByClientCredential({ scopes }))
  },

  certificate: async () => {
    const { thumbprintSha256, key: privateKey } = certificate
    const clientCertificate = { thumbprintSha256, privateKey }
    const client = new ConfidentialClientApplication({ auth: { ...auth, clientCertificate } })
    const app = await client.acquireTokenByClientCredential({ scopes: [settings.defaultScope] })
    return { app: read(app), person: read(await byCode(client)) }
  },

  onBehalfOf: async () => {
    const { accessToken } = await byCode(withSecret())
    const request = { oboAssertion: accessToken, scopes: [downstream] }
    return read(await withSecret().acquireTokenOnBehalfOf(request))
  },

  withoutConsent: async () => {
    const { accessToken } = await byCode(withSecret())
    const request = { oboAssertion: accessToken, scopes: [settings.withoutConsent] }
    return read(await withSecret().acquireTokenOnBehalfOf(request))
  },

  deviceCode: async () => {
    const client = new PublicClientApplication({ auth })
    const entered = Promise.withResolvers()
    const tokens = await client.acquireTokenByDeviceCode({
      scopes: [scope],
      deviceCodeCallback: ({ verificationUri, userCode }) =>
        enterCode(verificationUri, userCode).then(entered.resolve, entered.reject),
    })
    return { page: await entered.promise, ...read(tokens) }
  },

  mcp: async () => {
    const client = new PublicClientApplication({ auth: { ...auth, isMcp: true } })
    const { resource, redirectUri } = settings.mcp
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
    const request = { scopes: [`${resource}/mcp-access`], redirectUri, resource }
    const pkce = { codeChallenge: challenge, codeChallengeMethod: 'S256' }
    const url = await client.getAuthCodeUrl({ ...request, ...pkce })
    const code = (await signIn(url, redirectUri)).searchParams.get('code')
    return read(await client.acquireTokenByCode({ ...request, code, codeVerifier: verifier }))
  },

  managedIdentity: async () => {
    const client = new ManagedIdentityApplication()
    const resource = 'api://AzureADTokenExchange'
    return read(await client.acquireToken({ resource }))
  },

  wrongSecret: async () => {
    const wrong = { ...auth, clientSecret: 'wrong' }
    const client = new ConfidentialClientApplication({ auth: wrong })
    return client.acquireTokenByClientCredential({ scopes: [settings.defaultScope] })
  },
})

import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DeviceCodeCredential,
  ManagedIdentityCredential,
  OnBehalfOfCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import { claimsOf, enterCode, hurry, report, settings, signIn } from './child.js'

const { tenantId, clientId, clientSecret, certificate, scope, defaultScope, downstream } = settings
const options = {
  authorityHost: new URL(settings.authority).origin,
  disableInstanceDiscovery: true,
}

async function claims(credential, wanted = defaultScope) {
  const { token } = await credential.getToken(wanted)
  return claimsOf(token)
}

async function callerToken() {
  const { searchParams } = await signIn(settings.authorizationUrl)
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'authorization_code',
    redirect_uri: settings.redirectUri,
    scope,
    code: searchParams.get('code'),
  })
  const response = await fetch(`${settings.authority}/oauth2/v2.0/token`, { method: 'POST', body })
  return (await response.json()).access_token
}

/** What a workload's platform vouches for it with: here, the token of a managed identity. */
async function federatedToken() {
  process.env.IDENTITY_ENDPOINT = settings.identityEndpoint
  process.env.IDENTITY_HEADER = settings.identityHeader
  const { token } = await new ManagedIdentityCredential().getToken('api://AzureADTokenExchange')
  return token
}

hurry()

await report({
  clientSecret: () => claims(new ClientSecretCredential(tenantId, clientId, clientSecret, options)),

  clientCertificate: () => {
    const pem = { certificate: `${certificate.key}\n${certificate.cert}` }
    return claims(new ClientCertificateCredential(tenantId, clientId, pem, options))
  },

  clientCertificateWithChain: () => {
    const pem = { certificate: `${certificate.key}\n${certificate.cert}` }
    const chain = { ...options, sendCertificateChain: true }
    return claims(new ClientCertificateCredential(tenantId, clientId, pem, chain))
  },

  onBehalfOf: async () => {
    const userAssertionToken = await callerToken()
    const who = { tenantId, clientId, clientSecret, userAssertionToken }
    return claims(new OnBehalfOfCredential({ ...options, ...who }), downstream)
  },

  managedIdentity: async () => claimsOf(await federatedToken()),

  clientAssertion: () =>
    claims(new ClientAssertionCredential(tenantId, clientId, federatedToken, options)),

  workloadIdentity: async () => {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(settings.tokenFile, await federatedToken(), { mode: 0o600 })
    const who = { tenantId, clientId, tokenFilePath: settings.tokenFile }
    return claims(new WorkloadIdentityCredential({ ...options, ...who }))
  },

  deviceCode: async () => {
    const entered = Promise.withResolvers()
    const userPromptCallback = ({ verificationUri, userCode }) =>
      void enterCode(verificationUri, userCode).then(entered.resolve, entered.reject)
    const who = { tenantId, clientId, userPromptCallback }
    const found = await claims(new DeviceCodeCredential({ ...options, ...who }), scope)
    return { page: await entered.promise, ...found }
  },

  wrongSecret: () => claims(new ClientSecretCredential(tenantId, clientId, 'wrong', options)),
})

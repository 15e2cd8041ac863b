import type { Fault } from '../fault.ts'
import { dotEnv, portal } from '../portal.ts'

/** What is wrong with how this server shows Entra that it is the application. */
export const credentialFaults: readonly Fault[] = [
  {
    name: 'the client secret is wrong',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = 'not~the~secret'
    },
    finding: 'entra.credential.wrong',
    says: /AADSTS7000215/,
    cure: portal.createSecret,
  },
  {
    name: 'the client secret is cut off',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = env.ENTRA_PROXY_AZURE_CLIENT_SECRET?.slice(0, 20) ?? ''
    },
    finding: 'entra.credential.wrong',
    says: /20 characters long/,
    cure: dotEnv.copySecret,
  },
  {
    name: 'the client secret has been removed from the registration',
    plant: ({ app }) => {
      app.passwordCredentials = []
    },
    finding: 'entra.credential.wrong',
    says: /AADSTS7000215/,
    cure: portal.createSecret,
  },
  {
    name: 'the client secret has expired',
    plant: ({ app }) => {
      for (const secret of app.passwordCredentials) secret.endDateTime = '2026-01-31T00:00:00Z'
    },
    finding: 'entra.credential.expired',
    says: /AADSTS7000222/,
    cure: portal.createSecret,
  },
  {
    name: 'the application is a public client',
    plant: ({ app }) => {
      app.isFallbackPublicClient = true
    },
    finding: 'entra.credential.public-client',
    says: /AADSTS700025/,
    cure: ({ app }, { portal: steps }) => {
      if (!steps?.join(' ').includes("platform 'Web'")) throw new Error('no cure')
      app.isFallbackPublicClient = false
    },
  },
]

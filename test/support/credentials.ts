import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import {
  type Application,
  createServicePrincipal,
  type RunningEmulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import { type Certificate, createCertificate } from './certificate.ts'
import { noteSecret } from './secrets.ts'

export const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange'

const SUBJECT = 'system:serviceaccount:default:entrance'

/** The registration, with no secret any more. */
export function secretless({ directory }: RunningEmulator): Application {
  const application = directory.applications.find(({ appId }) => appId === SEED.clientId)
  if (!application) throw new Error('The emulator has lost the seeded application.')
  application.passwordCredentials = []
  return application
}

/** Makes a certificate for signing, and uploads it. */
export async function uploadCertificate(application: Application): Promise<Certificate> {
  const certificate = await createCertificate(['expenses'], 'rsa')
  application.keyCredentials.push({
    keyId: randomUUID(),
    displayName: 'expenses',
    key: certificate.cert.replaceAll(/-----[A-Z ]+-----|\s/g, ''),
    startDateTime: new Date(Date.now() - 60_000).toISOString(),
    endDateTime: new Date(Date.now() + 86_400_000).toISOString(),
  })
  return certificate
}

/** An issuer of tokens like a Kubernetes cluster. */
export type Issuer = AsyncDisposable & {
  readonly url: string
  /** A token for the exchange; other claims replace the usual ones. */
  sign(claims?: JWTPayload): Promise<string>
}

/** Starts an issuer, whose tokens the application trusts. */
export async function startIssuer(application: Application): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one' }
  const server = createServer((request, response) => {
    const documents = new Map<string | undefined, unknown>([
      ['/.well-known/openid-configuration', { issuer: url, jwks_uri: `${url}/keys` }],
      ['/keys', { keys: [jwk] }],
    ])
    response.end(JSON.stringify(documents.get(request.url)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  trust(application, url, SUBJECT)
  return {
    url,
    async sign(claims = {}) {
      const token = await new SignJWT({ sub: SUBJECT, aud: EXCHANGE_AUDIENCE, iss: url, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuedAt()
        .setExpirationTime(claims.exp ?? '10m')
        .sign(privateKey)
      noteSecret('a token for the exchange', token)
      return token
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Gives the emulator's machine an identity, which the application trusts. */
export function addManagedIdentity(emulator: RunningEmulator, application: Application): string {
  const principal = createServicePrincipal({
    appId: randomUUID(),
    tenantId: SEED.tenantId,
    servicePrincipalType: 'ManagedIdentity',
    displayName: 'web-app',
  })
  emulator.directory.servicePrincipals.push(principal)
  trust(application, `${emulator.origin}/${SEED.tenantId}/v2.0`, principal.id)
  return principal.appId
}

function trust(application: Application, issuer: string, subject: string): void {
  application.federatedIdentityCredentials.push({
    id: randomUUID(),
    name: `trusted-${application.federatedIdentityCredentials.length}`,
    issuer,
    subject,
    audiences: [EXCHANGE_AUDIENCE],
  })
}

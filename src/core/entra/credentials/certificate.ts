import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { parseCertificate } from '../../keys/certificate.ts'
import type { CertificateCredential } from '../../options.ts'
import type { AssertionSource } from './assertion.ts'
import { credentialError } from './credential-error.ts'

/** Life of an assertion, in seconds: it is used at once, and clocks differ. */
const ASSERTION_TTL = 600

/** Signs an assertion for each request (RFC 7523 §3), as Entra wants it: PS256, `x5t#S256`. */
export function assertionOfCertificate(
  credential: CertificateCredential,
  clientId: string,
): AssertionSource {
  const { privateKey, thumbprint, endsAt } = parseCertificate(credential)
  return async (tokenEndpoint) => {
    if (Date.now() >= endsAt) throw ended(endsAt)
    const now = Math.floor(Date.now() / 1000)
    return await new SignJWT()
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(tokenEndpoint)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + ASSERTION_TTL)
      .sign(privateKey)
  }
}

function ended(endsAt: number) {
  const day = new Date(endsAt).toISOString().slice(0, 10)
  return credentialError(`the certificate ended on ${day}`, {
    isTransient: false,
    cure: "Upload a new certificate under 'Certificates & secrets', put it in place, and restart.",
  })
}

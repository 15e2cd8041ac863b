import * as oauth from 'oauth4webapi'
import type { Config, EntraCredential } from '../../options.ts'
import type { AssertionSource } from './assertion.ts'
import { assertionOfCallback } from './callback.ts'
import { assertionOfCertificate } from './certificate.ts'
import { assertionOfManagedIdentity } from './managed-identity.ts'
import { assertionOfWorkloadIdentity } from './workload-identity.ts'

/** Proves to a token endpoint who asks, once: a certificate signs for each request anew. */
export type Credential = (tokenEndpoint: string) => Promise<oauth.ClientAuth>

/** The credential of the configuration. It throws `EntraError`, before anything is sent to Entra. */
export function createCredential(config: Pick<Config, 'entra' | 'log'>): Credential {
  const { credential } = config.entra
  if (credential.kind === 'secret') {
    const authentication = oauth.ClientSecretPost(credential.secret)
    return async () => authentication
  }
  const getAssertion = createAssertionSource(credential, config)
  return async (tokenEndpoint) => {
    const assertion = await getAssertion(tokenEndpoint)
    return (_server, client, body) => {
      body.set('client_id', client.client_id)
      body.set('client_assertion_type', JWT_BEARER)
      body.set('client_assertion', assertion)
    }
  }
}

/** RFC 7523 §2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

function createAssertionSource(
  credential: Exclude<EntraCredential, { kind: 'secret' }>,
  { entra, log }: Pick<Config, 'entra' | 'log'>,
): AssertionSource {
  switch (credential.kind) {
    case 'certificate':
      return assertionOfCertificate(credential, entra.clientId)
    case 'workload-identity':
      return assertionOfWorkloadIdentity(credential)
    case 'managed-identity':
      return assertionOfManagedIdentity(credential, entra.authority)
    case 'assertion':
      return assertionOfCallback(credential, log)
  }
}

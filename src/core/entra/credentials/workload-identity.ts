import { open } from 'node:fs/promises'
import type { WorkloadIdentityCredential } from '../../options.ts'
import { ASSERTION_MAX_LENGTH, type AssertionSource, checkAssertion } from './assertion.ts'
import { credentialError } from './credential-error.ts'

const CURE =
  'Check the token file (entra.credential.tokenFile, AZURE_FEDERATED_TOKEN_FILE), and who keeps it fresh.'

/** The token of a file: read at each use, for whoever keeps it fresh puts another in its place. */
export function assertionOfWorkloadIdentity({
  tokenFile,
}: WorkloadIdentityCredential): AssertionSource {
  return async () => checkAssertion(await readToken(tokenFile), 'its token file', CURE)
}

async function readToken(path: string): Promise<string> {
  try {
    const file = await open(path)
    // One byte more than it may have, so that a longer one is known as such.
    const reading = file.read(Buffer.alloc(ASSERTION_MAX_LENGTH + 1))
    const { buffer, bytesRead } = await reading.finally(() => file.close())
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'its token file is missing' : 'its token file cannot be read'
    throw credentialError(why, { isTransient: true, cure: CURE, cause })
  }
}

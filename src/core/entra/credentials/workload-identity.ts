import { constants, open } from 'node:fs/promises'
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
    // A pipe in its place would have the open wait for a writer, and a few such stop all file work.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      if (!(await file.stat()).isFile()) throw new Error('It is not a file.')
      // One byte more than it may have, so that a longer one is known as such.
      const { buffer, bytesRead } = await file.read(Buffer.alloc(ASSERTION_MAX_LENGTH + 1))
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'its token file is missing' : 'its token file cannot be read'
    throw credentialError(why, { isTransient: true, cure: CURE, cause })
  }
}

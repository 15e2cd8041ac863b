import type { Log } from '../../../log.ts'
import type { AssertionCredential } from '../../options.ts'
import { type AssertionSource, checkAssertion } from './assertion.ts'
import { credentialError } from './credential-error.ts'

/** How long the callback may take, in milliseconds. */
const TIMEOUT = 8000

const CURE = 'Check entra.credential.getAssertion; the log has what it failed with.'

/** The assertion of a function that the configuration gives. */
export function assertionOfCallback(
  { getAssertion }: AssertionCredential,
  log: Log,
): AssertionSource {
  return async () => {
    try {
      return checkAssertion(await inTime(getAssertion), 'what getAssertion gave', CURE)
    } catch (error) {
      if (error instanceof Error && error.name === 'EntraError') throw error
      // For the operator only: a page is no place for words that are somebody else's.
      const message = `entra.credential.getAssertion failed: ${error}`
      log({ event: 'credential.failed', level: 'error', message })
      const options = { isTransient: true, cure: CURE, cause: error }
      throw credentialError('getAssertion failed', options)
    }
  }
}

async function inTime(getAssertion: () => Promise<string>): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`it took more than ${TIMEOUT} ms`)), TIMEOUT)
  try {
    return await Promise.race([getAssertion(), late])
  } finally {
    clearTimeout(timer)
  }
}

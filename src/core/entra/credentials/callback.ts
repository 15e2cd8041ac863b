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
  async function call(): Promise<string> {
    try {
      return await inTime(getAssertion)
    } catch (error) {
      // For the operator only: a page is no place for words that are somebody else's.
      const message = `entra.credential.getAssertion failed: ${wordsOf(error)}`
      log({ event: 'credential.failed', level: 'error', message })
      const options = { isTransient: true, cure: CURE, cause: error }
      throw credentialError('getAssertion failed', options)
    }
  }
  return async () => checkAssertion(await call(), 'what getAssertion gave', CURE)
}

/** Anything can be thrown, and of any length. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : typeof error
  return words.slice(0, 500)
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

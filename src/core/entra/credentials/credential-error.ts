import { EntraError } from '../../errors.ts'

/** What is wrong on our own side, before Entra is asked; `why` ends the sentence. */
export function credentialError(
  why: string,
  options: { isTransient: boolean; cure: string; cause?: unknown },
): EntraError {
  const message = `This server cannot prove to Entra who it is: ${why}.`
  return new EntraError(message, { ...options, isOurs: true })
}

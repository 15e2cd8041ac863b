import type { Consent } from '../consents.ts'
import type { Context } from '../context.ts'
import { findClient } from './find-client.ts'
import { findPerson } from './find-person.ts'
import type { Target } from './sessions.ts'
import { consentSteps } from './steps.ts'
import { walk } from './walk.ts'

/** Forgets remembered answers, so that people are asked again; gives how many. Nobody is signed out. */
export async function resetConsents(
  target: Exclude<Target, { session: string }>,
  context: Context,
): Promise<number> {
  let forgotten = 0
  for await (const consent of consentsOf(target, context)) {
    await context.consents.forget(consent.person, consent)
    forgotten++
  }
  return forgotten
}

async function* consentsOf(
  target: Exclude<Target, { session: string }>,
  context: Context,
): AsyncGenerator<Consent> {
  if ('user' in target) {
    const { id } = await findPerson(target.user, context)
    return yield* await context.consents.list(id)
  }
  const client = 'client' in target ? await findClient(target.client, context) : undefined
  yield* walk(consentSteps(context, client?.digest))
}

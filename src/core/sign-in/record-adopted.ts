import type { AuditPerson } from '../audit-event.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import type { Transaction } from '../transaction.ts'

/** What somebody is told whose application is no longer let in. */
export const NO_MORE = 'This application may not sign people in here any more.'

/** What a line of the audit log about a sign-in names. */
export function signInOf({ request }: Transaction) {
  return { transaction: request.id, client: request.client }
}

/** A client that nobody knew is known from now on, on every replica: it comes to redeem its code. */
export async function recordAdopted(
  transaction: Transaction,
  person: AuditPerson,
  context: Context,
): Promise<void> {
  const { client, redirectUri, id } = transaction.request
  if (client.source !== 'adopted') return
  if (!(await context.clients.adopted.record(client.digest, redirectUri))) {
    throw new OAuthError('access_denied', NO_MORE)
  }
  context.config.log({
    event: 'client.adopted',
    level: 'warn',
    transaction: id,
    message: 'A person let in a client that was not registered here; it is known from now on.',
    redirectUri,
  })
  context.audit({
    event: 'client.adopted',
    outcome: 'success',
    ...signInOf(transaction),
    person,
  })
}

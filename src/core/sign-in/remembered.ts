import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import type { EntraTokens } from '../entra/entra.ts'
import { isOwnDoing } from '../fetch-metadata.ts'
import { personOf } from '../grants/grant.ts'
import type { Session } from '../session.ts'
import { canCarryClientId, type Transaction } from '../transaction.ts'
import { type Asked, sessionOf, subjectOf } from './asked.ts'

/** Whether a yes to this client is kept. An adopted one is not known well enough for that. */
export function isRemembering({ source }: Client, { config }: Context): boolean {
  return config.consent === 'remember' && source !== 'adopted'
}

/**
 * The person of this browser who has allowed the same before and started this themselves; undefined
 * where somebody has to be asked.
 */
export async function findRemembered(
  request: Request,
  asked: Asked,
  context: Context,
): Promise<Session | undefined> {
  const isEligible = request.method === 'GET' && isRemembering(asked.client, context)
  // Who is asked late is asked: Entra has returned somebody else than the browser's session names.
  if (!isEligible || asked.request.account !== undefined || !isOwnDoing(request)) return undefined
  const session = sessionOf(request, context)
  if (!session || !canCarryClientId(asked.sealed)) return undefined
  const { scope } = asked.request
  const isAllowed = await context.consents.has(personOf(session), subjectOf(asked), scope)
  return isAllowed ? session : undefined
}

/**
 * A server in the middle can start this for a person who wanted to go to it, and `Sec-Fetch-Site`
 * does not tell where a program had opened the first address (GHSA-6x8h-498w-gv8c). The code is of
 * use to it unless the client has to authenticate; else Entra's page, which names this server's
 * application, takes the place of ours. It is never silent twice.
 */
export function promptFor(client: Client, configured: string): string {
  if (client.token_endpoint_auth_method !== 'none') return withoutChoice(configured)
  return configured === '' || configured === 'none' ? 'select_account' : configured
}

/** Where it is known who signs in, nobody has to choose; what else the operator wants stays. */
export function withoutChoice(prompt: string): string {
  return prompt === 'select_account' ? '' : prompt
}

/**
 * Whether nobody was asked on the word of a remembered yes that does not cover what has come: Entra
 * returned another person, or the yes has been taken back since.
 */
export async function isUnasked(
  { user }: EntraTokens,
  { remembered, request }: Transaction,
  { config, consents }: Context,
): Promise<boolean> {
  if (!remembered) return false
  if (config.consent !== 'remember' || remembered.person !== personOf(user)) return true
  return !(await consents.has(remembered.person, request, request.scope))
}

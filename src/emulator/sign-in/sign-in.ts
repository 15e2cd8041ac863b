import { aadsts } from '../aadsts-error.ts'
import { type Admission, admitPerson, checkResources, notForPersonal } from '../admission.ts'
import type { Call } from '../call.ts'
import { findUser, tenantFor } from '../lookup.ts'
import { isPersonal } from '../people.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { type Session, sessionCookie } from './browser.ts'
import { sendCode } from './code.ts'
import { missingConsent, needsAdministrator, permissionsOf, recordConsent } from './consent.ts'
import type { Permission } from './scopes.ts'
import { showApprovalNeeded, showConsent } from './show.ts'

/** Where a person stands who has chosen an account. */
export type SignIn = {
  readonly request: AuthorizationRequest
  readonly session: Session
  /** Whether the person has just accepted on the consent page. */
  readonly hasAccepted: boolean
}

/** Goes on once it is known who signs in: may they, did they consent, and then the code. */
export async function continueSignIn(call: Call, signIn: SignIn): Promise<Response> {
  const admission = admit(call, signIn)
  const permissions = permissionsOf(call.sts.directory, signIn.request.scopes)
  checkResources(admission, signIn.request.scopes.permissions)
  const missing = missingConsent(call.sts.directory, admission, permissions)
  const response =
    (await askForConsent(call, signIn, admission, { permissions, missing })) ??
    (await complete(call, signIn, admission, permissions))
  const cookie = await sessionCookie(call.sts, call.browser, signIn.session)
  response.headers.append('set-cookie', cookie)
  return response
}

/** The person and the tenant, when the person may use the application there. */
export function admit(call: Call, { request, session }: SignIn): Admission {
  const { directory } = call.sts
  const person = findUser(directory, session.userId)
  if (!person) throw aadsts(50034, { upn: session.userId, tenant: request.authority.name })
  const { client, authority } = request
  if (authority.kind === 'organizations' && isPersonal(person)) throw notForPersonal(client, person)
  const tenant = tenantFor(directory, authority, person)
  const isSilent = request.prompt === 'none'
  const unassigned = isSilent ? { error: 'interaction_required', isPageOnly: false } : {}
  return admitPerson(directory, { client, person, tenant }, unassigned)
}

type Wanted = { permissions: readonly Permission[]; missing: readonly Permission[] }

async function askForConsent(
  call: Call,
  { request, session, hasAccepted }: SignIn,
  admission: Admission,
  { permissions, missing }: Wanted,
): Promise<Response | undefined> {
  const isForced = request.prompt === 'consent'
  if (missing.length === 0 && !isForced) return undefined
  if (request.prompt === 'none') {
    const values = { id: request.client.appId, name: request.client.displayName }
    throw aadsts(65001, values, { error: 'consent_required' })
  }
  if (needsAdministrator(admission.tenant, missing)) {
    return showApprovalNeeded(call, admission, session)
  }
  if (hasAccepted) return undefined
  return showConsent(call, admission, session, isForced ? permissions : missing)
}

async function complete(
  call: Call,
  { request, session, hasAccepted }: SignIn,
  admission: Admission,
  permissions: readonly Permission[],
): Promise<Response> {
  if (hasAccepted) recordConsent(call.sts, admission, permissions)
  return sendCode(call, request, session, admission)
}

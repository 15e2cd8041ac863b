import { aadsts } from '../aadsts-error.ts'
import { mayConsentForAll } from '../administrators.ts'
import { type Admission, admitPerson, checkResources, notForPersonal } from '../admission.ts'
import type { Call } from '../call.ts'
import { findDemand, refusal } from '../conditional-access.ts'
import { findUser, tenantFor } from '../lookup.ts'
import { MICROSOFT_TENANT_ID } from '../microsoft-graph.ts'
import { isPersonal } from '../people.ts'
import { frontChannelTokens } from '../tokens/front-channel.ts'
import { consentForAll } from './admin-consent.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { type Session, sessionCookie } from './browser.ts'
import { clientInfo, issueCode } from './code.ts'
import { isSame, missingConsent, needsAdministrator, permissionsOf } from './consent.ts'
import { type ConsentType, recordConsent } from './record-consent.ts'
import { redirectToClient } from './redirect-response.ts'
import { type Permission, resourcesOf } from './scopes.ts'
import { showAccounts, showApprovalNeeded, showConsent, showMfa } from './show.ts'

/** Where a person stands who has chosen an account. */
export type SignIn = {
  readonly request: AuthorizationRequest
  readonly session: Session
  /** For whom the person has just accepted on the consent page. */
  readonly accepted?: ConsentType
}

/** Goes on once it is known who signs in: may they, did they consent, and then the code. */
export async function continueSignIn(call: Call, signIn: SignIn): Promise<Response> {
  const { request, session, accepted } = signIn
  const { adminConsent } = request
  const admission = admit(call, request, session)
  const response =
    (await meetPolicies(call, request, session, admission)) ??
    (adminConsent
      ? await consentForAll(call, { ...request, adminConsent }, session, admission, accepted)
      : await signInToClient(call, signIn, admission))
  const cookie = await sessionCookie(call.sts, call.browser, signIn.session)
  response.headers.append('set-cookie', cookie)
  return response
}

/** The person and the tenant, when the person may use the application there. */
export function admit(call: Call, request: AuthorizationRequest, session: Session): Admission {
  const { directory } = call.sts
  const person = findUser(directory, session.userId)
  if (!person) throw aadsts(50034, { upn: session.userId, tenant: request.authority.name })
  const { client, authority } = request
  if (authority.kind === 'organizations' && isPersonal(person)) throw notForPersonal(client, person)
  const tenant = tenantFor(directory, authority, person)
  const isSilent = request.prompt === 'none'
  const unassigned = isSilent ? { error: 'interaction_required', isPageOnly: false } : {}
  const admission = admitPerson(directory, { client, person, tenant }, unassigned)
  checkResources(directory, admission, request.scopes.permissions)
  return admission
}

/** Asks for what Conditional Access wants to see, or says that nothing will help. */
async function meetPolicies(
  call: Call,
  request: AuthorizationRequest,
  session: Session,
  admission: Admission,
): Promise<Response | undefined> {
  const { directory, now } = call.sts
  const { client, claims, requestedClaims, scopes } = request
  const resources = resourcesOf(scopes.permissions)
  const { authenticationContexts } = requestedClaims ?? {}
  const access = { ...admission, resources, claims, authenticationContexts }
  const demand = findDemand(directory, access, session, now())
  if (!demand) return undefined
  if (request.prompt === 'none') {
    const silently = { error: 'interaction_required', isPageOnly: false }
    if (demand.kind === 'freshSignIn') throw aadsts(70044, {}, silently)
    throw refusal(demand, client, session, silently)
  }
  if (demand.kind === 'freshSignIn') return showAccounts(call, request, { isStale: true })
  if (demand.kind === 'mfa') return showMfa(call, admission, session, true)
  if (demand.kind === 'mfaRegistration') return showMfa(call, admission, session, false)
  throw refusal(demand, client, session)
}

async function signInToClient(call: Call, signIn: SignIn, admission: Admission): Promise<Response> {
  const { directory } = call.sts
  const { request, session, accepted } = signIn
  const asked = permissionsOf(directory, request.scopes)
  const missing = missingConsent(directory, admission, asked)
  const wanted = request.prompt === 'consent' ? union(asked, missing) : missing
  const question = await askForConsent(call, signIn, admission, wanted)
  if (question) return question
  if (accepted) {
    const isForAll = accepted === 'AllPrincipals' && mayConsentForAll(admission.user)
    const consentType = isForAll ? 'AllPrincipals' : 'Principal'
    recordConsent(call.sts, admission, union(asked, missing), consentType)
  }
  return answerClient(call, request, session, admission)
}

/** Ends a sign-in: code, tokens or both go to the client. */
async function answerClient(
  call: Call,
  request: AuthorizationRequest,
  session: Session,
  admission: Admission,
): Promise<Response> {
  const wantsCode = request.responseTypes.includes('code')
  const code = wantsCode ? await issueCode(call, request, session, admission) : undefined
  return redirectToClient(request, {
    ...(code !== undefined && { code }),
    ...(await frontChannelTokens(call, request, session, admission, code)),
    session_state: session.sid,
    ...(request.wantsClientInfo && {
      client_info: clientInfo(call.sts.directory, admission.user),
    }),
  })
}

async function askForConsent(
  call: Call,
  { request, session, accepted }: SignIn,
  admission: Admission,
  wanted: readonly Permission[],
): Promise<Response | undefined> {
  const { client } = request
  const [first] = wanted
  if (!first) return undefined
  const values = { id: client.appId, name: client.displayName }
  // Microsoft's own applications have no consent page: whoever owns the API lets them in, or not.
  if (client.tenantId === MICROSOFT_TENANT_ID) {
    throw aadsts(65002, { ...values, resource: first.resource.appId })
  }
  if (request.prompt === 'none') throw aadsts(65001, values, { error: 'consent_required' })
  if (needsAdministrator(call.sts.directory, admission, wanted)) {
    return showApprovalNeeded(call, admission, session)
  }
  return accepted ? undefined : showConsent(call, admission, session, wanted)
}

function union(some: readonly Permission[], others: readonly Permission[]): Permission[] {
  return [...some, ...others.filter((one) => !some.some((other) => isSame(one, other)))]
}

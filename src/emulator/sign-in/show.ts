import { randomBytes } from 'node:crypto'
import { mayConsentForAll } from '../administrators.ts'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { AppRole, DirectoryUser, PermissionScope } from '../directory.ts'
import { accountPage, usernamePage } from '../pages/account-page.ts'
import { approvalPage, approvalRequestedPage, approvalRequestPage } from '../pages/approval-page.ts'
import { type ConsentItem, consentPage } from '../pages/consent-page.ts'
import { type Form, type Page, pageResponse } from '../pages/layout.ts'
import { mfaPage, mfaRegistrationPage } from '../pages/mfa-page.ts'
import { passwordPage } from '../pages/password-page.ts'
import { signUpPage } from '../pages/sign-up-page.ts'
import { accountTiles } from './accounts.ts'
import type { AdminConsent } from './admin-consent.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { browserCookie, type Session } from './browser.ts'
import { scopeOf } from './consent.ts'
import { type Step, sealFlow } from './flow.ts'
import type { Permission } from './scopes.ts'

/** Asks which account signs in. */
export function showAccounts(
  call: Call,
  request: AuthorizationRequest,
  step: Pick<Step, 'isStale'> = {},
): Promise<Response> {
  const { client } = request
  return show(call, step, (form) =>
    accountPage(form, client.displayName, accountTiles(call, request)),
  )
}

/** Asks for a sign-in name. */
export function showUsername(
  call: Call,
  { client }: AuthorizationRequest,
  unknown: string | undefined,
  { isStale }: Pick<Step, 'isStale'>,
): Promise<Response> {
  return show(call, { isStale }, (form) => usernamePage(form, client.displayName, unknown))
}

/** Asks for what an account is made of; `taken` could not be had. */
export function showSignUp(
  call: Call,
  { client }: AuthorizationRequest,
  taken?: string,
): Promise<Response> {
  return show(call, { isSignUp: true }, (form) => signUpPage(form, client.displayName, taken))
}

/** Asks for the password of an account that has one. */
export function showPassword(
  call: Call,
  user: DirectoryUser,
  isWrong: boolean,
  { isStale }: Pick<Step, 'isStale'> = {},
): Promise<Response> {
  return show(call, { userId: user.id, isStale }, (form) => passwordPage(form, user, isWrong))
}

/** Asks for the second factor, or that one be registered. */
export function showMfa(
  call: Call,
  { user }: Admission,
  session: Session,
  isRegistered: boolean,
): Promise<Response> {
  const page = isRegistered ? mfaPage : mfaRegistrationPage
  return show(call, { session, isMfa: true }, (form) => page(form, user))
}

/** Asks whether the application may have these permissions. */
export function showConsent(
  call: Call,
  { client, user, tenant }: Admission,
  session: Session,
  permissions: readonly Permission[],
): Promise<Response> {
  const items = permissions.flatMap((permission) => scopeOf(permission) ?? []).map(forPerson)
  const canConsentForAll = mayConsentForAll(user)
  const options = { client, user, tenant, items, canConsentForAll }
  return show(call, { session }, (form) => consentPage(form, options))
}

/** Asks an administrator whether the application may have these permissions, of everybody. */
export function showAdminConsent(
  call: Call,
  { client, user, tenant }: Admission,
  session: Session,
  { permissions, appPermissions }: AdminConsent,
): Promise<Response> {
  const scopes = permissions.flatMap((permission) => scopeOf(permission) ?? []).map(forEverybody)
  const roles = appPermissions.flatMap(({ resource, appRoleId }) =>
    resource.appRoles.filter(({ id }) => id === appRoleId).map(forItself),
  )
  const options = { client, user, tenant, items: [...scopes, ...roles], isForAll: true }
  return show(call, { session }, (form) => consentPage(form, options))
}

/** Says that only an administrator can consent. */
export function showApprovalNeeded(
  call: Call,
  { client, user, tenant }: Admission,
  session: Session,
): Promise<Response> {
  const page = tenant.allowConsentRequests ? approvalRequestPage : approvalPage
  return show(call, { session }, (form) => page(form, client, user))
}

/** Says that the request for approval is on its way. */
export function showApprovalRequested(
  call: Call,
  { client, user }: Admission,
  session: Session,
): Promise<Response> {
  return show(call, { session }, (form) => approvalRequestedPage(form, client, user))
}

function forPerson(scope: PermissionScope): ConsentItem {
  const { value, userConsentDisplayName: name, userConsentDescription: description } = scope
  return { value, name, description }
}

function forEverybody(scope: PermissionScope): ConsentItem {
  const { value, adminConsentDisplayName: name, adminConsentDescription: description } = scope
  return { value, name, description }
}

function forItself({ value, displayName: name, description }: AppRole): ConsentItem {
  return { value, name, description: `${description} Without a signed-in user.` }
}

async function show(call: Call, step: Step, render: (form: Form) => Page): Promise<Response> {
  const browserId = call.browser.id ?? randomBytes(16).toString('base64url')
  const flow = await sealFlow(call, browserId, step)
  const response = pageResponse(
    render({ segment: call.segment, flow, correlationId: call.correlationId }),
  )
  if (call.browser.id === undefined) {
    response.headers.append('set-cookie', browserCookie(call.sts, browserId))
  }
  return response
}

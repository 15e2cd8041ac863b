import { randomBytes } from 'node:crypto'
import type { Admission } from '../admission.ts'
import type { Call } from '../call.ts'
import type { DirectoryUser } from '../directory.ts'
import { accountPage, usernamePage } from '../pages/account-page.ts'
import { approvalPage, consentPage } from '../pages/consent-page.ts'
import { type Page, pageResponse } from '../pages/layout.ts'
import { passwordPage } from '../pages/password-page.ts'
import { accountTiles } from './accounts.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { browserCookie, type Session } from './browser.ts'
import { scopeOf } from './consent.ts'
import { sealFlow } from './flow.ts'
import type { Permission } from './scopes.ts'

/** Asks which account signs in. */
export function showAccounts(call: Call, request: AuthorizationRequest): Promise<Response> {
  const { client } = request
  return show(call, {}, (form) =>
    accountPage(form, client.displayName, accountTiles(call, request)),
  )
}

/** Asks for a sign-in name. */
export function showUsername(
  call: Call,
  { client }: AuthorizationRequest,
  unknown?: string,
): Promise<Response> {
  return show(call, {}, (form) => usernamePage(form, client.displayName, unknown))
}

/** Asks for the password of an account that has one. */
export function showPassword(call: Call, user: DirectoryUser, isWrong: boolean): Promise<Response> {
  return show(call, { userId: user.id }, (form) => passwordPage(form, user, isWrong))
}

/** Asks whether the application may have these permissions. */
export function showConsent(
  call: Call,
  { client, user, tenant }: Admission,
  session: Session,
  permissions: readonly Permission[],
): Promise<Response> {
  const items = permissions.flatMap((permission) => scopeOf(permission) ?? [])
  return show(call, { session }, (form) => consentPage(form, { client, user, tenant, items }))
}

/** Says that only an administrator can consent. */
export function showApprovalNeeded(
  call: Call,
  { client, user }: Admission,
  session: Session,
): Promise<Response> {
  return show(call, { session }, (form) => approvalPage(form, client, user))
}

async function show(
  call: Call,
  step: { userId?: string; session?: Session },
  render: (form: { segment: string; flow: string }) => Page,
): Promise<Response> {
  const browserId = call.browser.id ?? randomBytes(16).toString('base64url')
  const flow = await sealFlow(call, browserId, step)
  const response = pageResponse(render({ segment: call.segment, flow }))
  if (call.browser.id === undefined) {
    response.headers.append('set-cookie', browserCookie(call.sts, browserId))
  }
  return response
}

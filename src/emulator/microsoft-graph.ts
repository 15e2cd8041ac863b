import type { ApplicationOptions, PermissionScopeOptions } from './create-directory.ts'

/** Microsoft Graph's client id, the resource of every scope without a prefix. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000'

/** The tenant that Microsoft's own applications are registered in. */
export const MICROSOFT_TENANT_ID = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a'

/** The scopes of OpenID Connect, which Entra keeps as permissions of Microsoft Graph. */
export const OIDC_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'offline_access',
])

/** Microsoft Graph as a resource application: v1 tokens, and the few scopes that sign-ins ask for. */
export function microsoftGraph(): ApplicationOptions {
  return {
    appId: GRAPH_APP_ID,
    displayName: 'Microsoft Graph',
    tenantId: MICROSOFT_TENANT_ID,
    signInAudience: 'AzureADMultipleOrgs',
    identifierUris: ['https://graph.microsoft.com'],
    api: { oauth2PermissionScopes: graphScopes() },
  }
}

function graphScopes(): PermissionScopeOptions[] {
  return [
    scope(
      '37f7f235-527c-4136-accd-4a02d197296e',
      'openid',
      'Sign you in',
      'Allows you to sign in to the app with your work account.',
    ),
    scope(
      '14dad69e-099b-42c9-810b-d002981feec1',
      'profile',
      'View your basic profile',
      'Allows the app to see your name, your user name and your picture.',
    ),
    scope(
      '64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0',
      'email',
      'View your email address',
      'Allows the app to see your primary email address.',
    ),
    scope(
      '7427e0e9-2fba-42fe-b0c0-848c9e6a8182',
      'offline_access',
      'Maintain access to data you have given it access to',
      'Allows the app to keep its access while you are not using it.',
    ),
    scope(
      'e1fe6dd8-ba31-4d61-89e7-88639da4683d',
      'User.Read',
      'Read your profile',
      'Allows the app to read your profile and basic facts about your organisation.',
    ),
  ]
}

function scope(
  id: string,
  value: string,
  name: string,
  description: string,
): PermissionScopeOptions {
  return {
    id,
    value,
    type: 'User',
    isEnabled: true,
    userConsentDisplayName: name,
    userConsentDescription: description,
  }
}

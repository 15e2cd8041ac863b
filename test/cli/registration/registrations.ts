import type {
  Application,
  DesiredRegistration,
  Difference,
  Registration,
} from '../../../src/cli/registration/types.ts'

/** A registration that is as it has to be for {@link desired}. */
export function registration(changes: Partial<Application> = {}): Registration {
  const application: Application = {
    id: '11111111-0000-4000-8000-000000000001',
    appId: '22222222-0000-4000-8000-000000000002',
    displayName: 'Expenses',
    uniqueName: null,
    tags: [],
    signInAudience: 'AzureADMyOrg',
    identifierUris: ['api://22222222-0000-4000-8000-000000000002'],
    web: { redirectUris: ['https://expenses.example.com/auth/callback'] },
    spa: { redirectUris: [] },
    publicClient: { redirectUris: [] },
    isFallbackPublicClient: false,
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [scope('mcp-access')],
      preAuthorizedApplications: [],
    },
    appRoles: [],
    requiredResourceAccess: [],
    passwordCredentials: [],
    keyCredentials: [],
    optionalClaims: null,
    groupMembershipClaims: null,
    ...changes,
  }
  return {
    application,
    servicePrincipal: {
      id: '33333333-0000-4000-8000-000000000003',
      appId: application.appId,
      accountEnabled: true,
      appRoleAssignmentRequired: false,
    },
    federatedCredentials: [],
    grants: [],
    graphServicePrincipal: '44444444-0000-4000-8000-000000000004',
    policies: undefined,
  }
}

export function scope(
  value: string,
  changes: { isEnabled?: boolean; type?: 'User' | 'Admin' } = {},
) {
  return {
    id: `55555555-0000-4000-8000-${value.length.toString().padStart(12, '0')}`,
    value,
    type: 'User' as const,
    isEnabled: true,
    userConsentDisplayName: value,
    userConsentDescription: value,
    adminConsentDisplayName: value,
    adminConsentDescription: value,
    ...changes,
  }
}

export function desired(changes: Partial<DesiredRegistration> = {}): DesiredRegistration {
  return {
    displayName: 'Expenses',
    uniqueName: 'entrance-expenses-0123456789',
    signInAudience: 'AzureADMyOrg',
    redirectUris: ['https://expenses.example.com/auth/callback'],
    scopes: [{ value: 'mcp-access' }],
    preAuthorized: [],
    optionalClaims: [],
    hasGroups: false,
    roles: [],
    hasOperatorRole: false,
    operators: [],
    graphPermissions: [],
    hasAdminConsent: false,
    ...changes,
  }
}

export const ids = (differences: readonly Difference[]) => differences.map(({ id }) => id)

import type { DirectoryOptions } from './create-directory.ts'

/** Ids that never change, so that documents, tests and `.env` files can rely on them. */
export const SEED = {
  tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  domain: 'entrance.example',
  clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
  /** Not in the shape of Entra's own secrets, which secret scanners would report. */
  clientSecret: 'entra-emulator~not-a-secret~local-use-only',
  scope: 'mcp-access',
  /** What `IDENTITY_HEADER` is to a workload with a managed identity. */
  identityHeader: 'entra-emulator~identity-header',
  alice: 'f008373e-b362-4903-bcb9-19208e6a0c72',
  bob: 'aa760628-8e72-40f8-92a9-54680576b8d1',
  /** Global Administrator, so that the directory can be administered through Microsoft Graph. */
  ada: 'c0f2a7d4-1b7e-4c1f-9a53-6e0d7b5f2c18',
} as const

const APPLICATION_OBJECT_ID = 'ba3149dc-120f-4f1c-97a7-55621b92db36'
const SERVICE_PRINCIPAL_ID = 'd2dd8f80-1454-4cca-8f9d-5b67bbf26cec'
const SECRET_KEY_ID = 'bbe614b1-58ad-4f9a-a57c-a639005e3e32'
const SCOPE_ID = 'a4523ec1-462d-4d16-8e98-c907186914c3'
const APPROVER_ROLE_ID = '1751342b-2a4b-46f3-9840-c28f14b93d44'
const AUDITOR_ROLE_ID = 'b9b310fe-70f1-4ae9-814d-48d26f52a57c'

/** What a new emulator holds: one tenant, Alice, Bob and Ada, and the application "Entrance". */
export function seedDirectory(): Required<DirectoryOptions> {
  const { tenantId, domain, clientId } = SEED
  return {
    tenants: [{ id: tenantId, displayName: 'Entrance Example', domains: [domain] }],
    users: [
      { id: SEED.alice, tenantId, userPrincipalName: `alice@${domain}`, displayName: 'Alice' },
      { id: SEED.bob, tenantId, userPrincipalName: `bob@${domain}`, displayName: 'Bob' },
      {
        id: SEED.ada,
        tenantId,
        userPrincipalName: `ada@${domain}`,
        displayName: 'Ada',
        directoryRoles: ['Global Administrator'],
      },
    ],
    groups: [],
    applications: [seedApplication()],
    servicePrincipals: [
      {
        id: SERVICE_PRINCIPAL_ID,
        appId: clientId,
        tenantId,
        appRoleAssignedTo: [{ principalId: SEED.bob, appRoleId: APPROVER_ROLE_ID }],
      },
    ],
    oauth2PermissionGrants: [],
    conditionalAccessPolicies: [],
  }
}

function seedApplication(): Required<DirectoryOptions>['applications'][number] {
  return {
    id: APPLICATION_OBJECT_ID,
    appId: SEED.clientId,
    displayName: 'Entrance',
    tenantId: SEED.tenantId,
    identifierUris: [`api://${SEED.clientId}`],
    web: { redirectUris: ['http://localhost:8000/auth/callback'] },
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [
        {
          id: SCOPE_ID,
          value: SEED.scope,
          type: 'User',
          isEnabled: true,
          userConsentDisplayName: 'Use the MCP server',
          userConsentDescription: 'Allows the app to use the MCP server on your behalf.',
        },
      ],
    },
    appRoles: [
      role(APPROVER_ROLE_ID, 'Expenses.Approver', 'Expense approver'),
      role(AUDITOR_ROLE_ID, 'Expenses.Auditor', 'Expense auditor'),
    ],
    passwordCredentials: [
      {
        keyId: SECRET_KEY_ID,
        displayName: 'emulator',
        secretText: SEED.clientSecret,
        endDateTime: '2999-12-31T00:00:00Z',
      },
    ],
  }
}

function role(id: string, value: string, displayName: string) {
  return { id, value, displayName, isEnabled: true }
}

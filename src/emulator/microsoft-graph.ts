import type { ApplicationOptions } from './create-directory.ts'
import { graphAppRoles, graphScopeId, graphScopes } from './graph-permissions.ts'

/** Microsoft Graph's client id, the resource of every scope without a prefix. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000'

/** The client id of the Azure CLI, and of azd. */
export const AZURE_CLI_APP_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

/** The client id of Visual Studio Code. */
export const VS_CODE_APP_ID = 'aebc6443-996d-45c2-90f0-388ff96faa56'

/** The tenant that Microsoft's own applications are registered in. */
export const MICROSOFT_TENANT_ID = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a'

/** The scopes of OpenID Connect, which Entra keeps as permissions of Microsoft Graph. */
export const OIDC_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'offline_access',
])

/** Microsoft Graph's name in each cloud. */
export const GRAPH_HOSTS: readonly string[] = [
  'graph.microsoft.com',
  'graph.microsoft.us',
  'dod-graph.microsoft.us',
  'microsoftgraph.chinacloudapi.cn',
]

// What people may do with the Azure CLI's tokens is decided by their directory roles.
const AZURE_CLI_PERMISSIONS = [
  ...OIDC_SCOPES,
  'User.Read',
  'User.Read.All',
  'User.ReadWrite.All',
  'Group.ReadWrite.All',
  'GroupMember.Read.All',
  'Application.ReadWrite.All',
  'AppRoleAssignment.ReadWrite.All',
  'DelegatedPermissionGrant.ReadWrite.All',
  'Directory.Read.All',
  'Directory.AccessAsUser.All',
  'AuditLog.Read.All',
  'Policy.Read.All',
]
const VS_CODE_PERMISSIONS = [...OIDC_SCOPES, 'User.Read']

/** Microsoft's own applications, which are in every tenant. */
export function builtInApplications(): ApplicationOptions[] {
  return [microsoftGraph(), azureCli(), vsCode()]
}

/** Microsoft Graph as a resource application: v1 tokens, and the permissions in use here. */
function microsoftGraph(): ApplicationOptions {
  return {
    appId: GRAPH_APP_ID,
    displayName: 'Microsoft Graph',
    tenantId: MICROSOFT_TENANT_ID,
    signInAudience: 'AzureADMultipleOrgs',
    identifierUris: GRAPH_HOSTS.map((host) => `https://${host}`),
    appRoles: graphAppRoles(),
    api: {
      oauth2PermissionScopes: graphScopes(),
      preAuthorizedApplications: [
        preAuthorize(AZURE_CLI_APP_ID, AZURE_CLI_PERMISSIONS),
        preAuthorize(VS_CODE_APP_ID, VS_CODE_PERMISSIONS),
      ],
    },
  }
}

function azureCli(): ApplicationOptions {
  return {
    ...publicClient(AZURE_CLI_APP_ID, 'Microsoft Azure CLI', AZURE_CLI_PERMISSIONS),
    publicClient: {
      redirectUris: [
        'http://localhost',
        'https://login.microsoftonline.com/common/oauth2/nativeclient',
      ],
    },
  }
}

function vsCode(): ApplicationOptions {
  return {
    ...publicClient(VS_CODE_APP_ID, 'Visual Studio Code', VS_CODE_PERMISSIONS),
    publicClient: {
      redirectUris: ['http://localhost', 'http://127.0.0.1:33418', 'https://vscode.dev/redirect'],
    },
  }
}

function publicClient(
  appId: string,
  displayName: string,
  permissions: readonly string[],
): ApplicationOptions {
  return {
    appId,
    displayName,
    tenantId: MICROSOFT_TENANT_ID,
    signInAudience: 'AzureADandPersonalMicrosoftAccount',
    isFallbackPublicClient: true,
    requiredResourceAccess: [
      {
        resourceAppId: GRAPH_APP_ID,
        resourceAccess: permissions.map((value) => ({ id: graphScopeId(value), type: 'Scope' })),
      },
    ],
  }
}

function preAuthorize(appId: string, permissions: readonly string[]) {
  return { appId, delegatedPermissionIds: permissions.map(graphScopeId) }
}

import type { ApplicationOptions } from './create-directory.ts'
import { MICROSOFT_TENANT_ID } from './microsoft-graph.ts'

/** The API whose tokens stand in for a client's secret: what federated credentials call by its URI. */
export function tokenExchange(): ApplicationOptions {
  return {
    appId: 'fb60f99c-7a34-4190-8149-302f77469936',
    displayName: 'AAD Token Exchange',
    tenantId: MICROSOFT_TENANT_ID,
    signInAudience: 'AzureADMultipleOrgs',
    // One for each cloud; a credential's audience is one of them.
    identifierUris: [
      'api://AzureADTokenExchange',
      'api://AzureADTokenExchangeUSGov',
      'api://AzureADTokenExchangeChina',
    ],
    api: { requestedAccessTokenVersion: 2 },
  }
}

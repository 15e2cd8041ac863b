import type { GraphCall, Reply } from './graph-call.ts'
import { list } from './query.ts'

/** GET /organization */
export function listOrganization(call: GraphCall): Reply {
  const { id, displayName, domains } = call.caller.tenant
  const verifiedDomains = domains.map((name, index) => ({
    capabilities: 'Email, OfficeCommunicationsOnline',
    isDefault: index === 0,
    isInitial: index === 0,
    name,
    type: 'Managed',
  }))
  return list(call, {
    context: 'organization',
    type: 'organization',
    items: [{ id, displayName, tenantType: 'AAD', verifiedDomains }],
    filterable: [],
  })
}

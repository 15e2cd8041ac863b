import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGraph } from '../../../src/cli/graph/graph-client.ts'
import { findByClientId } from '../../../src/cli/registration/read-registration.ts'

test('what Graph shows and does not take back is left out of lists that are written', async () => {
  const role = { id: 'r', value: 'A', isEnabled: true }
  const scope = { id: 's', value: 'mcp-access', isEnabled: true }
  const application = {
    ...{ id: 'o', appId: 'a', displayName: 'Mine', signInAudience: 'AzureADMyOrg' },
    appRoles: [{ ...role, origin: 'Application' }],
    api: { oauth2PermissionScopes: [{ ...scope, origin: 'Application' }] },
  }
  const graph = createGraph({
    origin: 'https://graph.microsoft.com',
    token: 'x',
    fetch: async () => Response.json({ value: [application] }),
  })
  const found = await findByClientId(graph, 'a')
  assert.deepEqual(found?.appRoles, [role])
  assert.deepEqual(found?.api.oauth2PermissionScopes, [scope])
})

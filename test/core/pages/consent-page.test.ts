import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identifyClient } from '../../../src/core/clients/client-identity.ts'
import { consentPage } from '../../../src/core/pages/consent-page.ts'
import { textOf } from '../../support/forms.ts'

const redirectUri = 'http://127.0.0.1:1234/callback'

function show(account: string | undefined): Promise<string> {
  const client = { source: 'registered', client_id: 'e1.x', client_name: 'Editor' } as const
  const page = consentPage({
    ...{ clientName: client.client_name, clientId: client.client_id, redirectUri },
    identity: identifyClient(client, redirectUri),
    scope: 'mcp-access',
    serverName: 'Expenses',
    resource: 'http://localhost:8000/mcp',
    ...{ sealedRequest: 'sealed', formToken: 'token', action: '/consent' },
    appsAddress: '/auth/apps',
    account,
    isRemembered: false,
    setCookie: undefined,
  })
  return page.text().then(textOf)
}

test('who is asked late reads which account it is about, also where it has no name', async () => {
  assert.doesNotMatch(await show(undefined), /You chose/)
  assert.match(await show('bob@x.example'), /You chose bob@x\.example at Microsoft Entra ID that/)
  assert.match(await show(''), /You chose an account at Microsoft Entra ID that has not allowed/)
})

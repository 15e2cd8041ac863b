import assert from 'node:assert/strict'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import type { World } from './world.ts'

/** What an operator does in the portal, in words that a finding gave. */
export const portal = {
  /** Authentication, Web: adds the redirect URI that was expected. */
  addRedirectUri({ app }: World, { expected, portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /Authentication: Web, Redirect URIs|register exactly/)
    assert.ok(expected?.endsWith('/auth/callback'), expected)
    app.web.redirectUris.push(expected as string)
  },

  /** Expose an API: sets the Application ID URI that was expected. */
  setIdentifierUri({ app }: World, { expected, portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /Application ID URI/)
    app.identifierUris = [expected as string]
  },

  /** Expose an API: adds the scope, or enables it. */
  exposeScope({ app }: World, { portal: steps }: Finding): void {
    const [, name] = /Add a scope: (\S+),/.exec(steps?.join(' ') ?? '') ?? []
    assert.equal(name, 'mcp-access')
    const { oauth2PermissionScopes: scopes } = app.api
    const scope = scopes.find(({ value }) => value === name)
    if (scope) scope.isEnabled = true
    else scopes.push({ ...SCOPE, value: name })
  },

  /** Certificates & secrets: makes a secret, whose Value goes into the variable. */
  createSecret({ app, env }: World, { portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /new client secret/i)
    const secretText = `a-new-secret~${app.passwordCredentials.length}`
    const ends = { startDateTime: '2026-01-01T00:00:00Z', endDateTime: '2999-12-31T00:00:00Z' }
    const keyId = crypto.randomUUID()
    app.passwordCredentials.push({ keyId, displayName: 'entrance', secretText, ...ends })
    env.ENTRA_PROXY_AZURE_CLIENT_SECRET = secretText
  },

  /** Enterprise applications, Properties: enables the application. */
  enable({ servicePrincipal }: World, { portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /Enabled for users to sign-in/)
    servicePrincipal.accountEnabled = true
  },
}

const SCOPE = {
  id: '11111111-1111-4111-8111-111111111111',
  type: 'User',
  isEnabled: true,
  userConsentDisplayName: 'Use the MCP server',
  userConsentDescription: '',
  adminConsentDisplayName: 'Use the MCP server',
  adminConsentDescription: '',
} as const

/** What an operator does to `.env`: writes what the finding tells. */
export const dotEnv = {
  /** Goes back to the secret, where what was to stand in for it cannot be had. */
  useSecret({ env }: World, { portal: steps }: Finding): void {
    assert.ok(steps?.length, 'a cure')
    delete env.ENTRANCE_CREDENTIAL
  },

  /** Copies the ids of the overview page of the app registration. */
  copyIds({ env, emulator }: World, { portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /overview page|Tenant ID|Directory \(tenant\) ID/)
    env.AZURE_TENANT_ID = emulator.tenantId
    env.ENTRA_PROXY_AZURE_CLIENT_ID = emulator.application.clientId
  },

  /** Copies the Value of the secret. */
  copySecret({ env, emulator }: World, { portal: steps }: Finding): void {
    assert.match(steps?.join(' ') ?? '', /secret/)
    env.ENTRA_PROXY_AZURE_CLIENT_SECRET = emulator.application.clientSecret
  },

  /** Takes the quotation marks and spaces off a variable. */
  unquote:
    (name: string) =>
    ({ env }: World, { portal: steps }: Finding) => {
      assert.match(steps?.join(' ') ?? '', /Remove them/)
      env[name] = (env[name] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2')
    },

  /** Leaves a variable out, as the finding says one can. */
  leaveOut:
    (name: string) =>
    ({ env }: World, { portal: steps }: Finding) => {
      assert.match(steps?.join(' ') ?? '', /[Ll]eave (it|out)|or unset/)
      delete env[name]
    },
}

import assert from 'node:assert/strict'
import type { Finding } from '../../../../src/cli/doctor/finding.ts'
import type { Fault } from '../fault.ts'
import { dotEnv } from '../portal.ts'
import type { World } from '../world.ts'

/** Pastes the command that the finding has into a shell where somebody is signed in with az. */
async function runCommand({ runShell }: World, { command }: Finding): Promise<void> {
  assert.ok(command)
  await runShell(command)
}

/** What is wrong with the app registration, as Microsoft Graph shows it to an operator. */
export const graphFaults: readonly Fault[] = [
  {
    name: 'the registration issues version 1 tokens',
    plant: ({ app }) => {
      app.api.requestedAccessTokenVersion = null
    },
    finding: 'registration.token-version',
    says: /which means 1/,
    cure: runCommand,
    signIn: {
      where: 'page',
      says: /version 1\.0 access tokens.*Set requestedAccessTokenVersion to 2/,
    },
  },
  {
    name: 'the redirect URI is not registered, and others are',
    plant: ({ app }) => {
      app.web.redirectUris = ['https://other.example.com/auth/callback']
    },
    finding: 'registration.redirect-uri-missing',
    says: /other\.example\.com/,
    cure: runCommand,
    signIn: { where: 'entra', says: /AADSTS50011/ },
  },
  {
    name: 'the redirect URI is one of a single-page application',
    plant: ({ app }) => {
      app.spa.redirectUris = app.web.redirectUris
      app.web.redirectUris = []
    },
    finding: 'registration.redirect-uri-platform',
    says: /Single-page application/,
    cure: runCommand,
    signIn: {
      where: 'page',
      says: /AADSTS9002327.*register the callback address for the platform 'Web'/,
    },
  },
  {
    name: 'the redirect URI is one of a mobile or desktop application',
    plant: ({ app }) => {
      app.publicClient.redirectUris = app.web.redirectUris
      app.web.redirectUris = []
    },
    finding: 'registration.redirect-uri-platform',
    says: /Mobile and desktop/,
    cure: runCommand,
    signIn: {
      where: 'page',
      says: /AADSTS700025.*register the callback address for the platform 'Web'/,
    },
  },
  {
    name: 'the registration has no Application ID URI',
    plant: ({ app }) => {
      app.identifierUris = []
    },
    finding: 'registration.identifier-uri',
    says: /AADSTS500011/,
    cure: runCommand,
    signIn: { where: 'page', says: /AADSTS500011.*set the Application ID URI/ },
  },
  {
    name: 'the registration exposes no scope',
    plant: ({ app }) => {
      app.api.oauth2PermissionScopes = []
    },
    finding: 'registration.scope-missing',
    says: /exposes no scope mcp-access/,
    cure: runCommand,
    signIn: { where: 'page', says: /AADSTS650053.*add the scope mcp-access/ },
  },
  {
    name: 'the scope of the registration is disabled',
    plant: ({ app }) => {
      for (const scope of app.api.oauth2PermissionScopes) scope.isEnabled = false
    },
    finding: 'registration.scope-disabled',
    says: /is disabled/,
    cure: runCommand,
    signIn: { where: 'page', says: /AADSTS650053.*and enable them/ },
  },
  {
    name: 'the application has no service principal, as Graph shows',
    plant: ({ emulator: { directory }, app }) => {
      directory.servicePrincipals = directory.servicePrincipals.filter(
        ({ appId }) => appId !== app.appId,
      )
    },
    finding: 'registration.service-principal-missing',
    says: /no service principal/,
    cure: runCommand,
    signIn: { where: 'entra', says: /AADSTS700016/ },
  },
  {
    name: 'the application is disabled, as Graph shows',
    plant: ({ servicePrincipal }) => {
      servicePrincipal.accountEnabled = false
    },
    finding: 'registration.service-principal-disabled',
    says: /switched it off/,
    cure: runCommand,
    signIn: { where: 'entra', says: /AADSTS7000112/ },
  },
  {
    name: 'the client id is the object id, as Graph shows',
    plant: ({ env, app }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = app.id
    },
    finding: 'registration.application-missing',
    says: /Object ID is another one/,
    cure: (world, finding) => dotEnv.copyIds(world, { ...finding, portal: ['overview page'] }),
    signIn: { where: 'entra', says: /AADSTS700016/ },
  },
  {
    name: "the client secret begins as none of the registration's does",
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_SECRET = 'xyz~of-another-application'
    },
    finding: 'registration.secret-unknown',
    says: /none of the registration/,
    cure: takeNewSecret,
    signIn: { where: 'page', says: /AADSTS7000215.*put its Value/ },
  },
  {
    name: 'the client secret ends within a month',
    plant: ({ app }) => {
      const end = new Date(Date.now() + 10 * 24 * 3600 * 1000).toISOString()
      for (const secret of app.passwordCredentials) secret.endDateTime = end
    },
    finding: 'registration.secret-expiring',
    status: 'warning',
    says: /The client secret ends on/,
    cure: takeNewSecret,
    signIn: { where: 'none', because: 'It has not ended yet.' },
  },
  {
    name: 'the client secret ended, as Graph shows',
    plant: ({ app }) => {
      for (const secret of app.passwordCredentials) secret.endDateTime = '2026-01-31T00:00:00Z'
    },
    finding: 'registration.secret-expired',
    says: /ended on 2026-01-31/,
    cure: takeNewSecret,
    signIn: { where: 'page', says: /AADSTS7000222.*Create a new client secret/ },
  },
  {
    name: 'an assignment is required, and nobody is assigned',
    plant: ({ servicePrincipal }) => {
      servicePrincipal.appRoleAssignmentRequired = true
      servicePrincipal.appRoleAssignedTo = []
    },
    finding: 'registration.nobody-assigned',
    says: /AADSTS50105/,
    cure: runCommand,
    signIn: { where: 'entra', says: /AADSTS50105/ },
  },
  {
    name: 'members may not consent, and nobody has consented for them',
    plant: ({ emulator }) => {
      for (const tenant of emulator.directory.tenants) tenant.allowUserConsent = false
    },
    finding: 'registration.consent',
    says: /AADSTS90094/,
    cure: runCommand,
    signIn: { where: 'entra', says: /Need admin approval.*AADSTS90094/, account: 'Bob' },
  },
  {
    name: 'only administrators can consent to the scope, and none has',
    plant: ({ app }) => {
      for (const scope of app.api.oauth2PermissionScopes) scope.type = 'Admin'
    },
    finding: 'registration.consent',
    says: /consented for everybody to mcp-access/,
    cure: runCommand,
    signIn: { where: 'entra', says: /Need admin approval.*AADSTS90094/, account: 'Bob' },
  },
  {
    name: 'people of other organisations are to come in, and the registration is for one',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = 'organizations'
      env.ENTRANCE_ALLOW_TENANTS = 'any'
    },
    finding: 'registration.account-type',
    says: /AzureADMultipleOrgs/,
    cure: runCommand,
    signIn: { where: 'entra', says: /AADSTS50194/ },
  },
  {
    name: 'a role is asked for that the registration does not have',
    plant: ({ env }) => {
      env.ENTRANCE_ALLOW_ROLES = 'Expenses.Clerk'
    },
    finding: 'registration.app-role-missing',
    says: /Expenses\.Clerk/,
    cure: runCommand,
    signIn: {
      where: 'page',
      says: /people with certain app roles.*\(rule 'roles'\).*ask the operator/,
      cured: 'page',
    },
  },
  {
    name: 'the operator’s API opens by the app role alone, which does not exist',
    plant: ({ env }) => {
      env.ENTRANCE_OPERATOR_PORT = '0'
    },
    finding: 'registration.operator-role-missing',
    status: 'warning',
    says: /Entrance\.Operator/,
    cure: runCommand,
    signIn: { where: 'none', because: 'People sign in all the same; the operator does not.' },
  },
  {
    name: 'groups are asked for, and tokens name none',
    plant: ({ env, app }) => {
      env.ENTRANCE_ALLOW_GROUPS = '1f6b1a8e-0000-4000-8000-00000000abcd'
      app.requiredResourceAccess.push(USER_READ)
    },
    finding: 'registration.groups-claim',
    status: 'warning',
    says: /groups/,
    cure: runCommand,
    signIn: {
      where: 'page',
      says: /members of certain groups.*\(rule 'groups'\).*ask the operator/,
      cured: 'page',
    },
  },
  {
    name: 'guests are to stay out, and tokens do not say who is one',
    plant: ({ env }) => {
      env.ENTRANCE_ALLOW_GUESTS = 'off'
    },
    finding: 'registration.optional-claims',
    says: /acct/,
    cure: runCommand,
    signIn: { where: 'page', says: /whether the account is a guest.*add the optional claim acct/ },
  },
  {
    name: 'public client flows are allowed',
    plant: ({ app }) => {
      app.isFallbackPublicClient = true
    },
    finding: 'registration.public-client',
    status: 'warning',
    says: /Public client flows/,
    cure: runCommand,
    signIn: { where: 'none', because: 'This server presents its secret all the same.' },
  },
]

const USER_READ = {
  resourceAppId: '00000003-0000-0000-c000-000000000000',
  resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' as const }],
}

/** The command prints the Value of the new secret, once. */
async function takeNewSecret(world: World, { command }: Finding): Promise<void> {
  assert.ok(command)
  const value = (await world.runShell(command)).trim()
  assert.notEqual(value, '')
  world.env.ENTRA_PROXY_AZURE_CLIENT_SECRET = value
}

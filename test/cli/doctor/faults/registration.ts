import type { Fault } from '../fault.ts'
import { dotEnv, portal } from '../portal.ts'

/** What is wrong with the app registration, as far as Entra tells anybody who asks. */
export const registrationFaults: readonly Fault[] = [
  {
    name: 'the client id is one that the tenant does not have',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = '5f6b1a8e-0000-4000-8000-00000000abcd'
    },
    finding: 'entra.authorize.client-id',
    says: /AADSTS700016/,
    cure: dotEnv.copyIds,
    signIn: { where: 'entra', says: /AADSTS700016: Application with identifier '5f6b1a8e/ },
  },
  {
    name: 'the client id is the placeholder of an example',
    plant: ({ env }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = '00000000-0000-0000-0000-000000000000'
    },
    finding: 'entra.authorize.client-id',
    says: /AADSTS700038/,
    cure: dotEnv.copyIds,
    signIn: { where: 'entra', says: /AADSTS700038/ },
  },
  {
    name: "the application's object id stands in place of the client id",
    plant: ({ env, app }) => {
      env.ENTRA_PROXY_AZURE_CLIENT_ID = app.id
    },
    finding: 'entra.authorize.client-id',
    says: /AADSTS700016/,
    cure: dotEnv.copyIds,
    signIn: { where: 'entra', says: /AADSTS700016/ },
  },
  {
    name: 'the application has no service principal in the tenant',
    plant: ({ emulator: { directory }, app }) => {
      directory.servicePrincipals = directory.servicePrincipals.filter(
        ({ appId }) => appId !== app.appId,
      )
    },
    finding: 'entra.authorize.client-id',
    says: /no service principal/,
    cure: ({ emulator: { directory }, servicePrincipal }) =>
      void directory.servicePrincipals.push(servicePrincipal),
    signIn: { where: 'entra', says: /AADSTS700016/ },
  },
  {
    name: 'the application is switched off in the tenant',
    plant: ({ servicePrincipal }) => {
      servicePrincipal.accountEnabled = false
    },
    finding: 'entra.authorize.disabled',
    says: /AADSTS7000112/,
    cure: portal.enable,
    signIn: { where: 'entra', says: /AADSTS7000112/ },
  },
  {
    name: 'no redirect URI is registered',
    plant: ({ app }) => {
      app.web.redirectUris = []
    },
    finding: 'entra.authorize.no-redirect-uri',
    says: /AADSTS500113/,
    cure: portal.addRedirectUri,
    signIn: { where: 'entra', says: /AADSTS500113/ },
  },
  {
    name: 'the registered redirect URI has a slash at its end',
    plant: ({ app, url }) => {
      app.web.redirectUris = [`${url}/auth/callback/`]
    },
    finding: 'entra.authorize.redirect-uri',
    says: /is registered: it has a slash at its end/,
    cure: portal.addRedirectUri,
    signIn: { where: 'entra', says: /AADSTS50011: The redirect URI '\S+\/auth\/callback'/ },
  },
  {
    name: 'the registered redirect URI is https, and the server http',
    plant: ({ app, url }) => {
      app.web.redirectUris = [`${url.replace('http:', 'https:')}/auth/callback`]
    },
    finding: 'entra.authorize.redirect-uri',
    says: /is registered: it begins with https/,
    cure: portal.addRedirectUri,
    signIn: { where: 'entra', says: /AADSTS50011: The redirect URI 'http:/ },
  },
  {
    name: 'the registered redirect URI has 127.0.0.1 in place of localhost',
    plant: ({ app, url }) => {
      app.web.redirectUris = [`${url.replace('localhost', '127.0.0.1')}/auth/callback`]
    },
    finding: 'entra.authorize.redirect-uri',
    says: /is registered: its host is 127\.0\.0\.1/,
    cure: portal.addRedirectUri,
    signIn: { where: 'entra', says: /AADSTS50011: The redirect URI 'http:\/\/localhost/ },
  },
  {
    name: 'the registered redirect URI lacks the path below which the server is',
    plant: ({ app, url, env }) => {
      app.web.redirectUris = [`${url}/auth/callback`]
      env.ENTRANCE_URL = `${url}/expenses`
    },
    finding: 'entra.authorize.redirect-uri',
    says: /is registered: it lacks the path of ENTRANCE_URL/,
    cure: portal.addRedirectUri,
    signIn: {
      where: 'entra',
      says: /AADSTS50011: The redirect URI '\S+\/expenses\/auth\/callback'/,
    },
  },
  {
    name: "the registered redirect URI is another server's",
    plant: ({ app }) => {
      app.web.redirectUris = ['https://other.example.com/auth/callback']
    },
    finding: 'entra.authorize.redirect-uri',
    says: /not among the registered redirect URIs/,
    cure: portal.addRedirectUri,
    signIn: { where: 'entra', says: /AADSTS50011/ },
  },
  {
    name: 'there is no Application ID URI',
    plant: ({ app }) => {
      app.identifierUris = []
    },
    finding: 'entra.authorize.id-uri',
    says: /AADSTS500011/,
    cure: portal.setIdentifierUri,
    signIn: { where: 'page', says: /AADSTS500011.*set the Application ID URI/ },
  },
  {
    name: 'the Application ID URI is another one',
    plant: ({ app }) => {
      app.identifierUris = ['api://expenses']
    },
    finding: 'entra.authorize.id-uri',
    says: /AADSTS500011/,
    cure: portal.setIdentifierUri,
    signIn: { where: 'page', says: /AADSTS500011.*set the Application ID URI/ },
  },
  {
    name: 'the scope is not exposed',
    plant: ({ app }) => {
      app.api.oauth2PermissionScopes = []
    },
    finding: 'entra.authorize.scope',
    says: /AADSTS650053/,
    cure: portal.exposeScope,
    signIn: { where: 'page', says: /AADSTS650053.*add the scope mcp-access/ },
  },
  {
    name: 'the scope is disabled',
    plant: ({ app }) => {
      for (const scope of app.api.oauth2PermissionScopes) scope.isEnabled = false
    },
    finding: 'entra.authorize.scope',
    says: /AADSTS650053/,
    cure: portal.exposeScope,
    signIn: { where: 'page', says: /AADSTS650053.*and enable them/ },
  },
  {
    name: 'the scope has another name',
    plant: ({ app }) => {
      for (const scope of app.api.oauth2PermissionScopes) scope.value = 'mcp.access'
    },
    finding: 'entra.authorize.scope',
    says: /AADSTS650053/,
    cure: portal.exposeScope,
    signIn: { where: 'page', says: /AADSTS650053: .* asked for scope 'mcp-access'.*add the scope/ },
  },
  {
    name: 'the registration is for one organisation, and the tenant for all',
    plant: ({ env }) => {
      env.AZURE_TENANT_ID = 'organizations'
      env.ENTRANCE_ALLOW_TENANTS = 'any'
    },
    finding: 'entra.authorize.account-types',
    says: /AADSTS50194/,
    cure: (world, finding) => {
      dotEnv.copyIds(world, finding)
      delete world.env.ENTRANCE_ALLOW_TENANTS
    },
    signIn: { where: 'entra', says: /AADSTS50194/ },
  },
]

/** What to do, in the words of the portal, of `az` and of Microsoft Graph. */
export type Cure = {
  /** One line for a page, a log line or a terminal. */
  readonly summary: string
  /** Steps in the Entra admin centre, named as it names them. */
  readonly portal?: string
  /** A command of the Azure CLI. Blanks: see {@link CureBlanks}. */
  readonly az?: string
  /** The call of Microsoft Graph, below `/v1.0`. */
  readonly graph?: string
}

/** What the blanks of a cure stand for. */
export type CureBlanks = {
  /** Application (client) ID. */
  readonly $APP: string
  /** Object ID of the application. */
  readonly $OID: string
  /** Object ID of the service principal ("enterprise application"). */
  readonly $SP: string
  /** Directory (tenant) ID. */
  readonly $T: string
  /** The server's public base URL. */
  readonly $URL: string
  readonly $SCOPE: string
}

export type CureId = keyof typeof TABLE

const TABLE = {
  tenant: {
    summary: 'Put the Directory (tenant) ID of the app registration into AZURE_TENANT_ID.',
    portal: 'Overview: Tenant ID',
    az: 'az account show --query tenantId --output tsv',
    graph: 'GET /organization?$select=id,displayName,verifiedDomains',
  },
  cloud: {
    summary: 'The tenant belongs to another cloud: set ENTRANCE_AUTHORITY to its login host.',
    az: 'az cloud show --query endpoints.activeDirectory',
  },
  'client-id': {
    summary:
      'Compare ENTRA_PROXY_AZURE_CLIENT_ID and AZURE_TENANT_ID with the overview page of the app registration.',
    portal: 'App registrations > the application > Overview: Application (client) ID',
    az: 'az ad app list --filter "appId eq \'$APP\'" --query "[].{name:displayName,id:appId}"',
    graph: "GET /applications(appId='$APP')?$select=id,appId,displayName",
  },
  'service-principal': {
    summary: 'Create the service principal of the application in this tenant.',
    portal: 'Enterprise applications; or sign in once and consent',
    az: 'az ad sp create --id $APP',
    graph: 'POST /servicePrincipals {"appId":"$APP"}',
  },
  enable: {
    summary:
      "Enable the application: 'Enterprise applications', Properties, 'Enabled for users to sign-in'.",
    portal:
      'Enterprise applications > the application > Properties: Enabled for users to sign-in, Yes',
    az: 'az ad sp update --id $APP --set accountEnabled=true',
    graph: 'PATCH /servicePrincipals/$SP {"accountEnabled":true}',
  },
  audience: {
    summary: "Under Authentication, choose the 'Supported account types' that are to sign in.",
    portal: 'App registrations > the application > Authentication: Supported account types',
    az: 'az ad app update --id $APP --sign-in-audience AzureADMultipleOrgs',
    graph: 'PATCH /applications/$OID {"signInAudience":"AzureADMultipleOrgs"}',
  },
  'claims-mapping': {
    summary: 'Remove the claims mapping of the application.',
    portal: 'Enterprise applications > the application > Single sign-on: Attributes & Claims',
  },
  'redirect-uri': {
    summary: 'Under Authentication, Web, register exactly <ENTRANCE_URL>/auth/callback.',
    portal: 'App registrations > the application > Authentication: Web, Redirect URIs',
    // The option replaces the whole list.
    az: 'az ad app update --id $APP --web-redirect-uris $(az ad app show --id $APP --query web.redirectUris --output tsv) $URL/auth/callback',
    graph: 'PATCH /applications/$OID {"web":{"redirectUris":[the old ones, "$URL/auth/callback"]}}',
  },
  platform: {
    summary:
      "Under Authentication, register the callback address for the platform 'Web', and remove it from the others.",
    portal:
      'App registrations > the application > Authentication: remove the URI under Single-page application or Mobile and desktop applications, add it under Web',
    graph:
      'PATCH /applications/$OID {"spa":{"redirectUris":[]},"publicClient":{"redirectUris":[]},"web":{"redirectUris":["$URL/auth/callback"]},"isFallbackPublicClient":false}',
  },
  secret: {
    summary:
      "Create a new client secret under 'Certificates & secrets' and put its Value, not its ID, into ENTRA_PROXY_AZURE_CLIENT_SECRET.",
    portal:
      'App registrations > the application > Certificates & secrets > New client secret: Value',
    // Without --append all other secrets are deleted.
    az: 'az ad app credential reset --id $APP --append --display-name entrance --years 1 --query password --output tsv',
    graph: 'POST /applications/$OID/addPassword {"passwordCredential":{"displayName":"entrance"}}',
  },
  certificate: {
    summary:
      "Upload the certificate under 'Certificates & secrets', and check which one ENTRANCE_CREDENTIAL names.",
    portal:
      'App registrations > the application > Certificates & secrets > Certificates > Upload certificate',
    az: 'az ad app credential reset --id $APP --cert @certificate.pem --append',
    graph: 'PATCH /applications/$OID {"keyCredentials":[the old ones, the new one]}',
  },
  federated: {
    summary:
      "Under 'Certificates & secrets', Federated credentials, enter issuer, subject and audience exactly as the assertion has them.",
    portal:
      'App registrations > the application > Certificates & secrets > Federated credentials > Add credential',
    az: 'az ad app federated-credential create --id $APP --parameters credential.json',
    graph:
      'POST /applications/$OID/federatedIdentityCredentials {"name":"entrance","issuer":"…","subject":"…","audiences":["api://AzureADTokenExchange"]}',
  },
  clock: {
    summary: "Set this machine's clock: it may differ by five minutes at most.",
  },
  'id-uri': {
    summary:
      "Under 'Expose an API', set the Application ID URI to api://<Application (client) ID>, the form this server asks for.",
    portal: 'App registrations > the application > Expose an API: Application ID URI, Add',
    az: 'az ad app update --id $APP --identifier-uris api://$APP',
    graph: 'PATCH /applications/$OID {"identifierUris":["api://$APP"]}',
  },
  scope: {
    summary:
      "Under 'Expose an API', add the scope mcp-access, and those of additionalScopes, and enable them.",
    portal:
      'App registrations > the application > Expose an API > Add a scope: $SCOPE, Admins and users, Enabled',
    graph:
      'PATCH /applications/$OID {"api":{"oauth2PermissionScopes":[the old ones, {"id":"a new GUID","value":"$SCOPE","type":"User","isEnabled":true,…}]}}',
  },
  'token-version': {
    summary: 'Set requestedAccessTokenVersion to 2 in the Manifest of the app registration.',
    portal:
      'App registrations > the application > Manifest: "api": { "requestedAccessTokenVersion": 2 }',
    az: 'az ad app update --id $APP --requested-access-token-version 2',
    graph: 'PATCH /applications/$OID {"api":{"requestedAccessTokenVersion":2}}',
  },
  'one-resource': {
    summary: 'Ask for one resource only; report this, for this server does so by itself.',
  },
  resource: {
    summary:
      'Have the client go to this server, and not to Entra: this server never sends the parameter resource to Entra.',
  },
  permissions: {
    summary: "Add the permission under 'API permissions'.",
    portal: 'App registrations > the application > API permissions > Add a permission',
    az: 'az ad app permission add --id $APP --api 00000003-0000-0000-c000-000000000000 --api-permissions e1fe6dd8-ba31-4d61-89e7-88639da4683d=Scope',
    graph: 'PATCH /applications/$OID {"requiredResourceAccess":[the whole list]}',
  },
  consent: {
    summary: 'Sign in again and consent to what the application asks for.',
  },
  accept: {
    summary: 'Sign in again and accept, to go on.',
  },
  'admin-consent': {
    summary: "An administrator has to consent: 'API permissions', then 'Grant admin consent'.",
    portal: 'App registrations > the application > API permissions > Grant admin consent',
    // Each command replaces what was granted for that pair before.
    az: 'az ad app permission grant --id $APP --api $APP --scope $SCOPE',
    graph:
      'POST /oauth2PermissionGrants {"clientId":"$SP","consentType":"AllPrincipals","resourceId":"$SP","scope":"$SCOPE"}',
  },
  preauthorize: {
    summary:
      "Have the client sign in through this server; or, for Entra directly, name it under 'Expose an API', 'Authorized client applications'.",
    portal: 'App registrations > the application > Expose an API > Add a client application',
    graph:
      'PATCH /applications/$OID {"api":{"preAuthorizedApplications":[{"appId":"the client","delegatedPermissionIds":["the id of the scope"]}]}}',
  },
  assign: {
    summary: "Assign the person to the application, or turn off 'Assignment required'.",
    portal:
      'Enterprise applications > the application > Users and groups > Add user/group; or Properties: Assignment required, No',
    az: 'az ad sp update --id $APP --set appRoleAssignmentRequired=false',
    graph:
      'POST /servicePrincipals/$SP/appRoleAssignedTo {"principalId":"the person","resourceId":"$SP","appRoleId":"00000000-0000-0000-0000-000000000000"}',
  },
  account: {
    summary: "Sign in with an account of the server's own organisation.",
  },
  guest: {
    summary: 'Invite the person as a guest of the tenant.',
    portal: 'Users > New user > Invite external user',
    graph: 'POST /invitations {"invitedUserEmailAddress":"the address","inviteRedirectUrl":"$URL"}',
  },
  locked: {
    summary:
      "The account itself is locked, disabled or expired; the organisation's administrators can tell.",
    portal: 'Users > the person',
  },
  policy: {
    summary:
      "A policy of the organisation refuses this sign-in; its administrators find it in Entra's sign-in logs.",
    portal: 'Monitoring & health > Sign-in logs > the entry > Conditional Access',
    graph: "GET /auditLogs/signIns?$filter=correlationId eq 'the correlation id'",
  },
  again: { summary: 'Sign in again.' },
  retry: { summary: 'Try again in a moment.' },
  report: {
    summary:
      'Report this with the trace id: software asked Entra for something that it should not.',
  },
} as const satisfies Readonly<Record<string, Cure>>

/** Every cure by its id. */
export const CURES: ReadonlyMap<CureId, Cure> = new Map(Object.entries(TABLE) as [CureId, Cure][])

/** What the blanks stand for, to be said where they are not filled in. */
export const BLANKS: ReadonlyMap<string, string> = new Map([
  ['$APP', 'the Application (client) ID'],
  ['$OID', 'the object ID of the application'],
  ['$SP', 'the object ID of its service principal ("enterprise application")'],
  ['$T', 'the Directory (tenant) ID'],
  ['$URL', "the server's base URL"],
  ['$SCOPE', 'its scope, mcp-access'],
] satisfies [keyof CureBlanks, string][])

/** The blanks that are left in a text. */
export function findBlanks(text: string): string[] {
  return [...BLANKS.keys()].filter((blank) => new RegExp(`\\${blank}\\b`).test(text))
}

/** A text of a cure with its blanks filled in, as far as the values are known. */
export function fillIn(text: string, blanks: Partial<CureBlanks>): string {
  const known = new Map<string, string | undefined>(Object.entries(blanks))
  return text.replace(/\$(APP|OID|SP|T|URL|SCOPE)\b/g, (blank) => known.get(blank) ?? blank)
}

import { type Comparison, difference, listed, patchApplication } from './difference.ts'
import type { Application, Difference, SignInAudience } from './types.ts'

/** There is no registration: makes one that has nothing but its name yet. */
export function compareExistence(comparison: Comparison): Difference[] {
  const { registration, desired } = comparison
  if (registration) return []
  const path = `/applications(uniqueName='${desired.uniqueName}')`
  return [
    difference(comparison, {
      id: 'application-missing',
      severity: 'error',
      what: `There is no app registration "${desired.displayName}" yet.`,
      why: 'Entra ID signs people in to registered applications only.',
      portal: [
        'Identity → Applications → App registrations → New registration',
        `Name: ${desired.displayName}`,
        `Supported account types: ${ACCOUNT_TYPES.get(desired.signInAudience)}`,
        'Register; then Manifest → "api" → "requestedAccessTokenVersion": 2 → Save',
      ],
      calls: [
        {
          method: 'PATCH',
          path,
          // By a unique name: whoever is stopped half way, and starts again, makes no second one.
          headers: { Prefer: 'create-if-missing' },
          body: {
            displayName: desired.displayName,
            signInAudience: desired.signInAudience,
            isFallbackPublicClient: false,
            api: { requestedAccessTokenVersion: 2 },
            tags: ['entrance'],
          },
          why: `Create the app registration "${desired.displayName}"`,
          gives: { $APP: 'appId', $OID: 'id' },
          finds: path,
        },
      ],
    }),
  ]
}

/** An application that is still to be made, as its first call leaves it. */
export function newApplication({ desired }: Pick<Comparison, 'desired'>): Application {
  return {
    id: '$OID',
    appId: '$APP',
    displayName: desired.displayName,
    uniqueName: desired.uniqueName,
    signInAudience: desired.signInAudience,
    identifierUris: [],
    web: { redirectUris: [] },
    spa: { redirectUris: [] },
    publicClient: { redirectUris: [] },
    isFallbackPublicClient: false,
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
    },
    appRoles: [],
    requiredResourceAccess: [],
    passwordCredentials: [],
    keyCredentials: [],
    optionalClaims: null,
    groupMembershipClaims: null,
  }
}

/** Version 1 tokens have another issuer, other claims, another audience. */
export function compareTokenVersion(comparison: Comparison): Difference[] {
  const found = comparison.application.api.requestedAccessTokenVersion
  if (found === 2) return []
  const body = { api: { requestedAccessTokenVersion: 2 } }
  return [
    difference(comparison, {
      id: 'token-version',
      severity: 'error',
      what: 'The registration issues version 1 access tokens.',
      why: 'They have another issuer and other claims; the sign-in ends with "version 1.0 access tokens".',
      expected: 'requestedAccessTokenVersion 2',
      found: `requestedAccessTokenVersion ${found}${found === null ? ', which means 1' : ''}`,
      portal: [
        'App registrations → the application → Manifest',
        '"api" → "requestedAccessTokenVersion": 2',
        'Save',
      ],
      calls: [patchApplication(comparison, body, 'Issue version 2 access tokens')],
    }),
  ]
}

/** The portal's names for who may sign in. */
export const ACCOUNT_TYPES: ReadonlyMap<SignInAudience, string> = new Map([
  ['AzureADMyOrg', 'Accounts in this organizational directory only (Single tenant)'],
  ['AzureADMultipleOrgs', 'Accounts in any organizational directory (Multitenant)'],
  [
    'AzureADandPersonalMicrosoftAccount',
    'Accounts in any organizational directory and personal Microsoft accounts',
  ],
  ['PersonalMicrosoftAccount', 'Personal Microsoft accounts only'],
])

// Whom each lets in: this organisation, others, personal accounts.
const REACH: ReadonlyMap<SignInAudience, string> = new Map([
  ['AzureADMyOrg', 'o'],
  ['AzureADMultipleOrgs', 'om'],
  ['AzureADandPersonalMicrosoftAccount', 'omp'],
  ['PersonalMicrosoftAccount', 'p'],
])

/** Only what lets too few in; one that lets more in is narrowed by the tenant in the URL. */
export function compareAudience(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const reach = REACH.get(application.signInAudience) ?? ''
  const wanted = REACH.get(desired.signInAudience) ?? ''
  if ([...wanted].every((whom) => reach.includes(whom))) return []
  const signInAudience =
    reach === 'p' && wanted !== 'p' ? 'AzureADandPersonalMicrosoftAccount' : desired.signInAudience
  const words = ACCOUNT_TYPES.get(signInAudience)
  return [
    difference(comparison, {
      id: 'account-type',
      severity: 'error',
      what: 'The registration is for other accounts than the server is to let in.',
      why: 'Entra refuses the others (AADSTS50194, AADSTS700016, AADSTS50020).',
      expected: desired.signInAudience,
      found: application.signInAudience,
      portal: [
        'App registrations → the application → Authentication',
        `Supported account types: ${words}`,
        'Save',
      ],
      calls: [patchApplication(comparison, { signInAudience }, `Let in: ${words}`)],
    }),
  ]
}

/** Callbacks that are registered nowhere. */
export function compareRedirectUris(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const { redirectUris } = application.web
  const elsewhere = otherPlatforms(application)
  const missing = desired.redirectUris.filter(
    (uri) => !redirectUris.includes(uri) && !elsewhere.includes(uri),
  )
  if (missing.length === 0) return []
  const body = { web: { redirectUris: [...redirectUris, ...missing] } }
  return [
    difference(comparison, {
      id: 'redirect-uri-missing',
      severity: 'error',
      what: `The redirect URI ${listed(missing)} is not registered.`,
      why: 'Entra sends nobody back to an address that is not registered (AADSTS50011, AADSTS500113).',
      expected: listed(missing),
      found: listed(redirectUris),
      portal: [
        'App registrations → the application → Authentication',
        'Add a platform → Web (or Web → Add URI, if there is one)',
        ...missing.map((uri) => `Redirect URI: ${uri}`),
        'Save',
      ],
      calls: [patchApplication(comparison, body, `Register the redirect URI ${listed(missing)}`)],
    }),
  ]
}

/** Callbacks under "Single-page application" or "Mobile and desktop": moving one removes it there. */
export function comparePlatforms(comparison: Comparison): Difference[] {
  const { application, desired } = comparison
  const elsewhere = otherPlatforms(application)
  const wrong = desired.redirectUris.filter((uri) => elsewhere.includes(uri))
  if (wrong.length === 0) return []
  const without = (uris: readonly string[]) => uris.filter((uri) => !wrong.includes(uri))
  const { spa, publicClient, web } = application
  const places = [
    ...(spa.redirectUris.some((uri) => wrong.includes(uri)) ? ['Single-page application'] : []),
    ...(publicClient.redirectUris.some((uri) => wrong.includes(uri))
      ? ['Mobile and desktop applications']
      : []),
  ]
  const body = {
    spa: { redirectUris: without(spa.redirectUris) },
    publicClient: { redirectUris: without(publicClient.redirectUris) },
    web: { redirectUris: [...new Set([...web.redirectUris, ...wrong])] },
  }
  return [
    difference(comparison, {
      id: 'redirect-uri-platform',
      severity: 'error',
      what: `The redirect URI ${listed(wrong)} is registered on the wrong platform.`,
      why: 'There a code is not redeemed with a secret (AADSTS9002327, AADSTS700025).',
      expected: 'Web',
      found: places.join(', '),
      portal: [
        'App registrations → the application → Authentication',
        ...places.map((place) => `${place}: delete ${listed(wrong)}`),
        ...wrong.map((uri) => `Add a platform → Web → Redirect URI: ${uri}`),
        'Save',
      ],
      calls: [patchApplication(comparison, body, `Move ${listed(wrong)} to the platform Web`)],
      isOverride: true,
    }),
  ]
}

function otherPlatforms({ spa, publicClient }: Application): readonly string[] {
  return [...spa.redirectUris, ...publicClient.redirectUris]
}

/** A confidential client that Entra takes for a public one where it is in doubt. */
export function comparePublicClient(comparison: Comparison): Difference[] {
  if (!comparison.application.isFallbackPublicClient) return []
  const body = { isFallbackPublicClient: false }
  return [
    difference(comparison, {
      id: 'public-client',
      severity: 'warning',
      what: 'Public client flows are allowed.',
      why: 'Whoever knows the client id can then sign people in as this application, without its secret.',
      expected: 'No',
      found: 'Yes',
      portal: [
        'App registrations → the application → Authentication → Advanced settings',
        'Allow public client flows: No',
        'Save',
      ],
      calls: [patchApplication(comparison, body, 'Switch public client flows off')],
      isOverride: true,
    }),
  ]
}

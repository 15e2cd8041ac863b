import { type Defence, defencesOf } from './defence.ts'

const REMEMBERED = ['attacks/remembered-consent', 'core/consents']
const APPS = ['attacks/apps']

/** What a person allowed, and what their browser says about them. */
export const PEOPLE_DEFENCES: readonly Defence[] = [
  ...defencesOf(
    'core/sign-in/admin-consent.ts',
    ['flows/admin-consent'],
    [
      [
        'administrator: what comes back says nothing in words of its own',
        "'An administrator has not consented, or Entra did not let them.'",
        "params.get('error_description') ?? ''",
      ],
      [
        'administrator: a sign-in is not mistaken for a consent',
        "params.get('code') === undefined",
        "params.get('code') !== ''",
      ],
    ],
  ),
  ...defencesOf('core/consents.ts', REMEMBERED, [
    [
      "remembered consent: is the person's own",
      'const parts = [site.resource, person, client.digest,',
      'const parts = [site.resource, client.digest,',
    ],
    [
      'remembered consent: is for one client',
      'person, client.digest, addressOf(redirectUri)]',
      'person, addressOf(redirectUri)]',
    ],
    ['remembered consent: is for one redirect URI', ', addressOf(redirectUri)]', ']'],
    ['remembered consent: is for one server', 'const parts = [site.resource, ', 'const parts = ['],
    [
      'remembered consent: covers the scopes that were allowed',
      "scope.split(' ').every((name) => allowed.has(name))",
      "scope !== ''",
    ],
    [
      'remembered consent: a no holds against a yes that is on its way',
      '(there) => !there.scope && there.answeredAt >= allowedAt',
      '() => allowedAt < 0',
    ],
    [
      'remembered consent: ends',
      'return expiryOf(consent) > now() ? consent : undefined',
      'return consent',
    ],
  ]),
  ...defencesOf('core/consents.ts', APPS, [
    [
      "remembered consent: the person's page lists their own",
      'consent.scope && consent.person === person',
      'consent.scope',
    ],
  ]),
  {
    name: 'remembered consent: a record that was moved does not open',
    breakages: [
      {
        file: 'core/consents.ts',
        find: 'seal(keyring, purpose, JSON.stringify(consent), key)',
        replace: 'seal(keyring, purpose, JSON.stringify(consent))',
      },
      {
        file: 'core/consents.ts',
        find: 'open(keyring, purpose, record.value, record.key)',
        replace: 'open(keyring, purpose, record.value)',
      },
    ],
    tests: ['test/core/consents.test.ts', 'test/attacks/remembered-consent.test.ts'],
  },
  ...defencesOf(
    'core/sign-in/remembered.ts',
    ['attacks/remembered-consent', 'core/sign-in/remembered'],
    [
      [
        "remembered consent: another site's link is asked about",
        ' || !isOwnDoing(request)) return undefined',
        ') return undefined',
      ],
      [
        'remembered consent: whoever is asked late is asked',
        'if (!isEligible || asked.request.account !== undefined || ',
        'if (!isEligible || ',
      ],
      [
        'remembered consent: looking ahead goes nowhere',
        "request.method === 'GET' && isRemembering",
        'isRemembering',
      ],
      [
        'remembered consent: another person at Entra is asked',
        ' || remembered.person !== personOf(user)) return true',
        ') return true',
      ],
      [
        'remembered consent: a yes that was taken back meanwhile is none',
        'return !(await consents.has(remembered.person, request, request.scope))',
        'return false',
      ],
      [
        'remembered consent: of a public client Entra asks',
        "if (client.token_endpoint_auth_method !== 'none') return withoutChoice(configured)",
        'return withoutChoice(configured)',
      ],
      [
        'remembered consent: of an adopted client there is none',
        "config.consent === 'remember' && source !== 'adopted'",
        "config.consent === 'remember'",
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/consent.ts',
    ['attacks/remembered-consent'],
    [
      [
        'remembered consent: a link of our error page is asked about',
        "params.get('ask') ? undefined : await findRemembered(",
        'await findRemembered(',
      ],
      [
        'remembered consent: Deny takes it back',
        'await consents.forget(person, subjectOf(asked))',
        '',
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/consent.ts',
    ['attacks/consent-binding'],
    [
      [
        'consent: Deny ends what an earlier Allow began',
        'endTransactions(asked.request, readCookies(request), isSecure(context))',
        '[]',
      ],
    ],
  ),
  ...defencesOf(
    'core/endpoints/callback.ts',
    ['attacks/remembered-consent', 'attacks/claims-challenges'],
    [
      [
        'consent: nobody is remembered who was not asked so',
        'isToBeRemembered && consents.allow(',
        'consents.allow(',
      ],
      [
        "claims: a challenge is dropped by its own person's sign-in",
        'challenged === person && challenges.drop(person)',
        'challenges.drop(person)',
      ],
    ],
  ),
  ...defencesOf(
    'core/session.ts',
    ['core/session', 'attacks/apps'],
    [
      ['session: is bound to one Entra configuration', '{binding} $', "{''} $"],
      ['session: is bound to one server', '{issuer}`', "{''}`"],
      [
        'session: ends',
        'return session.signedInAt + SESSION_TTL > Date.now() / 1000 ? session : undefined',
        'return session',
      ],
      [
        'session: is fresh for an hour',
        'return session.signedInAt + FRESH_TTL > Date.now() / 1000',
        'return session.signedInAt > 0',
      ],
    ],
  ),
  ...defencesOf('core/endpoints/apps.ts', APPS, [
    [
      'apps: a form counts with its token',
      'if (browser !== undefined && isFormToken(token, browser, subjectOf(session), keyring)) {',
      'if (browser !== undefined) {',
    ],
    ["apps: a form is one person's", "{personOf(session)}` : 'apps'", "{''}` : 'apps'"],
    [
      'apps: a form of another site is refused',
      '  checkFormOrigin(request, context.config.site.origin)\n',
      '',
    ],
    [
      'apps: an old session shows nothing',
      'return session && isFresh(session) ? session : undefined',
      'return session',
    ],
    ['apps: one is revoked, not all', '.filter(isChosen)', ''],
    [
      'apps: what is revoked is not remembered either',
      'await consents.forget(consent.person, consent)',
      'consent.person',
    ],
  ]),
  ...defencesOf('core/grants/grant.ts', APPS, [
    [
      'apps: everybody sees their own grants',
      '!grant.revoked && personOf(grant.user) === person',
      '!grant.revoked',
    ],
  ]),
  ...defencesOf(
    'core/transaction.ts',
    ['attacks/apps', 'core/transaction'],
    [
      [
        'apps: a sign-in for the page is no grant',
        "const APPS_PURPOSE = 'apps sign-in'",
        "const APPS_PURPOSE = 'transaction'",
      ],
    ],
  ),
  ...defencesOf('core/endpoints/callback.ts', APPS, [
    [
      'apps: an answer of Entra counts once',
      'if (!spent.spend(exchange.state)) return redirect(href, [endCookie])',
      '',
    ],
  ]),
]

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../src/core/errors.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const ENTRA = {
  tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
  clientSecret: 'abc~not.a.secret',
}
const GOOD: EntranceOptions = {
  url: 'https://expenses.example.com',
  secret: 'a-master-key-of-forty-characters-at-least',
  store: memoryStore(),
  entra: ENTRA,
}

type Wrong = readonly [options: Partial<EntranceOptions>, option: string, problem: string]

const entra = (change: Partial<EntranceOptions['entra']>) => ({ entra: { ...ENTRA, ...change } })
const http = 'must start with https://; plain http is for localhost only.'
const query = "'https://x.example…' must have no query, fragment or user name."
const long = 'x'.repeat(121)

/** One wrong option each, and what is said of it. */
const WRONG: readonly Wrong[] = [
  [{ url: undefined as never }, 'url', "'' is not a URL."],
  [{ url: '' }, 'url', "'' is not a URL."],
  [{ clientDocuments: 'on' as never }, 'clientDocuments', "'on' is not known."],
  [
    { clientDocumentHosts: ['https://vscode.dev'] },
    'clientDocumentHosts',
    "'https://vscode.dev' is not the name of a host.",
  ],
  [
    { clientDocumentHosts: ['VSCode.dev'] },
    'clientDocumentHosts',
    "'VSCode.dev' is not the name of a host.",
  ],
  [{ url: 'expenses' }, 'url', "'expenses' is not a URL."],
  [{ url: 'http://expenses.example.com' }, 'url', `'http://expenses.example.com' ${http}`],
  [{ url: 'http://127.0.0.2' }, 'url', `'http://127.0.0.2' ${http}`],
  [{ url: 'http://localhost.example' }, 'url', `'http://localhost.example' ${http}`],
  [{ url: 'ftp://x.example' }, 'url', `'ftp://x.example' ${http}`],
  [{ url: 'https://x.example?a' }, 'url', query],
  [{ url: 'https://x.example#a' }, 'url', query],
  [{ url: 'https://user:password@x.example' }, 'url', query],
  [
    { url: 'http://user:password@x.example' },
    'url',
    "'http://x.example…' must have no query, fragment or user name.",
  ],
  [
    entra({ authority: 'login.example' }),
    'entra.authority',
    "'login.example' is not a login host's origin.",
  ],
  [
    entra({ authority: 'https://login.example/common' }),
    'entra.authority',
    "'https://login.example/common' is not a login host's origin.",
  ],
  [
    entra({ authority: 'http://login.example' }),
    'entra.authority',
    "'http://login.example' is not a login host's origin.",
  ],
  [entra({ tenantId: '' }), 'entra.tenantId', 'is missing.'],
  ...['common', 'organizations', 'COMMON'].map(
    (tenantId): Wrong => [
      entra({ tenantId }),
      'allow.tenants',
      `is missing, while ${tenantId.toLowerCase()} has accounts of every tenant sign in.`,
    ],
  ),
  [
    entra({ tenantId: 'my tenant' }),
    'entra.tenantId',
    "'my tenan…' is neither a GUID nor a domain name.",
  ],
  [entra({ tenantId: '../x' }), 'entra.tenantId', "'../x' is neither a GUID nor a domain name."],
  [entra({ clientId: ' ' }), 'entra.clientId', 'is missing.'],
  [entra({ clientId: 'my-app' }), 'entra.clientId', "'my-app' is not a GUID."],
  // A secret in the wrong place is not repeated.
  [entra({ clientId: 'AbC8Q~the-secrets-value' }), 'entra.clientId', "'abc8q~th…' is not a GUID."],
  [entra({ clientSecret: '' }), 'entra.clientSecret', 'is missing.'],
  [entra({ clientSecret: '  ' }), 'entra.clientSecret', 'is missing.'],
  [
    entra({ clientSecret: 'BBE614B1-58ad-4f9a-a57c-a639005e3e32' }),
    'entra.clientSecret',
    "is a GUID: that is the secret's ID, not its value.",
  ],
  [entra({ clientSecret: 'x ' }), 'entra.clientSecret', 'has spaces or quotation marks around it.'],
  [
    entra({ clientSecret: '"x"' }),
    'entra.clientSecret',
    'has spaces or quotation marks around it.',
  ],
  [{ secret: undefined as never }, 'secret', 'is missing.'],
  [{ secret: [] }, 'secret', 'is missing.'],
  [{ secret: '' }, 'secret', 'is missing.'],
  [{ secret: 'x'.repeat(31) }, 'secret', 'has 31 characters; 32 or more are expected.'],
  [{ secret: ['x'.repeat(32), 'short'] }, 'secret', 'has 5 characters; 32 or more are expected.'],
  [
    { scope: 'api://x/mcp-access' },
    'scope',
    "'api://x/mcp-access' is not the short name of one scope.",
  ],
  [{ scope: 'two scopes' }, 'scope', "'two scopes' is not the short name of one scope."],
  [{ scope: '' }, 'scope', "'' is not the short name of one scope."],
  [{ scope: long }, 'scope', `'${long}' is not the short name of one scope.`],
  [
    { additionalScopes: ['api://x/admin'] },
    'additionalScopes',
    "'api://x/admin' is not the short name of one scope.",
  ],
  [{ additionalScopes: ['openid'] }, 'additionalScopes', "'openid' is not a scope of an API."],
  [{ scope: '.default' }, 'scope', "'.default' is not a scope of an API."],
  [{ additionalScopes: ['mcp-access'] }, 'additionalScopes', "'mcp-access' is there twice."],
  [{ additionalScopes: ['a', 'b', 'a'] }, 'additionalScopes', "'a' is there twice."],
  [
    { additionalScopes: Array.from({ length: 10 }, (_, i) => `${'x'.repeat(60)}${i}`) },
    'additionalScopes',
    'has 619 characters in all; 300 at most are expected.',
  ],
  [{ path: 'mcp' }, 'path', "'mcp' is not a path."],
  [{ path: '/' }, 'path', "'/' is not a path."],
  [{ path: '/mcp/' }, 'path', "'/mcp/' is not a path."],
  [{ path: '/mcp?x' }, 'path', "'/mcp?x' is not a path."],
  [
    { accessTokenTtl: 600 },
    'accessTokenTtl',
    '600 is not a whole number of seconds from 601 to 86400.',
  ],
  [
    { accessTokenTtl: 86_401 },
    'accessTokenTtl',
    '86401 is not a whole number of seconds from 601 to 86400.',
  ],
  [
    { accessTokenTtl: 3600.5 },
    'accessTokenTtl',
    '3600.5 is not a whole number of seconds from 601 to 86400.',
  ],
  [
    { accessTokenTtl: '3600' as never },
    'accessTokenTtl',
    '3600 is not a whole number of seconds from 601 to 86400.',
  ],
  [
    { grantIdleTtl: 0 },
    'grantIdleTtl',
    '0 is not a whole number of seconds from 3600 to 34560000.',
  ],
  [
    { grantMaxTtl: Number.NaN },
    'grantMaxTtl',
    'NaN is not a whole number of seconds from 3600 to 34560000.',
  ],
  [{ storeSilenceTtl: 4 }, 'storeSilenceTtl', '4 is not a whole number of seconds from 5 to 3600.'],
  [{ allowedOrigins: ['*'] }, 'allowedOrigins', "'*' is not an origin."],
  [
    { allowedOrigins: ['https://x.example/'] },
    'allowedOrigins',
    "'https://x.example/' is not an origin.",
  ],
  [{ allowedOrigins: ['null'] }, 'allowedOrigins', "'null' is not an origin."],
  [{ trustedProxyHops: -1 }, 'trustedProxyHops', '-1 is not a whole number from 0 to 10.'],
  [{ trustedProxyHops: 1.5 }, 'trustedProxyHops', '1.5 is not a whole number from 0 to 10.'],
  [{ limits: { failures: 0 } }, 'limits.failures', '0 is not a whole number from 10 to 1000000.'],
  [{ store: undefined as never }, 'store', 'is missing.'],
]

suite('an option that is wrong', () => {
  for (const [options, option, problem] of WRONG) {
    test(`is named with what is wrong and what to do: ${option} ${problem.slice(0, 60)}`, () => {
      const [found, ...more] = problemsOf({ ...GOOD, ...options })
      assert.deepEqual(more, [])
      assert.deepEqual([found?.option, found?.problem], [option, problem])
      assert.match(found?.cure ?? '', /^[A-Z].{8,}[\w./]$/)
    })
  }

  test('is told with all the others at once', () => {
    const options = {
      url: 'x',
      secret: 'short',
      store: undefined as never,
      entra: { tenantId: 'common', clientId: 'x', clientSecret: '' },
      scope: 'a b',
      path: 'x',
      accessTokenTtl: 1,
      grantIdleTtl: 1,
      grantMaxTtl: 1,
      storeSilenceTtl: 1,
      allowedOrigins: ['x', 'y'],
    }
    assert.deepEqual(
      problemsOf(options).map(({ option }) => option),
      [
        ...['url', 'entra.clientId', 'entra.clientSecret', 'secret', 'scope', 'path'],
        ...['accessTokenTtl', 'grantIdleTtl', 'grantMaxTtl', 'storeSilenceTtl'],
        ...['allowedOrigins', 'allowedOrigins', 'allow.tenants', 'store'],
      ],
    )
    assert.ok(problemsOf({} as never).length >= 6)
  })

  test('is told without any secret', () => {
    const clientSecret = ' AbC8Q~the-secrets-value '
    const secret = 'the-master-key-but-too-short'
    const text = JSON.stringify(problemsOf({ ...GOOD, secret, ...entra({ clientSecret }) }))
    assert.doesNotMatch(text, /AbC8Q|the-master-key/)
  })
})

suite('options that TypeScript would not take, from JavaScript', () => {
  for (const [given, option, problem] of [
    [{ registration: 'off' }, 'registration', 'is not an object.'],
    [{ registration: null }, 'registration', 'is not an object.'],
    [{ registration: { modus: 'off' } }, 'registration.modus', 'is not an option.'],
    [{ registraton: { mode: 'off' } }, 'registraton', 'is not an option.'],
    [{ registration: { allow: 'vscode' } }, 'registration.allow', 'is not a list of texts.'],
    [{ limits: { failure: 10 } }, 'limits.failure', 'is not an option.'],
    [{ limits: null }, 'limits', 'is not an object.'],
    [{ entra: { ...ENTRA, tenant: 'x' } }, 'entra.tenant', 'is not an option.'],
    [{ additionalScopes: 'expenses.approve' }, 'additionalScopes', 'is not a list of texts.'],
    [{ allowedOrigins: 'https://x.example' }, 'allowedOrigins', 'is not a list of texts.'],
    [{ clientDocumentHosts: [5] }, 'clientDocumentHosts', 'is not a list of texts.'],
    [{ secret: 12345 }, 'secret', 'is not a list of texts.'],
  ] as const) {
    test(`${JSON.stringify(given)}: ${option} ${problem}`, () => {
      const options = { ...GOOD, ...given } as unknown as EntranceOptions
      assert.throws(
        () => resolveOptions(options),
        (error) => {
          assert.ok(error instanceof ConfigError)
          assert.deepEqual(
            error.problems.map((one) => [one.option, one.problem]),
            [[option, problem]],
          )
          return true
        },
      )
    })
  }
})

suite('options that are right', () => {
  test('are completed, and cannot be changed', () => {
    const config = resolveOptions(GOOD)
    assert.ok(Object.isFrozen(config))
    assert.partialDeepStrictEqual(config, {
      isLoopback: false,
      name: 'expenses.example.com',
      scope: 'mcp-access',
      path: '/mcp',
      accessTokenTtl: 3600,
      grantIdleTtl: 30 * 86_400,
      grantMaxTtl: 180 * 86_400,
      storeSilenceTtl: 30,
      trustedProxyHops: 0,
      limits: { registrations: 300, signIns: 600, failures: 600 },
      entra: {
        tenantId: ENTRA.tenantId,
        clientId: ENTRA.clientId,
        credential: { kind: 'secret', secret: ENTRA.clientSecret },
        authority: 'https://login.microsoftonline.com',
        identifierUri: `api://${ENTRA.clientId}`,
        prompt: 'select_account',
      },
    })
    assert.deepEqual(
      [...config.privateUseRedirectUris],
      ['cursor://anysphere.cursor-mcp/oauth/callback'],
    )
  })

  test('of the limits are those given, or none', () => {
    const limits = { signIns: 10, failures: undefined as never }
    assert.deepEqual(resolveOptions({ ...GOOD, limits }).limits, {
      registrations: 300,
      signIns: 10,
      failures: 600,
    })
    assert.equal(resolveOptions({ ...GOOD, limits: false }).limits, undefined)
  })

  test('that are given as undefined have their default', () => {
    const config = resolveOptions({ ...GOOD, scope: undefined as never, log: undefined as never })
    assert.equal(config.scope, 'mcp-access')
    assert.equal(typeof config.log, 'function')
  })

  test('are not changed by being read', () => {
    const options = {
      ...GOOD,
      entra: Object.freeze({ ...ENTRA, tenantId: ' 160007D1-3E33-4D24-B261-9A263D8F2ED0 ' }),
    }
    const config = resolveOptions(Object.freeze(options))
    assert.equal(config.entra.tenantId, ENTRA.tenantId)
    assert.equal(options.entra.tenantId, ' 160007D1-3E33-4D24-B261-9A263D8F2ED0 ')
  })

  test('take a loopback address by all of its names, and a public one by its own', () => {
    const local = resolveOptions({ ...GOOD, url: 'http://localhost:8000' })
    assert.deepEqual([...local.sites.keys()], ['localhost:8000', '127.0.0.1:8000', '[::1]:8000'])
    assert.deepEqual([...resolveOptions(GOOD).sites.keys()], ['expenses.example.com'])
    for (const url of [
      'http://localhost',
      'http://127.0.0.1:1',
      'http://[::1]:8000',
      'https://localhost:1',
    ]) {
      assert.equal(resolveOptions({ ...GOOD, url }).isLoopback, true)
    }
  })

  test('bind grants to authority, tenant and client id, and to nothing else', () => {
    const bindingOf = (options: Partial<EntranceOptions>) =>
      resolveOptions({ ...GOOD, ...options }).binding
    const own = bindingOf({})
    assert.match(own, /^[\w-]{6}$/)
    for (const same of [
      entra({ clientSecret: 'another' }),
      entra({ prompt: '' }),
      entra({ authority: 'https://login.microsoftonline.com/' }),
      entra({ clientId: ENTRA.clientId.toUpperCase() }),
      { secret: 'another-master-key-of-forty-characters-x' },
    ]) {
      assert.equal(bindingOf(same), own)
    }
    for (const other of [
      entra({ tenantId: 'entrance.example' }),
      entra({ clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2b' }),
      entra({ authority: 'https://login.microsoftonline.us' }),
    ]) {
      assert.notEqual(bindingOf(other), own)
    }
  })
})

function problemsOf(options: EntranceOptions) {
  try {
    resolveOptions(options)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}

test('what is tried out on this machine fetches no document of a client, unless it is told to', () => {
  const modeOf = (given: Partial<EntranceOptions>) =>
    resolveOptions({ ...GOOD, ...given }).clientDocuments
  assert.equal(modeOf({}), 'fetch')
  assert.equal(modeOf({ url: 'http://localhost:8000' }), 'pinned')
  assert.equal(modeOf(entra({ authority: 'http://localhost:8400' })), 'pinned')
  assert.equal(modeOf({ url: 'http://127.0.0.1:8000', clientDocuments: 'fetch' }), 'fetch')
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkClients } from '../../src/core/check-clients.ts'
import { checkRegistration, startPolicy } from '../../src/core/check-registration.ts'
import { ConfigError } from '../../src/core/errors.ts'
import type { ConfiguredClient, RegistrationOptions } from '../../src/core/options.ts'
import { findConfigProblems, resolveOptions } from '../../src/core/resolve-options.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const PUBLIC = 'https://expenses.example.com'
const LOCAL = 'http://localhost:8000'

type Wrong = readonly [options: RegistrationOptions, option: string, problem: RegExp]

const allowing = (...allow: readonly unknown[]) => ({ allow: allow as string[] })
const HOST = /has a wildcard in its host: whoever gets a name there would get the codes\.$/
const PLACE = /has a \* that is not the whole last segment of the path of an https URI\.$/

/** One wrong option each, and what is said of it. */
const WRONG: readonly Wrong[] = [
  [{ mode: 'closed' as never }, 'mode', /^'closed' is not a mode\.$/],
  [{ mode: '' as never }, 'mode', /^'' is not a mode\.$/],
  [{ mode: 'open', allow: ['vscode'] }, 'allow', /mean nothing while the mode is open\.$/],
  [{ mode: 'off', allow: ['vscode'] }, 'allow', /mean nothing while the mode is off\.$/],
  [{ mode: 'allowlist' }, 'allow', /^is empty, and so no client could register\.$/],
  [{ mode: 'allowlist', allow: [] }, 'allow', /^is empty/],
  [{ allow: [] }, 'allow', /^is empty/],
  [allowing('vs-code'), 'allow', /^'vs-code' is neither a preset nor a URI\.$/],
  [allowing('app.example/cb'), 'allow', /is neither a preset nor a URI\.$/],
  [allowing('*'), 'allow', /is neither a preset nor a URI\.$/],
  [allowing(1), 'allow', /an entry that is not a string/],
  [allowing('https://*.example.com/cb'), 'allow', HOST],
  [allowing('https://*.example.com/*'), 'allow', HOST],
  [allowing('https://*/cb'), 'allow', HOST],
  [allowing('https://app.example:*/cb'), 'allow', HOST],
  [allowing('cursor://*'), 'allow', HOST],
  [allowing('http://localhost:*/*'), 'allow', HOST],
  [allowing('https://app.example/*/cb'), 'allow', PLACE],
  [allowing('https://app.example/**'), 'allow', PLACE],
  [allowing('https://app.example/a*'), 'allow', PLACE],
  [allowing('https://app.example/cb?*'), 'allow', PLACE],
  [allowing('https://app.example/cb?x=/*'), 'allow', PLACE],
  [allowing('http://localhost/*'), 'allow', PLACE],
  [allowing('my-app:/x/*'), 'allow', PLACE],
  [allowing('http://app.example/cb'), 'allow', /uses http; https is expected/],
  [allowing('javascript:alert(1)'), 'allow', /javascript: which is never allowed/],
  [allowing('https://user@app.example/cb'), 'allow', /user name/],
  [allowing('https://app.example/../*'), 'allow', /dot segments/],
  [allowing(`${PUBLIC}/auth/callback`), 'allow', /points at this server itself/],
  [{ adopt: true }, 'adopt', /for a server on loopback only, and this one is expenses\.example/],
  [{ adopt: 'yes' as never }, 'adopt', /neither true nor false/],
]

suite('a registration option that is wrong', () => {
  for (const [options, option, problem] of WRONG) {
    test(`${JSON.stringify(options)} is named with the cure`, () => {
      const [found, ...others] = checkRegistration(options, PUBLIC)
      assert.deepEqual([found?.option, others], [`registration.${option}`, []])
      assert.match(found?.problem ?? '', problem)
      assert.match(found?.cure ?? '', /^[A-Z].*[.*\w]$/)
    })
  }

  test('adopts where nobody may register', () => {
    const [found] = checkRegistration({ mode: 'off', adopt: true }, LOCAL)
    assert.match(found?.problem ?? '', /the registration mode off keeps them out/)
  })

  test('names an alias of this very server', () => {
    const [found] = checkRegistration({ allow: ['http://127.0.0.1:8000/consent'] }, LOCAL)
    assert.match(found?.problem ?? '', /points at this server itself/)
  })
})

suite('registration options that are good', () => {
  const GOOD: readonly RegistrationOptions[] = [
    {},
    { mode: 'open' },
    { mode: 'off' },
    { mode: 'allowlist', allow: ['vscode', 'loopback'] },
    { allow: ['https://app.example/cb?tenant=1', 'https://app.example/*', 'my-app:/cb'] },
    { allow: ['https://app.example:8443/a/b/*', 'http://localhost/cb'] },
    { adopt: false },
  ]
  for (const options of GOOD) {
    test(`${JSON.stringify(options)} have no problem`, () => {
      assert.deepEqual(checkRegistration(options, PUBLIC), [])
      assert.deepEqual(checkRegistration({ ...options, adopt: options.mode !== 'off' }, LOCAL), [])
    })
  }

  test('with a list are about the list, without one about nobody', () => {
    const modeOf = (registration?: RegistrationOptions) =>
      resolve({ ...(registration && { registration }) }).registration.mode
    assert.equal(modeOf(), 'open')
    assert.equal(modeOf({}), 'open')
    assert.equal(modeOf({ allow: ['vscode'] }), 'allowlist')
    assert.equal(modeOf({ mode: 'off' }), 'off')
  })
})

const URIS = ['https://reports.example/cb']
const SECRET = 'a secret that has thirty-two or more characters'
const CLIENT = { client_id: 'reports', redirect_uris: URIS, client_secret: SECRET }

/** A public key, by its form. */
const KEY = { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) }
const KEYS = 'https://reports.example.com/keys'
const SIGNING = {
  client_id: 'signer',
  redirect_uris: URIS,
  token_endpoint_auth_method: 'private_key_jwt',
}
const EITHER = /needs either jwks or jwks_uri for private_key_jwt\.$/
const NO_SIGNER = /has keys, and a method that does not sign\.$/

/** One wrong client each, and what is said of it. */
const WRONG_CLIENTS: readonly (readonly [client: unknown, problem: RegExp])[] = [
  [null, /^Client 1 is not an object\.$/],
  ['reports', /^Client 1 is not an object\.$/],
  [[], /^Client 1 is not an object\.$/],
  [{ ...CLIENT, client_id: undefined }, /^Client 1: client_id must be 1 to 200 printable/],
  ...['', 'a b', 'a:b', 'https://client.example/metadata', 'x'.repeat(201), 'caf\u00e9', 7].map(
    (client_id) => [{ ...CLIENT, client_id }, /^Client 1: client_id must be 1 to 200/] as const,
  ),
  [{ ...CLIENT, client_id: 'e1.x.y.z' }, /begins like one that was given out at registration/],
  [{ ...CLIENT, client_id: 'e27.x' }, /begins like one that was given out at registration/],
  [{ ...CLIENT, redirect_uri: URIS }, /'redirect_uri' is no member of a client\.$/],
  [{ ...CLIENT, redirect_uris: undefined }, /redirect_uris must be an array of one or more/],
  [{ ...CLIENT, redirect_uris: [] }, /redirect_uris must be an array of one or more/],
  [{ ...CLIENT, redirect_uris: URIS[0] }, /redirect_uris must be an array of one or more/],
  [{ ...CLIENT, redirect_uris: ['https://*.example/cb'] }, /has a \*, and is compared exactly/],
  [{ ...CLIENT, redirect_uris: ['https://a.example/*'] }, /has a \*, and is compared exactly/],
  [{ ...CLIENT, redirect_uris: ['http://a.example/cb'] }, /uses http; https is expected/],
  [{ ...CLIENT, redirect_uris: [`${PUBLIC}/consent`] }, /points at this server itself/],
  [{ ...CLIENT, client_secret: undefined }, /client_secret is missing\.$/],
  [{ ...CLIENT, client_secret: [] }, /client_secret is missing\.$/],
  [{ ...CLIENT, client_secret: 'x'.repeat(31) }, /client_secret must be 32 to 512 printable/],
  [{ ...CLIENT, client_secret: [SECRET, 'short'] }, /client_secret must be 32 to 512 printable/],
  [{ ...CLIENT, client_secret: 42 }, /client_secret must be 32 to 512 printable/],
  [{ ...CLIENT, token_endpoint_auth_method: 'none' }, /a client_secret and the method none\.$/],
  [{ ...CLIENT, token_endpoint_auth_method: 'tls' }, /token_endpoint_auth_method is none that/],
  [{ ...SIGNING, jwks: { keys: [KEY] }, client_secret: SECRET }, /the method private_key_jwt\.$/],
  [SIGNING, EITHER],
  [{ ...SIGNING, jwks: { keys: [KEY] }, jwks_uri: KEYS }, EITHER],
  [{ ...CLIENT, jwks: { keys: [KEY] } }, NO_SIGNER],
  [{ ...CLIENT, jwks_uri: KEYS }, NO_SIGNER],
  [
    { ...SIGNING, token_endpoint_auth_method: 'none', jwks: { keys: [KEY] } },
    /has keys, and a method that does not sign\.$/,
  ],
  [{ ...SIGNING, jwks: [KEY] }, /jwks cannot be used: its keys are not a JWK set\.$/],
  [{ ...SIGNING, jwks: { keys: [] } }, /jwks cannot be used: it has no key for ES256, /],
  [
    { ...SIGNING, jwks: { keys: [{ ...KEY, d: SECRET }] } },
    /jwks cannot be used: it has a private or symmetric key in it/,
  ],
  [{ ...SIGNING, jwks: { keys: [{ kty: 'oct', k: SECRET }] } }, /private or symmetric key in it/],
  [{ ...SIGNING, jwks_uri: 7 }, /jwks_uri is not a string\.$/],
  [{ ...SIGNING, jwks_uri: 'http://reports.example.com/keys' }, /jwks_uri is not an https URL\.$/],
  [{ ...SIGNING, jwks_uri: 'https://10.0.0.1/keys' }, /jwks_uri has an IP address for its host/],
  [{ ...SIGNING, jwks_uri: 'https://localhost/keys' }, /jwks_uri has a host that is not on the/],
  [{ ...CLIENT, client_name: 7 }, /client_name is not a string\.$/],
  [{ ...CLIENT, disabled: 'yes' }, /disabled is neither true nor false\.$/],
]

suite('a configured client that is wrong', () => {
  for (const [client, problem] of WRONG_CLIENTS) {
    test(`${problem.source.slice(0, 60)} ${JSON.stringify(client)?.slice(0, 60)}`, () => {
      const [found, ...others] = check([client])
      assert.deepEqual([found?.option, others], ['clients', []])
      assert.match(found?.problem ?? '', problem)
      assert.doesNotMatch(`${found?.problem} ${found?.cure}`, /a secret that|short|xxxx/)
    })
  }

  test('has its keys where this server fetches none, and starts where it does', () => {
    const client = { ...SIGNING, jwks_uri: KEYS } as ConfiguredClient
    const problemOf = (options: object) => {
      try {
        resolve({ clients: [client], ...options })
        return undefined
      } catch (error) {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.problems.length, 1)
        return error.problems[0]?.problem
      }
    }
    const none = /has a jwks_uri, and no keys are fetched \(clientDocuments: (pinned|off)\)\.$/
    assert.match(problemOf({ clientDocuments: 'off' }) ?? '', none)
    // The default on this machine.
    assert.match(problemOf({ url: LOCAL }) ?? '', none)
    const elsewhere = problemOf({ clientDocumentHosts: ['app.example.com'] })
    assert.match(elsewhere ?? '', /at a host that is not one of clientDocumentHosts\.$/)
    assert.equal(problemOf({}), undefined)
    assert.equal(problemOf({ clientDocumentHosts: ['reports.example.com'] }), undefined)
    const [told] = findConfigProblems({ url: LOCAL, secret: SECRET, clients: [client] })
    assert.match(told?.problem ?? '', none)
  })

  test('has the id of another', () => {
    const [found, ...others] = check([CLIENT, CLIENT])
    assert.match(found?.problem ?? '', /^The client 'reports': client_id is that of another client/)
    assert.deepEqual(others, [])
  })

  test('is no list at all', () => {
    for (const clients of [null, {}, 'reports', { clients: [] }]) {
      assert.equal(check(clients).length, 1)
    }
  })

  test('is told together with everything else that is wrong', () => {
    const start = () => resolve({ clients: [{} as never], registration: { allow: [] }, path: 'x' })
    assert.throws(start, (error) => {
      assert.ok(error instanceof ConfigError)
      const options = error.problems.map(({ option }) => option)
      assert.deepEqual(options, ['path', 'registration.allow', 'clients', 'clients', 'clients'])
      return true
    })
  })
})

suite('a configured client that is good', () => {
  const GOOD = [
    CLIENT,
    { ...CLIENT, client_secret: [SECRET, `${SECRET} 2`], client_name: 'Reports', disabled: true },
    {
      client_id: 'cli',
      redirect_uris: ['http://127.0.0.1/cb'],
      token_endpoint_auth_method: 'none',
    },
    { ...CLIENT, token_endpoint_auth_method: 'client_secret_post' },
    { ...CLIENT, client_id: '70df70fd-6a99-466c-8558-eab9e5b2fd2a' },
    { ...CLIENT, redirect_uris: ['my-app://cb', ...URIS] },
    { ...SIGNING, jwks: { keys: [KEY] } },
    { ...SIGNING, jwks_uri: KEYS },
  ]
  for (const client of GOOD) {
    test(`${JSON.stringify(client).slice(0, 80)} has no problem`, () => {
      assert.deepEqual(check([client]), [])
    })
  }
})

function check(clients: unknown) {
  const fetching = { clientDocuments: 'fetch', clientDocumentHosts: undefined } as const
  return checkClients(clients, startPolicy(PUBLIC), fetching)
}

function resolve(options: object) {
  return resolveOptions({
    url: PUBLIC,
    secret: 'a-master-key-of-forty-characters-at-least',
    store: memoryStore(),
    entra: {
      tenantId: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
      clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
      clientSecret: 'abc~not.a.secret',
    },
    ...options,
  })
}

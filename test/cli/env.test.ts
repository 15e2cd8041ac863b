import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Environment,
  resolveServeSettings,
  type ServeOptions,
  type ServeSettings,
  secretsOf,
} from '../../src/cli/env.ts'

const CLONE = { ENTRANCE_CLONE: '1' }
const ENTRA = {
  AZURE_TENANT_ID: '6f0e7a3c-7a0d-4b57-9d57-0f1f3f0c9a11',
  ENTRA_PROXY_AZURE_CLIENT_ID: '0d9d0c55-3a5f-4b6e-8f3f-7f6f3f1b2c22',
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a~secret',
}

test('with nothing set, a clone serves on loopback and signs in with the emulator', () => {
  assert.deepEqual(resolveServeSettings({}, CLONE), {
    port: 8000,
    hosts: ['127.0.0.1', '::1'],
    url: undefined,
    data: '.entrance',
    store: { kind: 'sqlite', path: '.entrance/entrance.db' },
    expenses: { kind: 'sqlite', path: '.entrance/expenses.db', option: 'ENTRANCE_DATA' },
    replicas: undefined,
    platform: undefined,
    secrets: [],
    entra: 'emulator',
    consent: 'always',
    emulatorPort: 8400,
    trustedProxyHops: 0,
    isRateLimited: true,
    currency: 'USD',
    clientDocuments: undefined,
    logFormat: 'text',
    drain: 8,
    operator: { port: undefined, hosts: ['127.0.0.1', '::1'], isLoopback: true, token: undefined },
    audit: { to: 'off', names: true },
    telemetry: {
      traces: undefined,
      continueTraces: false,
      noLogs: undefined,
      serviceName: 'entrance',
      isDetecting: false,
      logLevel: undefined,
    },
    allow: {
      tenants: undefined,
      users: undefined,
      groups: undefined,
      roles: undefined,
      guests: true,
      contact: undefined,
    },
    registration: { mode: undefined, allow: undefined, adopt: false },
    clients: [],
    problems: [],
  } satisfies ServeSettings)
})

test('every variable is read', () => {
  const env = {
    ...ENTRA,
    PORT: '1',
    HOST: '0.0.0.0',
    ENTRANCE_URL: 'https://expenses.example.com',
    ENTRANCE_DATA: '/data',
    ENTRANCE_STORE: 'sqlite:/grants.db',
    ENTRANCE_SECRET: 'current,former',
    ENTRANCE_AUTHORITY: 'https://login.microsoftonline.us',
    ENTRANCE_CONSENT: 'remember',
    EMULATOR_PORT: '2',
    ENTRANCE_TRUSTED_PROXY_HOPS: '2',
    ENTRANCE_RATE_LIMIT: 'off',
    ENTRANCE_DRAIN: '25',
    EXPENSES_CURRENCY: 'EUR',
    EXPENSES_STORE: 'sqlite:/expenses.db',
    ENTRANCE_CLIENT_DOCUMENTS: 'off',
    LOG_FORMAT: 'json',
    ENTRANCE_OPERATOR_PORT: '9464',
    ENTRANCE_AUDIT: 'file:/var/log/audit.jsonl',
    ENTRANCE_AUDIT_NAMES: 'off',
    ENTRANCE_OPERATOR_HOST: '0.0.0.0',
    ENTRANCE_OPERATOR_TOKEN: 't'.repeat(32),
    ENTRANCE_REGISTRATION: 'allowlist',
    ENTRANCE_REDIRECT_URIS: 'vscode, cursor  https://app.example.com/cb',
    ENTRANCE_ALLOW_TENANTS: 'any',
    ENTRANCE_ALLOW_USERS: 'a, b',
    ENTRANCE_ALLOW_GROUPS: 'c',
    ENTRANCE_ALLOW_ROLES: 'Expenses.Approver,Expenses.Auditor',
    ENTRANCE_ALLOW_GUESTS: 'off',
    ENTRANCE_ALLOW_CONTACT: 'Ask the help desk.',
  }
  assert.deepEqual(resolveServeSettings({}, env), {
    port: 1,
    hosts: ['0.0.0.0'],
    url: 'https://expenses.example.com',
    data: '/data',
    store: { kind: 'sqlite', path: '/grants.db' },
    expenses: { kind: 'sqlite', path: '/expenses.db', option: 'EXPENSES_STORE' },
    replicas: undefined,
    platform: undefined,
    secrets: ['current', 'former'],
    entra: {
      tenantId: ENTRA.AZURE_TENANT_ID,
      clientId: ENTRA.ENTRA_PROXY_AZURE_CLIENT_ID,
      credential: { kind: 'secret', secret: 'a~secret' },
      authority: 'https://login.microsoftonline.us',
    },
    consent: 'remember',
    emulatorPort: 2,
    trustedProxyHops: 2,
    isRateLimited: false,
    currency: 'EUR',
    clientDocuments: 'off',
    logFormat: 'json',
    drain: 25,
    allow: {
      tenants: ['any'],
      users: ['a', 'b'],
      groups: ['c'],
      roles: ['Expenses.Approver', 'Expenses.Auditor'],
      guests: false,
      contact: 'Ask the help desk.',
    },
    registration: {
      mode: 'allowlist',
      allow: ['vscode', 'cursor', 'https://app.example.com/cb'],
      adopt: false,
    },
    clients: [],
    operator: { port: 9464, hosts: ['0.0.0.0'], isLoopback: false, token: 't'.repeat(32) },
    audit: {
      to: { file: '/var/log/audit.jsonl' },
      names: false,
    },
    telemetry: {
      traces: undefined,
      continueTraces: false,
      noLogs: undefined,
      serviceName: 'entrance',
      isDetecting: false,
      logLevel: undefined,
    },
    problems: [],
  } satisfies ServeSettings)
})

test('an option beats its variable, and hides what is wrong with it', () => {
  const env = {
    ...ENTRA,
    PORT: 'x',
    HOST: '0.0.0.0',
    ENTRANCE_URL: 'https://variable.example/mcp',
    ENTRANCE_DATA: '/variable',
    ENTRANCE_STORE: 'mongodb://variable',
    ENTRANCE_AUTHORITY: 'https://variable.example',
    ENTRANCE_CONSENT: 'x',
    ENTRANCE_CREDENTIAL: 'x',
    EMULATOR_PORT: 'x',
    ENTRANCE_TRUSTED_PROXY_HOPS: 'x',
    ENTRANCE_CLIENT_DOCUMENTS: 'x',
    LOG_FORMAT: 'x',
    ENTRANCE_DRAIN: 'x',
    ENTRANCE_OPERATOR_PORT: 'x',
    ENTRANCE_OPERATOR_HOST: 'x',
    ENTRANCE_REGISTRATION: 'x',
    ENTRANCE_REDIRECT_URIS: 'x',
    ENTRANCE_ADOPT: 'x',
    ENTRANCE_ALLOW_TENANTS: 'x',
    ENTRANCE_ALLOW_USERS: 'x',
    ENTRANCE_ALLOW_GROUPS: 'x',
    ENTRANCE_ALLOW_ROLES: 'x',
    ENTRANCE_ALLOW_GUESTS: 'x',
    ENTRANCE_ALLOW_CONTACT: 'x',
  }
  const options: Required<Omit<ServeOptions, 'emulator' | 'clients'>> = {
    port: 1,
    host: '127.0.0.1',
    url: 'https://option.example',
    data: '/option',
    store: 'sqlite:/option.db',
    expensesStore: 'sqlite:/option-expenses.db',
    authority: 'https://login.microsoftonline.us',
    emulatorPort: 2,
    tenantId: 'option.example',
    clientId: 'option',
    credential: 'secret',
    trustedProxyHops: 3,
    consent: 'always',
    clientDocuments: 'pinned',
    logFormat: 'json',
    drain: 5,
    registration: 'allowlist',
    redirectUris: 'loopback',
    adopt: true,
    allowTenants: 'any',
    allowUsers: 'a',
    allowGroups: 'b',
    allowRoles: 'c',
    allowGuests: 'off',
    allowContact: 'd',
    operatorPort: 4,
    operatorHost: '::',
  }
  const settings = resolveServeSettings(options, env)
  assert.deepEqual(settings.problems, [])
  assert.deepEqual(settings.entra, {
    tenantId: 'option.example',
    clientId: 'option',
    credential: { kind: 'secret', secret: 'a~secret' },
    authority: 'https://login.microsoftonline.us',
  })
  const registration = { mode: 'allowlist', allow: ['loopback'], adopt: true }
  assert.deepEqual(settings.registration, registration)
  assert.deepEqual(settings.allow, {
    ...{ tenants: ['any'], users: ['a'], groups: ['b'], roles: ['c'] },
    ...{ guests: false, contact: 'd' },
  })
  const { port, hosts, url, data, store, expenses, emulatorPort, logFormat } = settings
  const { trustedProxyHops, clientDocuments, drain } = settings
  assert.deepEqual(
    {
      ...{ port, hosts, url, data, store, expenses, emulatorPort, trustedProxyHops },
      ...{ clientDocuments, logFormat, drain },
    },
    {
      port: 1,
      hosts: ['127.0.0.1'],
      url: 'https://option.example',
      data: '/option',
      store: { kind: 'sqlite', path: '/option.db' },
      expenses: { kind: 'sqlite', path: '/option-expenses.db', option: 'EXPENSES_STORE' },
      emulatorPort: 2,
      trustedProxyHops: 3,
      clientDocuments: 'pinned',
      logFormat: 'json',
      drain: 5,
    },
  )
})

test('behind a proxy clients’ documents are not fetched, unless that is asked for', () => {
  const read = (env: Record<string, string>) =>
    resolveServeSettings({}, { ...ENTRA, ...env }).clientDocuments
  const proxy = 'http://proxy.example:8080'
  assert.equal(read({}), undefined)
  assert.equal(read({ HTTPS_PROXY: proxy }), 'pinned')
  assert.equal(read({ https_proxy: proxy }), 'pinned')
  assert.equal(read({ HTTPS_PROXY: proxy, ENTRANCE_CLIENT_DOCUMENTS: 'fetch' }), 'fetch')
  const { problems } = resolveServeSettings({}, { ...ENTRA, ENTRANCE_CLIENT_DOCUMENTS: 'on' })
  assert.deepEqual(
    problems.map(({ option, problem }) => `${option} ${problem}`),
    ["ENTRANCE_CLIENT_DOCUMENTS 'on' is not known."],
  )
})

test('an empty variable is one that is not set', () => {
  const empty = Object.fromEntries(
    ['PORT', 'HOST', 'ENTRANCE_URL', 'ENTRANCE_DATA', 'ENTRANCE_STORE', 'ENTRANCE_SECRET']
      .concat(['ENTRANCE_AUTHORITY', 'EMULATOR_PORT', 'EXPENSES_CURRENCY', 'EXPENSES_STORE'])
      .concat(['ENTRANCE_REGISTRATION', 'ENTRANCE_REDIRECT_URIS', 'ENTRANCE_CLIENTS'])
      .concat([
        'ENTRANCE_TRUSTED_PROXY_HOPS',
        'ENTRANCE_RATE_LIMIT',
        'ENTRANCE_DRAIN',
        'LOG_FORMAT',
      ])
      .concat(['ENTRANCE_ADOPT'], Object.keys(ENTRA))
      .map((name) => [name, '']),
  )
  assert.deepEqual(
    resolveServeSettings({}, { ...CLONE, ...empty }),
    resolveServeSettings({}, CLONE),
  )
})

test('the address to listen on follows the public one, unless it is given', () => {
  const hostsOf = (env: Environment) => resolveServeSettings({}, { ...ENTRA, ...env }).hosts
  const loopback = ['127.0.0.1', '::1']
  assert.deepEqual(hostsOf({}), loopback)
  assert.deepEqual(hostsOf({ ENTRANCE_URL: 'http://127.0.0.1:9000' }), loopback)
  assert.deepEqual(hostsOf({ ENTRANCE_URL: 'https://expenses.example.com' }), [])
  assert.deepEqual(hostsOf({ ENTRANCE_URL: 'http://localhost.example.com' }), [])
  assert.deepEqual(hostsOf({ ENTRANCE_URL: 'https://expenses.example.com', HOST: '::1' }), ['::1'])
  assert.deepEqual(hostsOf({ HOST: 'localhost' }), loopback)
  assert.deepEqual(hostsOf({ HOST: '[::1]' }), ['::1'])
  assert.deepEqual(hostsOf({ HOST: '0.0.0.0' }), ['0.0.0.0'])
})

test('a slash at the end of the public URL is no part of it', () => {
  const url = 'https://expenses.example.com/'
  assert.equal(resolveServeSettings({ url }, ENTRA).url, 'https://expenses.example.com')
})

/** Whether the emulator comes up, and which options are named as wrong. */
function choice(options: ServeOptions, env: Environment): [isEmulator: boolean, ...string[]] {
  const { entra, problems } = resolveServeSettings(options, env)
  return [entra === 'emulator', ...problems.map(({ option }) => option)]
}

test('the emulator comes up where it is asked for and nothing of Entra is set', () => {
  assert.deepEqual(choice({}, CLONE), [true])
  assert.deepEqual(choice({ emulator: true }, {}), [true])
  assert.deepEqual(choice({ emulator: true }, CLONE), [true])
  assert.deepEqual(choice({}, { ...CLONE, NODE_ENV: 'development' }), [true])
  for (const url of ['http://localhost:9', 'http://127.0.0.1:9', 'http://[::1]:9']) {
    assert.deepEqual(choice({ url }, CLONE), [true])
  }
  for (const HOST of ['127.0.0.1', '::1', '[::1]', 'localhost']) {
    assert.deepEqual(choice({}, { ...CLONE, HOST }), [true])
  }
})

test('the emulator never comes up beside credentials, one of the three included', () => {
  assert.deepEqual(choice({}, { ...CLONE, ...ENTRA }), [false])
  assert.deepEqual(choice({ emulator: true }, ENTRA), [true, '--emulator'])
  for (const [name, value] of Object.entries(ENTRA)) {
    assert.deepEqual(choice({}, { ...CLONE, [name]: value }), [false])
    assert.deepEqual(choice({ emulator: true }, { [name]: value }), [true, '--emulator'])
  }
  for (const option of ['tenantId', 'clientId']) {
    assert.deepEqual(choice({ [option]: 'x' }, CLONE), [false])
  }
})

test('the emulator never comes up where somebody else could reach it, asked for or not', () => {
  const hindrances: [Environment, string][] = [
    [{ NODE_ENV: 'production' }, 'NODE_ENV'],
    [{ HOST: '0.0.0.0' }, 'HOST'],
    [{ HOST: '::' }, 'HOST'],
    [{ HOST: '192.168.1.2' }, 'HOST'],
    [{ HOST: 'expenses.example.com' }, 'HOST'],
    [{ ENTRANCE_URL: 'https://expenses.example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'http://expenses.example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'http://localhost.example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'http://127.0.0.1.example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'http://localhost@example.com' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_URL: 'nonsense' }, 'ENTRANCE_URL'],
    [{ ENTRANCE_AUTHORITY: 'https://login.microsoftonline.us' }, 'ENTRANCE_AUTHORITY'],
  ]
  for (const [env, option] of hindrances) {
    assert.deepEqual(choice({}, { ...CLONE, ...env }), [false, option])
    // A problem keeps the server from starting, whoever asked for the emulator.
    assert.deepEqual(choice({ emulator: true }, env), [true, option])
  }
  assert.deepEqual(choice({ host: '0.0.0.0' }, CLONE), [false, 'HOST'])
  assert.deepEqual(choice({ url: 'https://example.com' }, CLONE), [false, 'ENTRANCE_URL'])
})

test('the installed command is told of --emulator, and does not choose it', () => {
  assert.deepEqual(choice({}, {}), [false, '--emulator'])
  assert.deepEqual(choice({}, { ENTRANCE_CLONE: '0' }), [false, '--emulator'])
  assert.deepEqual(choice({}, { AZURE_TENANT_ID: 'x' }), [false])
})

test('the emulator has a port of its own', () => {
  assert.deepEqual(choice({ port: 8400 }, CLONE), [true, 'EMULATOR_PORT'])
  assert.deepEqual(choice({ port: 0, emulatorPort: 0 }, CLONE), [true])
  assert.deepEqual(choice({ port: 8400 }, ENTRA), [false])
})

test('what cannot be read is named, with what was given', () => {
  const wrong: [name: string, value: string, told: RegExp][] = [
    ['PORT', '80a', /'80a' is not a port/],
    ['PORT', '65536', /'65536' is not a port/],
    ['PORT', '-1', /'-1' is not a port/],
    ['PORT', '1e3', /'1e3' is not a port/],
    ['EMULATOR_PORT', ' ', /is not a port/],
    ['ENTRANCE_TRUSTED_PROXY_HOPS', '-1', /'-1' is not a whole number from 0 to 10/],
    ['ENTRANCE_TRUSTED_PROXY_HOPS', '11', /'11' is not a whole number/],
    ['ENTRANCE_RATE_LIMIT', 'no', /'no' is neither on nor off/],
    ['ENTRANCE_DRAIN', '0', /'0' is not a whole number of seconds from 1 to 3600/],
    ['ENTRANCE_DRAIN', '1m', /'1m' is not a whole number of seconds/],
    ['LOG_FORMAT', 'xml', /'xml' is not a log format/],
    ['EXPENSES_CURRENCY', 'Dollar', /'Dollar' is not a currency code/],
    ['EXPENSES_STORE', 'redis://:pw@host', /redis: is no place for expenses/],
    ['EXPENSES_STORE', 'expenses.db', /what was given is no place for expenses/],
    ['EXPENSES_STORE', 'sqlite:.entrance/entrance.db', /is the file of ENTRANCE_STORE too/],
    ['ENTRANCE_STORE', 'sqlite:', /names no file/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', /not the address of a collector/],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'not one', /not the address of a collector/],
    ['OTEL_TRACES_EXPORTER', 'otlp,jaeger', /'jaeger' is no way to send traces/],
    ['ENTRANCE_OPERATOR_PORT', '9464a', /'9464a' is not a port/],
    [
      'ENTRANCE_SECRET',
      'keyvalt:https://contoso.vault.azure.net/secrets/x',
      /is an address, which is no key/,
    ],
    [
      'ENTRANCE_SECRET',
      'https://contoso.vault.azure.net/secrets/x',
      /is an address, which is no key/,
    ],
    ['ENTRANCE_STORE', 'grants.db', /what was given is not a store/],
    ['ENTRANCE_URL', 'https://example.com/mcp', /the address of an endpoint/],
    ['ENTRANCE_URL', 'https://example.com/mcp/', /the address of an endpoint/],
    ['ENTRANCE_URL', 'https://example.com/x/auth/callback', /the address of an endpoint/],
  ]
  for (const [option, value, told] of wrong) {
    const { problems } = resolveServeSettings({}, { ...ENTRA, [option]: value })
    assert.deepEqual(
      problems.map((problem) => problem.option),
      [option],
      value,
    )
    assert.match(problems[0]?.problem ?? '', told)
    assert.match(problems[0]?.cure ?? '', /\.$/)
  }
})

test('the key of a Cosmos DB account has a variable of its own', () => {
  const url = 'cosmos:https://account.documents.azure.com/?database=company'
  const env = { ...ENTRA, ENTRANCE_STORE: url, ENTRANCE_COSMOS_KEY: 'key' }
  const { store, problems } = resolveServeSettings({}, env)
  assert.deepEqual(store, { kind: 'cosmos', url, key: 'key' })
  assert.deepEqual(problems, [])
})

test('expenses are where grants are, if that is PostgreSQL, and else in a file of the data folder', () => {
  const url = 'postgres://user:secret@host/entrance'
  const of = (env: Environment) => resolveServeSettings({}, { ...ENTRA, ...env }).expenses
  assert.deepEqual(of({ ENTRANCE_STORE: url }), { kind: 'postgres', url, option: 'ENTRANCE_STORE' })
  assert.deepEqual(of({ EXPENSES_STORE: url }), { kind: 'postgres', url, option: 'EXPENSES_STORE' })
  const file = { kind: 'sqlite', path: '.entrance/expenses.db', option: 'ENTRANCE_DATA' }
  assert.deepEqual(of({ ENTRANCE_STORE: 'redis://host' }), file)
})

test('a store that cannot be used is named without what may be a password', () => {
  const { problems } = resolveServeSettings({ store: 'mongodb://user:secret@host' }, ENTRA)
  assert.equal(problems[0]?.problem, 'mongodb: is not a store of this version.')
  assert.doesNotMatch(JSON.stringify(problems), /secret|user/)
  for (const kind of ['sqlite:', 'redis://', 'postgres://', 'cosmos:https://']) {
    assert.ok(problems[0]?.cure.includes(kind), kind)
  }
})

test('to leave out the operator’s port is not said to choose one', () => {
  const { problems } = resolveServeSettings({}, { ...ENTRA, ENTRANCE_OPERATOR_PORT: 'on' })
  assert.match(problems[0]?.cure ?? '', /or leave it out: then there is no operator’s port/)
})

test('quotation marks around a value are named once, and do not hide what is in them', () => {
  const env = { ...ENTRA, AZURE_TENANT_ID: `"${ENTRA.AZURE_TENANT_ID}"`, PORT: "'80'", HOST: '"' }
  const { entra, port, problems } = resolveServeSettings({ host: 'localhost' }, env)
  assert.deepEqual(
    problems.map(({ option, problem }) => `${option} ${problem}`),
    ['AZURE_TENANT_ID has quotation marks around it.', 'PORT has quotation marks around it.'],
  )
  assert.equal(port, 80)
  assert.notEqual(entra, 'emulator')
  if (entra !== 'emulator') assert.equal(entra.tenantId, ENTRA.AZURE_TENANT_ID)
  const others = resolveServeSettings({}, { ...ENTRA, PS1: '"x"', GREETING: "'hello'" })
  assert.deepEqual(others.problems, [])
})

test('ENTRANCE_SECRET is one key or several, parted by commas or white space', () => {
  assert.deepEqual(secretsOf({}), [])
  assert.deepEqual(secretsOf({ ENTRANCE_SECRET: 'one' }), ['one'])
  assert.deepEqual(secretsOf({ ENTRANCE_SECRET: 'one,two' }), ['one', 'two'])
  assert.deepEqual(secretsOf({ ENTRANCE_SECRET: ' one, two\n' }), ['one', 'two'])
})

test('an empty option is an unset variable of a shell, and counts as left out', () => {
  const empty = { data: '', url: '', host: '', store: '' }
  assert.deepEqual(resolveServeSettings(empty, CLONE), resolveServeSettings({}, CLONE))
})

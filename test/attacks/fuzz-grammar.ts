import type { Random } from './malformed-requests.ts'

/** A request as the generator makes it: names and values of pairs are as on the wire. */
export type FuzzRequest = {
  readonly method: string
  readonly path: string
  readonly query: readonly Pair[]
  readonly headers: readonly Pair[]
  readonly body: FuzzBody | undefined
}

export type Pair = readonly [name: string, value: string]
export type FuzzBody = { readonly form: readonly Pair[] } | { readonly raw: string }

/** Genuine things of one server, by what they are: to be sent where they belong, and elsewhere. */
export type Artefacts = ReadonlyMap<ArtefactName, string>

export type ArtefactName =
  | 'access token'
  | 'application'
  | 'apps form token'
  | 'client assertion'
  | 'browser'
  | 'browser cookie'
  | 'client_id'
  | 'code'
  | 'code challenge'
  | 'code verifier'
  | 'confidential client_id'
  | 'client_secret'
  | 'form token'
  | 'redeemed code'
  | 'redirect_uri'
  | 'refresh token'
  | 'remembered request'
  | 'resource'
  | 'sealed request'
  | 'session'
  | 'session cookie'
  | 'signed refresh token'
  | 'signing client_id'
  | 'state of Entra'
  | 'transaction'
  | 'transaction cookie'

/** Who knows about an endpoint: how it is asked, and what belongs into which parameter. */
type Shape = {
  readonly paths: readonly string[]
  readonly methods: readonly string[]
  readonly parameters: readonly (readonly [name: string, values: readonly Source[]])[]
  readonly media: 'form' | 'json' | 'rpc' | 'none'
  readonly weight: number
}

/** An artefact's name, or a text as it is. */
type Source = { readonly of: ArtefactName } | string

const of = (name: ArtefactName): Source => ({ of: name })

const WELL_KNOWN = [
  ...['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'],
].flatMap((name) => ['', '/mcp', '/mcp/'].map((tail) => `/.well-known/${name}${tail}`))

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** One whose copy is known, with the loopback address that is asked for; and some that are not. */
const DOCUMENT_IDS = [
  ...Array<string>(3).fill('https://chatgpt.com/oauth/codex/client.json'),
  ...['https://vscode.dev/oauth/client-metadata.json', 'https://evil.example.com/client.json'],
  ...['https://169.254.169.254/latest/meta-data', 'https://localhost/client', 'https://[::1]/x'],
]

const SHAPES: readonly Shape[] = [
  {
    paths: ['/authorize'],
    methods: ['GET', 'POST', 'HEAD'],
    parameters: [
      ['response_type', ['code']],
      ['client_id', [of('client_id'), of('confidential client_id'), ...DOCUMENT_IDS]],
      ['redirect_uri', [of('redirect_uri')]],
      ['code_challenge', [of('code challenge')]],
      ['code_challenge_method', ['S256']],
      ['state', ['x', 'a+b/c==', of('code verifier')]],
      ['scope', ['mcp-access', 'openid mcp-access offline_access', '']],
      ['resource', [of('resource')]],
      ['response_mode', ['query', '']],
    ],
    media: 'form',
    weight: 5,
  },
  {
    paths: ['/consent'],
    methods: ['POST', 'GET', 'HEAD'],
    parameters: [
      ['request', [of('sealed request'), of('sealed request'), of('remembered request')]],
      ['form_token', [of('form token')]],
      ['action', ['allow', 'deny']],
      ['ask', ['1', '']],
    ],
    media: 'form',
    weight: 5,
  },
  {
    paths: ['/auth/apps'],
    methods: ['POST', 'GET', 'HEAD'],
    parameters: [
      ['form_token', [of('apps form token')]],
      ['action', [...Array<string>(20).fill('revoke'), 'sign-in', 'sign-out', 'revoke-all']],
      ['application', [of('application')]],
    ],
    media: 'form',
    weight: 3,
  },
  {
    paths: ['/auth/callback'],
    methods: ['GET'],
    parameters: [
      ['state', [of('state of Entra')]],
      ['code', ['x', of('code')]],
      ['iss', ['https://evil.example']],
      ['error', ['access_denied', 'server_error']],
      ['error_description', ['AADSTS65004: x Trace ID: y', '<script>']],
    ],
    media: 'none',
    weight: 3,
  },
  {
    paths: ['/auth/callback'],
    methods: ['GET'],
    parameters: [
      ['state', ['admin-consent']],
      ['admin_consent', ['True', 'false']],
      ['error', ['access_denied']],
      ['error_description', ['AADSTS65004: x', '<script>']],
    ],
    media: 'none',
    weight: 1,
  },
  {
    paths: ['/token'],
    methods: ['POST'],
    parameters: [
      ['grant_type', ['authorization_code', 'refresh_token']],
      ['client_id', [of('client_id'), of('confidential client_id')]],
      ['client_secret', [of('client_secret')]],
      ['code', [of('code'), of('redeemed code')]],
      ['code_verifier', [of('code verifier')]],
      ['redirect_uri', [of('redirect_uri')]],
      ['refresh_token', [of('refresh token')]],
      ['resource', [of('resource')]],
      ['scope', ['mcp-access', '']],
    ],
    media: 'form',
    weight: 6,
  },
  {
    // A client that signs.
    paths: ['/token'],
    methods: ['POST'],
    parameters: [
      ['grant_type', ['refresh_token']],
      ['refresh_token', [of('signed refresh token')]],
      ['client_assertion', [of('client assertion')]],
      ['client_assertion_type', [ASSERTION_TYPE]],
      ['scope', ['mcp-access', '']],
    ],
    media: 'form',
    weight: 2,
  },
  {
    paths: ['/revoke'],
    methods: ['POST'],
    parameters: [
      ['token', [...Array<Source>(9).fill(of('refresh token')), of('access token')]],
      ['token_type_hint', ['refresh_token', 'access_token', 'x']],
      ['client_id', [of('client_id')]],
      ['client_secret', [of('client_secret')]],
    ],
    media: 'form',
    weight: 2,
  },
  { paths: ['/register'], methods: ['POST'], parameters: [], media: 'json', weight: 4 },
  {
    paths: ['/mcp', '/mcp/'],
    methods: ['POST', 'GET', 'DELETE', 'HEAD', 'OPTIONS'],
    parameters: [],
    media: 'rpc',
    weight: 4,
  },
  {
    paths: [...WELL_KNOWN, '/.well-known/jwks.json', '/health', '/', '/nowhere'],
    methods: ['GET', 'HEAD', 'OPTIONS'],
    parameters: [],
    media: 'none',
    weight: 2,
  },
]

const TURNS = SHAPES.flatMap((shape) => Array<Shape>(shape.weight).fill(shape))

/** One request out of all that the grammar can make. */
export function generate(random: Random, artefacts: Artefacts): FuzzRequest {
  const shape = random.pick(TURNS)
  // Of what is far from any request, a little is enough: it is refused at the door.
  const wildness = random.pick([0, 0, 1, 1, 2, 4])
  const isOdd = (share: number) => random.int(100) < share * wildness
  const method = isOdd(5) ? random.pick(METHODS) : random.pick([shape.methods[0], ...shape.methods])
  const path = isOdd(5) ? manglePath(random.pick(shape.paths), random) : random.pick(shape.paths)
  const pairs = pairsOf(shape, random, artefacts, isOdd)
  const isPosted = method === 'POST' || (method !== 'GET' && method !== 'HEAD' && isOdd(10))
  const body = isPosted ? bodyOf(shape, pairs, random, artefacts, isOdd) : undefined
  const isInQuery = body === undefined || isOdd(4)
  return {
    method: method ?? 'GET',
    path,
    query: isInQuery ? pairs : [],
    headers: headersOf(shape, body, random, artefacts, isOdd),
    body,
  }
}

/** Where the request goes, on the wire. */
export function targetOf({ path, query }: FuzzRequest): string {
  return query.length > 0 ? `${path}?${toText(query)}` : path
}

export function bodyText(body: FuzzBody): string {
  return 'form' in body ? toText(body.form) : body.raw
}

/**
 * Takes away whatever can go while `fails` still holds: the smallest request of its kind that
 * shows the fault.
 */
export async function shrink(
  request: FuzzRequest,
  fails: (request: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  for (const smaller of smallerOnes(request)) {
    if (await fails(smaller)) return shrink(smaller, fails)
  }
  return request
}

function* smallerOnes(request: FuzzRequest): Generator<FuzzRequest> {
  const { query, headers, body } = request
  for (const i of headers.keys()) yield { ...request, headers: headers.toSpliced(i, 1) }
  for (const i of query.keys()) yield { ...request, query: query.toSpliced(i, 1) }
  if (!body) return
  yield { ...request, body: undefined }
  const { form } = { form: [], ...body }
  for (const i of form.keys()) yield { ...request, body: { form: form.toSpliced(i, 1) } }
}

type IsOdd = (share: number) => boolean

const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND', 'get'],
]

function manglePath(path: string, random: Random): string {
  const at = random.int(path.length + 1)
  return random.pick([
    `${path}/`,
    `/${path}`,
    path.toUpperCase(),
    `/base${path}`,
    `${path}/.well-known/openid-configuration`,
    `${path}/..${path}`,
    `/%2e%2e${path}`,
    path.replaceAll('/', '%2f').replace('%2f', '/'),
    path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    `${path};jsessionid=x`,
    `${path}%00`,
    `${path}%ff`,
    `${path.slice(0, at)}${random.pick(['//', '\\', '%5c', '.', '\u00e4', '%'])}${path.slice(at)}`,
    `${path}#fragment`,
    `${path}${'/x'.repeat(2000)}`,
  ])
}

function pairsOf(shape: Shape, random: Random, artefacts: Artefacts, isOdd: IsOdd): Pair[] {
  const pairs: Pair[] = []
  for (const [name, sources] of shape.parameters) {
    // Two ways to prove oneself, or an answer with and without an error, exclude each other.
    if (ALTERNATIVES.has(name) ? random.int(2) === 0 : isOdd(5)) continue
    const value = isOdd(8) ? anything(random, artefacts) : read(random.pick(sources), artefacts)
    pairs.push([isOdd(1) ? random.pick(NAMES) : name, encode(value, random, isOdd)])
    if (isOdd(2)) pairs.push([name, encode(anything(random, artefacts), random, isOdd)])
  }
  if (isOdd(5)) pairs.push([random.pick(NAMES), encode(anything(random, artefacts), random, isOdd)])
  if (isOdd(1)) for (let i = 0; i < 70; i++) pairs.push([`p${i}`, ''])
  return pairs
}

const ALTERNATIVES: ReadonlySet<string> = new Set([
  ...['ask', 'client_secret', 'error', 'error_description', 'iss', 'resource', 'scope'],
])

const NAMES = [
  ...['', 'x', '__proto__', 'constructor', 'client_id', 'redirect_uri', 'state', 'code', 'request'],
  ...['client_id%00', 'client_id[]', 'CLIENT_ID', '%63lient_id', '%ff', 'a'.repeat(3000)],
  ...['client_assertion', 'access_token', 'prompt', 'nonce', 'id_token_hint', 'claims', 'dpop_jkt'],
  ...['client_assertion_type', 'assertion', 'audience', 'authorization_details', 'request_uri'],
  ...['login_hint', 'acr_values', 'max_age', 'ui_locales', 'display', 'registration', 'ask'],
  ...['form_token', 'application', 'action', 'device_code', 'subject_token', 'code_challenge%20'],
]

function read(source: Source, artefacts: Artefacts): string {
  return typeof source === 'string' ? source : (artefacts.get(source.of) ?? '')
}

/** Something genuine in the wrong place, something genuine that is spoilt, or something nasty. */
function anything(random: Random, artefacts: Artefacts): string {
  const genuine = random.pick([...artefacts.values()])
  const roll = random.int(10)
  if (roll < 3) return genuine
  if (roll < 8) return spoilText(genuine, random, artefacts)
  return random.pick(NASTY)
}

function spoilText(text: string, random: Random, artefacts: Artefacts): string {
  const at = random.int(text.length + 1)
  const other = random.pick([...artefacts.values()])
  const parts = text.split('.')
  const part = random.int(parts.length)
  return random.pick([
    () => flipBit(text, random),
    () => flipBit(text, random),
    () => text.slice(0, at),
    () => text.slice(at),
    () => `${text}${random.pick(['=', '==', ' ', '.', '\n', '\t', '\u00e4', '\0', 'A', '.AAAA'])}`,
    () =>
      `${text.slice(0, at)}${random.pick([' ', '.', '-', '\u202e', '\\', '%'])}${text.slice(at)}`,
    () => parts.with(part, other.split('.')[part] ?? '').join('.'),
    () => parts.toReversed().join('.'),
    () => parts.with(part, '').join('.'),
    () => parts.with(part, random.pick(NASTY)).join('.'),
    () => `${text}${other}`,
    () => text.toUpperCase(),
    () => text.repeat(1 + random.int(30)),
  ])()
}

/** Another letter in its place, as base64url has it: what remains is well formed. */
function flipBit(text: string, random: Random): string {
  const at = random.int(Math.max(text.length, 1))
  const letter = LETTERS.indexOf(text[at] ?? 'A')
  const flipped = LETTERS[(letter < 0 ? 0 : letter) ^ (1 << random.int(6))]
  return `${text.slice(0, at)}${flipped}${text.slice(at + 1)}`
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const NASTY = [
  ...['', ' ', '\0', 'null', 'undefined', '-1', '1e309', '{}', '[]', '__proto__', 'toString'],
  ...['../../etc/passwd', "' OR 1=1 --", '"><script>alert(1)</script>', '\r\nSet-Cookie: x=1'],
  ...['javascript:alert(1)', 'http://[::1', 'http://localhost:99999/', 'https://evil.example/#x'],
  ...['http://127.0.0.1:1@evil.example/', 'http://169.254.169.254/', 'cursor://x', '\u{1f600}'],
  ...['\u202e\u2066', '\ud800', 'x'.repeat(20_000), '.'.repeat(5000), '%'.repeat(300)],
  ...['https://10.0.0.1/client.json', 'https://chatgpt.com/../oauth/codex/client.json'],
  ...['https://user:x@chatgpt.com/oauth/client.json', 'https://chatgpt.com:8443/client.json'],
  ...['e1...', 'c1.AAAAAAAAAAAAAAAAAAAAAA.0.AAAAAAAA.AAAAAA.A', 'eyJhbGciOiJub25lIn0.e30.'],
]

/** Rightly, as a rule; else as it is, or twice. */
function encode(value: string, random: Random, isOdd: IsOdd): string {
  const encoded = encodeURIComponent(value.toWellFormed())
  if (!isOdd(4)) return encoded
  return random.pick([
    encodeURIComponent(encoded),
    value.replaceAll(/[^\x21-\x7e]/g, ''),
    encoded.replaceAll('%20', '+'),
    `${encoded}%`,
    `${encoded}%c0%af`,
  ])
}

function bodyOf(
  shape: Shape,
  pairs: readonly Pair[],
  random: Random,
  artefacts: Artefacts,
  isOdd: IsOdd,
): FuzzBody {
  if (isOdd(3)) return { raw: random.pick(RAW) }
  if (shape.media === 'json') return { raw: JSON.stringify(metadataOf(random, artefacts, isOdd)) }
  if (shape.media === 'rpc') return { raw: JSON.stringify(messageOf(random, artefacts, isOdd)) }
  return { form: pairs }
}

const RAW = [
  ...['', '{', '[]', 'null', '"x"', '{"a":'.repeat(2000), '['.repeat(9000), 'x'.repeat(17_000)],
  ...['\ufeff{}', '\0', '&&&&', '=', 'a=b&a=b', '{"redirect_uris":["http://localhost/cb"]}'],
]

function metadataOf(random: Random, artefacts: Artefacts, isOdd: IsOdd): unknown {
  const any = () => random.pick<unknown>([...JSON_VALUES, anything(random, artefacts)])
  if (isOdd(2)) return any()
  const uris = ['http://127.0.0.1/cb', 'https://ok.example/cb', 'cursor://x/y', 'http://localhost/']
  const members: [string, unknown][] = [
    ['redirect_uris', isOdd(10) ? [any()] : [random.pick(uris), random.pick(uris)]],
    ['client_name', isOdd(10) ? any() : `Fuzz ${random.int(1000)}`],
    ['token_endpoint_auth_method', isOdd(10) ? any() : random.pick(AUTH_METHODS)],
    ['grant_types', isOdd(10) ? any() : ['authorization_code', 'refresh_token']],
    ['response_types', isOdd(10) ? any() : ['code']],
    ['application_type', isOdd(10) ? any() : 'native'],
    ['scope', isOdd(10) ? any() : 'mcp-access'],
    [random.pick(['jwks', 'jwks_uri', 'logo_uri', 'software_statement', '__proto__', '']), any()],
  ]
  return Object.fromEntries(members.filter(() => !isOdd(4)))
}

const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']

const JSON_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, '', [], {}, [[]], [null], '\ud800', 'x'.repeat(5000)],
  ...[Array(500).fill('https://ok.example/cb'), { toString: 1 }, ['javascript:alert(1)'], 'none'],
]

function messageOf(random: Random, artefacts: Artefacts, isOdd: IsOdd): unknown {
  const any = () => random.pick<unknown>([...JSON_VALUES, anything(random, artefacts)])
  const message = {
    jsonrpc: isOdd(5) ? any() : '2.0',
    id: isOdd(5) ? any() : random.int(1000),
    method: isOdd(5) ? any() : random.pick(RPC_METHODS),
    params: isOdd(10) ? any() : random.pick(RPC_PARAMS),
  }
  return isOdd(2) ? [message, message] : message
}

const RPC_METHODS = [
  ...['ping', 'initialize', 'tools/list', 'tools/call', 'server/discover', 'nothing/such'],
  ...['resources/list', 'resources/read', 'prompts/get', 'completion/complete'],
]

const RPC_PARAMS: readonly unknown[] = [
  {},
  { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  { name: 'get_expenses', arguments: {} },
  { name: 'add_user_expense', arguments: { amount: 'x' } },
  { name: 'get_expenses', arguments: { from: '2026-02-30', limit: 1e9, cursor: '0.x' } },
  { name: 'update_user_expense', arguments: { id: '../..', constructor: 1 } },
  { name: 'analyze_spending', arguments: { period: 'this month', category: '__proto__' } },
  { uri: 'expenses://mine.csv' },
  { uri: 'expenses://mine/2026-02-30.csv' },
  {
    ref: { type: 'ref/resource', uri: 'expenses://mine/{period}' },
    argument: { name: 'period', value: '20' },
  },
]

function headersOf(
  shape: Shape,
  body: FuzzBody | undefined,
  random: Random,
  artefacts: Artefacts,
  isOdd: IsOdd,
): Pair[] {
  const headers: Pair[] = []
  const add = (name: string, value: string) => headers.push([name, toHeader(value)])
  const type = body && 'form' in body ? TYPES[0] : TYPES[1]
  if (body && !isOdd(2)) add('content-type', isOdd(4) ? random.pick(TYPES) : (type as string))
  if (!isOdd(10)) add('accept', shape.media === 'rpc' ? STREAMED : random.pick(ACCEPTS))
  const isGuarded = shape.media === 'rpc'
  if (isGuarded ? random.int(5) > 0 : isOdd(6))
    add('authorization', bearer(random, artefacts, isOdd))
  else if (shape.paths[0] === '/token' && random.int(6) === 0)
    add('authorization', basic(random, artefacts, isOdd))
  if (!isGuarded && random.int(4) > 0) add('cookie', cookies(random, artefacts, isOdd))
  if (isOdd(6)) add('origin', random.pick(ORIGINS))
  if (isOdd(3)) add('host', random.pick(HOSTS))
  const isOpened = shape.paths[0] === '/consent' && body === undefined && random.int(2) === 0
  if (isOpened) add('sec-fetch-site', 'none')
  else if (isOdd(5)) add('sec-fetch-site', random.pick(['cross-site', 'same-site', 'none', 'x']))
  if (isOdd(5)) add('sec-fetch-mode', random.pick(['navigate', 'cors', 'no-cors']))
  if (isGuarded && isOdd(10)) add('mcp-protocol-version', random.pick(REVISIONS))
  if (isOdd(2)) add('x-forwarded-host', 'evil.example')
  if (isOdd(4)) add('x-forwarded-for', random.pick(ADDRESSES))
  if (isOdd(1)) add(random.pick(['sec-purpose', 'purpose']), 'prefetch')
  if (isOdd(2)) add('access-control-request-method', 'POST')
  return headers
}

const ADDRESSES = [
  ...['203.0.113.7', '203.0.113.7, 10.0.0.1', '[2001:db8::1]:443', '::ffff:203.0.113.7', 'unknown'],
  ...['', ',,,', 'fe80::1%eth0', '1'.repeat(3000), '2001:db8:::1', '\u00ff', '999.1.1.1:99999'],
]
const STREAMED = 'application/json, text/event-stream'
const ACCEPTS = ['text/html', 'text/html', 'application/json', '*/*', '', 'text/html;q=0']
const TYPES = [
  ...['application/x-www-form-urlencoded', 'application/json', 'text/plain', '', ';', 'text/html'],
  ...['multipart/form-data; boundary=x', 'application/json; charset=utf-16', 'x'.repeat(3000)],
]
const ORIGINS = ['null', 'https://evil.example', 'http://localhost', '', 'x', '\u00ff']
const HOSTS = ['evil.example', 'localhost', '127.0.0.1:1', '[::1]', '\u00ff', 'a b', '']
const REVISIONS = ['2025-06-18', '2025-11-25', '2026-07-28', '1900-01-01', '', '\u00ff']

function bearer(random: Random, artefacts: Artefacts, isOdd: IsOdd): string {
  if (!isOdd(10)) return `Bearer ${artefacts.get('access token')}`
  const scheme = random.pick(['Bearer', 'bearer', 'Basic', 'DPoP', 'Bearer:', ''])
  return `${scheme}${random.pick([' ', '  ', '\t', ''])}${anything(random, artefacts)}`
}

function basic(random: Random, artefacts: Artefacts, isOdd: IsOdd): string {
  const id = isOdd(10) ? anything(random, artefacts) : artefacts.get('confidential client_id')
  const secret = isOdd(10) ? anything(random, artefacts) : artefacts.get('client_secret')
  const pair = isOdd(5) ? `${id}${secret}` : `${id}:${secret}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** Our own cookies by their names, their values at times another's. */
function cookies(random: Random, artefacts: Artefacts, isOdd: IsOdd): string {
  const value = (name: ArtefactName) =>
    isOdd(8) ? anything(random, artefacts) : (artefacts.get(name) ?? '')
  const pairs = [
    `${artefacts.get('browser cookie')}=${value('browser')}`,
    `${artefacts.get('transaction cookie')}=${value('transaction')}`,
    `${artefacts.get('session cookie')}=${value('session')}`,
    `__Host-entrance=${artefacts.get('browser')}`,
    `entrance-tx-=${anything(random, artefacts)}`,
    'x=y',
    ';;=;',
  ]
  return pairs.filter((_, i) => (i < 3 ? !isOdd(4) : isOdd(5))).join('; ')
}

/** What a header can carry at all: the rest would not leave the sender. */
function toHeader(value: string): string {
  return value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').trim()
}

function toText(pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

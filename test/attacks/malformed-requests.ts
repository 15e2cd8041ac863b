/** A request in parts, each of which can be spoilt. Texts of query and form are as on the wire. */
export type Draft = {
  method: string
  readonly path: string
  query: Pair[]
  headers: Map<string, string>
  body: Pair[] | Json | Uint8Array | undefined
}

export type Pair = [name: string, value: string]
export type Json = { json: unknown }

/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Random = {
  int(below: number): number
  pick<T>(list: readonly T[]): T
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number) => Math.floor(next() * below)
  return { int, pick: (list) => list[int(list.length)] as (typeof list)[number] }
}

/** Spoils a good request in one to three ways. */
export function spoil(draft: Draft, random: Random): Draft {
  const spoilt: Draft = {
    ...draft,
    query: draft.query.map((pair) => [...pair]),
    headers: new Map(draft.headers),
    body: Array.isArray(draft.body) ? draft.body.map((pair) => [...pair]) : draft.body,
  }
  const isPosted = draft.body !== undefined
  const isForm = Array.isArray(draft.body)
  for (let times = 1 + random.int(3); times > 0; times--) {
    const roll = random.int(20)
    if (roll === 0) spoilt.method = random.pick(METHODS)
    else if (roll <= 4) spoilHeader(spoilt.headers, random)
    else if (isPosted && roll <= 7) spoilBody(spoilt, random)
    else if (isForm && Array.isArray(spoilt.body)) spoilPairs(spoilt.body, random)
    else if (isPosted && isJson(spoilt.body)) spoilt.body = { json: spoilJson(spoilt.body, random) }
    else spoilPairs(spoilt.query, random)
  }
  return spoilt
}

/** The draft as bytes of a body; undefined for none. */
export function bytesOf(body: Draft['body']): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body
  return Buffer.from(isJson(body) ? JSON.stringify(body.json) : textOf(body))
}

/** Query or form as on the wire. */
export function textOf(pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function isJson(body: Draft['body']): body is Json {
  return typeof body === 'object' && 'json' in body
}

const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH', 'MKCOL'],
]

/** Values as on the wire: encoded, half encoded, wrongly encoded. */
const VALUES = [
  ...['', '+', '%20', '%', '%%', '%zz', '%f', '%u0041', '%00', 'a%00b', '%0d%0aX:%20y', '%09'],
  // Not UTF-8: a stray byte, an overlong form, a surrogate, a code point beyond the last, an end too early.
  ...['%ff', '%c0%af', '%ed%a0%80', '%f4%90%80%80', '%e2%82', '%80%80', '%fe%ff%00a'],
  ...['%ef%bb%bf', '%e2%80%ae', '%f0%9f%98%80', '%c3%a4', '%cc%81', '%ef%bf%bf'],
  ...['null', 'undefined', 'true', 'NaN', '-1', '1e309', '0x10', '__proto__', 'constructor'],
  ...['toString', '%5Bobject%20Object%5D', '%7B%7D', '%5B%5D', '..%2f..%2f', '%3Cscript%3E'],
  ...['%27%20OR%201=1', '$(id)', '%60id%60', '%25s%25n', 'a=b', '=', '%3D', '%26', 'a;b', '*'],
  ...['http://evil.example/', 'https%3A%2F%2Fevil.example', 'javascript:alert(1)', 'localhost'],
  ...['x'.repeat(300), 'x'.repeat(3000), 'x'.repeat(17_000), '%41'.repeat(6000), '%00'.repeat(99)],
  ...['e1...', 'c1.a.b', 'r1.AAAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAA.AAAAAA.A', 'a.b.c', '....'],
]

const NAMES = [
  ...['', 'x', 'client_id', 'redirect_uri', 'state', 'code', 'error', 'grant_type', 'token'],
  ...['__proto__', 'constructor', 'client_id%00', 'client_id[]', 'CLIENT_ID', '%63lient_id'],
  ...['%ff', 'a'.repeat(3000), 'resource', 'scope', 'request', 'action', 'iss', 'client_secret'],
]

function spoilPairs(pairs: Pair[], random: Random): void {
  const at = random.int(Math.max(pairs.length, 1))
  const pair = pairs[at] ?? ['x', 'y']
  const [name, value] = pair
  const changes: (() => void)[] = [
    () => void pairs.splice(at, 1),
    () => void pairs.push([...pair]),
    () => void pairs.push([name, random.pick(VALUES)]),
    () => void pairs.push([random.pick(NAMES), random.pick(VALUES)]),
    () => void pairs.splice(at, 1, [name, random.pick(VALUES)]),
    () => void pairs.splice(at, 1, [name, random.pick(VALUES)]),
    () => void pairs.splice(at, 1, [name, random.pick(pairs)?.[1] ?? '']),
    () => void pairs.splice(at, 1, [name, `${value}${random.pick(VALUES)}`]),
    () => void pairs.splice(at, 1, [name, value.slice(0, random.int(value.length + 1))]),
    () => void pairs.splice(at, 1, [name, flip(value, random)]),
    () => void pairs.splice(at, 1, [random.pick(NAMES), value]),
    () => void pairs.splice(at, 1, [name.toUpperCase(), value]),
    () => void pairs.push(...Array.from({ length: 70 }, (_, i): Pair => [`p${i}`, 'x'])),
    () => void pairs.splice(0, pairs.length),
  ]
  random.pick(changes)()
}

function flip(text: string, random: Random): string {
  const at = random.int(Math.max(text.length, 1))
  return `${text.slice(0, at)}${random.pick(['A', '0', '_', '.', '%25'])}${text.slice(at + 1)}`
}

const TYPES = [
  ...['', 'text/plain', 'application/json', 'application/x-www-form-urlencoded', 'text/html'],
  ...['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded; charset=utf-16'],
  ...[
    'APPLICATION/JSON; CHARSET=UTF-8',
    'application/json, text/plain',
    ';',
    '/',
    'x'.repeat(5000),
  ],
  ...['application/xml', 'application/jwt', 'application/json\u00e4'],
]

const HEADERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['content-type', TYPES],
  [
    'accept',
    [
      ...[
        '',
        '*/*',
        'text/html',
        'application/json',
        'text/html;q=0',
        ',',
        'x'.repeat(6000),
        '\u00ff',
      ],
      ...['application/json, text/event-stream', 'text/event-stream', 'image/*'],
    ],
  ],
  [
    'authorization',
    [
      ...['', 'Basic', 'Basic ', 'Basic !!!', 'Basic Og==', 'Basic YTpi', 'Basic YQ==', 'Bearer'],
      ...['Bearer ', 'Bearer x', 'Bearer a.b.c', `Bearer ${'x'.repeat(7000)}`, 'Bearer \u00e4'],
      ...['Negotiate YII=', 'Digest username="x"', 'Basic JWZmOiVmZg==', 'Basic \u00ff', 'DPoP x'],
    ],
  ],
  [
    'cookie',
    [
      ...['', ';', ';;;;', '=', 'entrance', 'entrance=', 'entrance=x; entrance=y', '\u00ff=\u00fe'],
      ...[`entrance=${'A'.repeat(43)}`, 'entrance-tx-x=y', 'entrance-tx-=.', 'a=b'.repeat(2000)],
      ...['x=1; '.repeat(900), `entrance-tx-AAAAAAAAAAAA=zzz.${'A'.repeat(3000)}`, '__proto__=x'],
    ],
  ],
  ['origin', ['', 'null', 'https://evil.example', 'x', 'http://', '\u00ff', 'o'.repeat(3000)]],
  ['host', ['evil.example', 'localhost', '127.0.0.1', '[::1]:80', 'a b', '\u00ff', '']],
  ['sec-fetch-site', ['cross-site', 'same-site', 'none', 'x']],
  ['accept-encoding', ['gzip, br', '*;q=0', 'x'.repeat(3000)]],
  ['content-encoding', ['gzip', 'br', 'x']],
  ['mcp-protocol-version', ['', '2025-06-18', '1900-01-01', 'x'.repeat(2000), '\u00ff']],
  ['mcp-session-id', ['', 'x', '\u00ff', 'x'.repeat(4000)]],
  ['access-control-request-method', ['POST', '', 'x'.repeat(1000)]],
  ['access-control-request-headers', ['authorization', '\u00ff', 'x'.repeat(4000)]],
  ['range', ['bytes=0-1', 'bytes=-1']],
  ['if-none-match', ['*', '"x"']],
  ['x-forwarded-host', ['evil.example']],
  ['x-http-method-override', ['DELETE']],
  ['x-padding', ['p'.repeat(9000)]],
])

function spoilHeader(headers: Map<string, string>, random: Random): void {
  const names = [...HEADERS.keys()]
  const name = random.pick(names)
  if (random.int(6) === 0) headers.delete(random.pick([...headers.keys(), name]))
  else headers.set(name, random.pick(HEADERS.get(name) as readonly string[]))
}

function spoilBody(draft: Draft, random: Random): void {
  const bytes = Buffer.from(bytesOf(draft.body) ?? [])
  const bodies: (() => Draft['body'])[] = [
    () => undefined,
    () => Buffer.alloc(0),
    () => ({ json: { grant_type: 'refresh_token', client_id: 'x', redirect_uris: ['x'] } }),
    () => [['grant_type', 'refresh_token']],
    () => bytes.subarray(0, random.int(bytes.length + 1)),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    () => Buffer.concat([bytes, Buffer.from([0xff, 0xfe, 0x00, 0xed, 0xa0, 0x80])]),
    () => Buffer.concat([bytes, Buffer.from('\0&\0=\0')]),
    () => Buffer.from(bytes.toString(), 'utf16le'),
    () => Buffer.from(Array.from({ length: random.int(400) }, () => random.int(256))),
    () => Buffer.alloc(17 * 1024, 'a'),
    () => Buffer.alloc(100 * 1024, '&'),
    () => Buffer.from('['.repeat(16_000)),
    () => Buffer.from('{"a":'.repeat(3000)),
    () => Buffer.from('{"redirect_uris":["http://localhost/cb"],'),
    () => Buffer.from("{'redirect_uris': 1,}"),
    () => Buffer.from('"\\ud800"'),
  ]
  draft.body = random.pick(bodies)()
}

const JSON_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, '', 'x', '\0', '\ud800', '\u202e', [], {}, [[]], [null], [{}]],
  ...['x'.repeat(5000), Array.from({ length: 500 }, () => 'x'), { __proto__: null, toString: 1 }],
  ...['javascript:alert(1)', ['javascript:alert(1)'], ['http://localhost/\r\n'], ['x'.repeat(600)]],
  ...[['http://localhost/cb', 1], ['https://ok.example/cb', 'https://ok.example/cb'], 'none'],
  ...[JSON.parse('{"__proto__":{"x":1}}'), JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`)],
]

const JSON_NAMES = [
  ...['redirect_uris', 'client_name', 'token_endpoint_auth_method', 'grant_types', 'jsonrpc'],
  ...['response_types', 'scope', 'jwks', 'jwks_uri', 'logo_uri', 'method', 'id', 'params', ''],
  ...['__proto__', 'constructor', 'client_id', 'client_secret', 'software_statement'],
]

function spoilJson({ json }: Json, random: Random): unknown {
  const roll = random.int(10)
  if (roll === 0 || typeof json !== 'object' || json === null) return random.pick(JSON_VALUES)
  if (roll === 1) return [json, json]
  const names = Object.keys(json)
  const name = roll < 7 && names.length > 0 ? random.pick(names) : random.pick(JSON_NAMES)
  if (roll === 2) return Object.fromEntries(Object.entries(json).filter(([key]) => key !== name))
  // As a parser has it, for which __proto__ is a name like any other.
  const entries = [...Object.entries(json).filter(([key]) => key !== name), [name, undefined]]
  const text = entries
    .map(
      ([key, value]) =>
        `${JSON.stringify(key)}:${JSON.stringify(key === name ? random.pick(JSON_VALUES) : value)}`,
    )
    .join(',')
  return JSON.parse(`{${text}}`)
}

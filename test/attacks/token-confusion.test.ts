import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { createKeyring, type Key } from '../../src/core/keys/keyring.ts'
import { mac } from '../../src/core/keys/mac.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { deriveSigningKey, type SigningKey } from '../../src/core/tokens/signing-key.ts'
import { createEntrance, type EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type SignedIn, signIn } from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { type Claims, createDetour } from './detour.ts'
import { assertRefused, isLet, readError, stopClock } from './support.ts'

const SECRET = 'a-master-key-of-forty-characters-at-least'

let server: RunningEntrance
let signedIn: SignedIn
let master: Key
let key: SigningKey
let header: Claims
let claims: Claims
/** What Entra gave for the sign-in. */
let entraTokens: Claims
before(async () => {
  const detour = createDetour()
  detour.intercept = async ({ pathname }, go) => {
    const response = await go()
    if (pathname.endsWith('/token')) entraTokens = (await response.clone().json()) as Claims
    return response
  }
  server = await startEntrance({ entrance: { secret: SECRET, fetch: detour.fetch } })
  signedIn = await signIn(server.url)
  const { binding } = resolveOptions(optionsOf())
  master = createKeyring([SECRET]).current
  key = deriveSigningKey(master, binding)
  const [head = '', payload = ''] = signedIn.tokens.access_token.split('.')
  header = decode(head)
  claims = decode(payload)
})
after(() => server.stop())

const NOT_ISSUED = 'The access token was not issued by this server.'
const NO_JWT = 'The access token is not a JWT that this server issued.'
const NOT_OURS = 'The signature of the access token is not ours.'
const NOT_HELD =
  'The access token was signed with a key that this server does not hold. Sign in again.'

suite('an access token that somebody else made', () => {
  test('with the algorithm none is refused, however it is spelt (RFC 8725 §2.1)', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', undefined, null, ['ES256']]) {
      const input = [{ ...header, alg }, claims].map(encode).join('.')
      await assertBarred(`${input}.`, NOT_ISSUED)
      await assertBarred(`${input}.AAAA`, NOT_ISSUED)
    }
  })

  test('with HS256 and the public key as the secret is refused (RFC 8725 §2.1)', async () => {
    const { jwk, publicKey } = key
    const texts = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      jwk.x as string,
      Buffer.from(jwk.x as string, 'base64url'),
    ]
    for (const text of texts) {
      for (const alg of ['HS256', 'ES256']) {
        const input = [{ ...header, alg }, claims].map(encode).join('.')
        const tag = createHmac('sha256', text).update(input).digest('base64url')
        await assertBarred(`${input}.${tag}`, alg === 'ES256' ? NOT_OURS : NOT_ISSUED)
      }
    }
  })

  test('with another key under our kid is refused', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await assertBarred(jwt(header, claims, privateKey), NOT_OURS)
  })

  test('with a key that it brings along is refused (jwk, jku, x5c, x5u)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = publicKey.export({ format: 'jwk' })
    const own = { jwk, jku: `${server.emulator.origin}/keys`, x5c: ['AAAA'], x5u: 'https://evil' }
    await assertBarred(jwt({ ...header, ...own }, claims, privateKey), NOT_OURS)
    await assertBarred(jwt({ ...header, ...own, kid: 'mine' }, claims, privateKey), NOT_HELD)
  })

  test('with a kid that is no name of a key is refused', async () => {
    const kids = ['', '../../dev/null', '__proto__', 'constructor', "' OR 1=1", 'a'.repeat(500)]
    for (const kid of kids) {
      await assertBarred(jwt({ ...header, kid }, claims), NOT_HELD)
    }
    for (const kid of [undefined, null, 0, ['a'], { a: 1 }]) {
      await assertBarred(jwt({ ...header, kid }, claims), NOT_ISSUED)
    }
  })

  test('with the signature of zeroes, or one of the wrong length, is refused', async () => {
    const [head, payload, tag = ''] = signedIn.tokens.access_token.split('.')
    const bytes = Buffer.from(tag, 'base64url')
    const signatures = [
      Buffer.alloc(0),
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
      bytes.subarray(0, 63),
      Buffer.concat([bytes, Buffer.from([0])]),
      sign('sha256', Buffer.from(`${head}.${payload}`), key.privateKey),
    ]
    for (const signature of signatures) {
      await assertBarred(`${head}.${payload}.${signature.toString('base64url')}`, NOT_OURS)
    }
  })

  test('by changing a claim of a genuine one is refused', async () => {
    const [head, payload, tag] = signedIn.tokens.access_token.split('.')
    for (const change of [{ oid: 'other' }, { exp: 9e9 }, { scope: 'mcp-access admin' }]) {
      const changed = encode({ ...claims, ...change })
      await assertBarred(`${head}.${changed}.${tag}`, NOT_OURS)
    }
    assert.notEqual(payload, undefined)
  })

  test('by writing the same bytes in another way is refused: a token has one spelling', async () => {
    const [head, payload, tag = ''] = signedIn.tokens.access_token.split('.')
    for (const spelling of [`${tag}=`, `${tag}==`, `~${tag}`, `${tag}~`, twinOf(tag)]) {
      await assertBarred(`${head}.${payload}.${spelling}`, NOT_OURS)
    }
  })
})

suite('an access token whose MAC is not ours is refused, though its signature were', () => {
  const barred = (change: Claims, payload = claims, text: string = NOT_OURS) =>
    assertBarred(jwt({ ...header, ...change }, payload), text)

  test('made up', async () => {
    for (const tag of ['', 'A'.repeat(22), randomBytes(16).toString('base64url'), '\u{1f511}']) {
      await barred({ mac: tag })
    }
  })

  test('left out, or no text', async () => {
    for (const tag of [undefined, null, 0, true, [], [header.mac], { mac: header.mac }]) {
      await barred({ mac: tag }, claims, NOT_ISSUED)
    }
  })

  test('kept, with other claims', async () => {
    for (const change of [{ oid: 'other' }, { exp: 9e9 }, { scope: 'mcp-access admin' }]) {
      await barred({}, { ...claims, ...change })
    }
  })

  test('of another token', async () => {
    const other = (await signIn(server.url)).tokens.access_token
    await barred({ mac: decode(other.split('.')[0] ?? '').mac })
  })

  test('of the same claims under another kid, key or purpose', async () => {
    const payload = encode(claims)
    const stranger = createKeyring(['another-master-key-of-forty-characters-']).current
    const tags = [
      mac(master, 'access_token', `${master.id}.XXXXXX`, payload),
      mac(master, 'access_token', payload, header.kid as string),
      mac(master, 'access_token', payload),
      mac(master, 'refresh_token', header.kid as string, payload),
      mac(stranger, 'access_token', header.kid as string, payload),
    ]
    for (const tag of tags) await barred({ mac: tag.subarray(0, 16).toString('base64url') })
  })

  test('longer, shorter, or spelt in another way', async () => {
    const whole = mac(master, 'access_token', header.kid as string, encode(claims))
    const tag = header.mac as string
    assert.equal(tag, whole.subarray(0, 16).toString('base64url'))
    const spellings = [`${tag}=`, `${tag}==`, `~${tag}`, ` ${tag}`, `${tag.slice(0, -1)}~`]
    const parts = [8, 15, 17, 32].map((size) => whole.subarray(0, size).toString('base64url'))
    for (const each of [...spellings, ...parts, twinOf(tag)]) await barred({ mac: each })
  })
})

suite('an access token whose MAC is ours', () => {
  test('is refused with another header: the signature covers it', async () => {
    const [, payload, tag] = signedIn.tokens.access_token.split('.')
    const headers = [
      encode({ ...header, 'x-note': 'hello' }),
      encode({ kid: header.kid, ...header }),
      Buffer.from(JSON.stringify(header, null, 1)).toString('base64url'),
      `${encode(header)}~`,
    ]
    for (const head of headers) await assertBarred(`${head}.${payload}.${tag}`, NOT_OURS)
  })

  test('is refused with the signature of another token', async () => {
    const [head, payload] = signedIn.tokens.access_token.split('.')
    const [, , tag] = (await signIn(server.url)).tokens.access_token.split('.')
    await assertBarred(`${head}.${payload}.${tag}`, NOT_OURS)
  })

  // What is checked last is the signature, which takes longest. So each of the others keeps
  // strangers from having it checked.
  test('is looked at before the claims, and these before the signature', async () => {
    const expired = { ...claims, exp: 1 }
    await assertBarred(jwt({ ...header, mac: 'A'.repeat(22) }, expired), NOT_OURS)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await assertBarred(ours(header, expired, privateKey), 'The access token has expired.')
    await assertBarred(ours(header, claims, privateKey), NOT_OURS)
  })
})

suite('a token that we signed, but not as an access token for this server', () => {
  test('with a critical header is refused (CVE-2026-32597)', async () => {
    for (const crit of [['exp'], ['b64'], [], null]) {
      const text = 'The access token has critical headers, which is not supported.'
      await assertBarred(ours({ ...header, crit }, claims), text)
    }
  })

  test('with a private header that is not critical passes', async () => {
    const response = await mcp(ours({ ...header, 'x-note': 'hello' }, claims))
    assert.notEqual(response.status, 401)
  })

  test('with another type is refused (RFC 9068 §4)', async () => {
    for (const typ of ['JWT', 'dpop+jwt', 'logout+jwt', '', undefined, 'AT+JWT']) {
      const text = 'The token is not an access token: its type is not at+jwt.'
      await assertBarred(ours({ ...header, typ }, claims), text)
    }
  })

  const now = Math.floor(Date.now() / 1000)
  const WRONG: readonly (readonly [string, Claims, RegExp])[] = [
    ['another issuer', { iss: 'https://evil.example' }, /issued under another address/],
    ['a list of issuers', { iss: ['http://localhost'] }, /issued under another address/],
    ['another audience', { aud: 'https://other.example/mcp' }, /is for another resource/],
    ['no audience', { aud: undefined }, /is for another resource/],
    ['a past expiry', { exp: now - 1 }, /has expired/],
    ['no expiry', { exp: undefined }, /has expired/],
    ['an expiry that is no number', { exp: 'never' }, /has expired/],
    ['a start in the future', { iat: now + 3600 }, /not valid yet/],
  ]
  for (const [name, change, text] of WRONG) {
    test(`with ${name} is refused`, async () => {
      await assertBarred(ours(header, { ...claims, ...change }), text)
    })
  }

  test('is refused from its last second on, though it was let in before', async () => {
    using clock = stopClock()
    const { client, tokens } = await signIn(server.url)
    assert.equal(await isLet({ client }, tokens.access_token), true)
    clock.forward(3599)
    assert.equal(await isLet({ client }, tokens.access_token), true)
    clock.forward(1)
    assert.equal(await isLet({ client }, tokens.access_token), false)
  })

  test('with too little scope is 403 insufficient_scope, never 401', async () => {
    const response = await mcp(ours(header, { ...claims, scope: 'other' }))
    assert.match(response.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/)
    await assertRefused(response, 403, 'insufficient_scope', /mcp-access is needed/)
  })

  test('for another server with the same key is refused (CVE-2025-69196)', async () => {
    const other = createEntrance({ ...optionsOf(), url: 'https://other.example' })
    await other.ready()
    const authorization = `Bearer ${signedIn.tokens.access_token}`
    const verdict = other.authenticate({ authorization, host: 'other.example' })
    await other.close()
    assert.ok(!verdict.isAllowed)
    assert.match(verdict.refusal.body, /issued under another address of this server/)
  })

  test('for another Entra configuration is refused, and so are code and refresh token', async () => {
    const { entra, ...options } = optionsOf()
    const clientId = '11111111-2222-4333-8444-555555555555'
    const other = createEntrance({ ...options, entra: { ...entra, clientId } })
    await other.ready()
    const { host } = new URL(server.url)
    const authorization = `Bearer ${signedIn.tokens.access_token}`
    const verdict = other.authenticate({ authorization, host })
    const post = (body: Record<string, string>) =>
      other.fetch(
        new Request(`${server.url}/token`, { method: 'POST', body: new URLSearchParams(body) }),
      )
    const { client_id, code, tokens } = signedIn
    const { refresh_token } = tokens
    const refresh = await post({ grant_type: 'refresh_token', client_id, refresh_token })
    const redemption = await post({ grant_type: 'authorization_code', client_id, code })
    await other.close()
    assert.ok(!verdict.isAllowed)
    assert.equal(verdict.refusal.status, 401)
    assert.match(verdict.refusal.body, /another Entra ID configuration of this server/)
    for (const refused of [refresh, redemption]) {
      await assertRefused(refused, 400, 'invalid_grant', /another Entra ID configuration/)
    }
  })
})

suite('one kind of token in the place of another (ts-peers row 6)', () => {
  test('a refresh token, a code or a client_id is no bearer token', async () => {
    const { tokens, code, client_id } = signedIn
    for (const token of [tokens.refresh_token, code, client_id, 'abc', 'a.b.c', '..', '.'])
      await assertBarred(token, NO_JWT)
    await assertBarred('a'.repeat(9000), 'The access token is too long to be one of ours.')
  })

  test('an access token or a code is no refresh token', async () => {
    const { client, client_id, tokens, code } = signedIn
    for (const token of [tokens.access_token, code, code.replace(/^c1/, 'r1')]) {
      const refused = await client.refresh(client_id, token)
      await assertRefused(refused, 400, 'invalid_grant', /^The refresh token is/)
    }
  })

  test('an access token or a refresh token is no code', async () => {
    const { client, authorization, tokens } = signedIn
    const { access_token, refresh_token } = tokens
    for (const token of [access_token, refresh_token, refresh_token.replace(/^r1/, 'c1')]) {
      const refused = await client.exchange(authorization, token)
      await assertRefused(refused, 400, 'invalid_grant', /^The code is/)
    }
  })
})

suite("Entra's own tokens", () => {
  test('are no bearer tokens here', async () => {
    const { access_token, id_token, refresh_token } = entraTokens
    await assertBarred(access_token as string, NOT_ISSUED)
    await assertBarred(id_token as string, NOT_ISSUED)
    await assertBarred(refresh_token as string, NO_JWT)
  })
})

suite('a bearer token that is not where it belongs (RFC 6750 §2)', () => {
  test('in the query is not looked at', async () => {
    const { access_token } = signedIn.tokens
    const response = await fetch(`${server.url}/mcp?access_token=${access_token}`)
    assert.equal(response.status, 401)
    // RFC 6750 §3.1: to a request without a token, a challenge without an error.
    assert.doesNotMatch(response.headers.get('www-authenticate') ?? '', /error/)
  })

  test('in a form is not looked at', async () => {
    const { access_token } = signedIn.tokens
    const body = new URLSearchParams({ access_token })
    const response = await fetch(`${server.url}/mcp`, { method: 'POST', body })
    assert.equal(response.status, 401)
    assert.doesNotMatch(response.headers.get('www-authenticate') ?? '', /error/)
  })

  test('in a header that is not exactly Bearer and one token is refused', async () => {
    const { access_token: token } = signedIn.tokens
    const headers = [
      ...[`Bearer ${token} ${token}`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token},x`],
      ...['Bearer', 'Bearer:', `Bearer${token}`, `Token ${token}`, `Basic ${token}`, token],
      ...[`Bearer "${token}"`, `Bearer token=${token}`, `Bearer\t${token}`],
    ]
    for (const authorization of headers) {
      const text = "The Authorization header must be 'Bearer' and one access token."
      await assertRefused(await mcp(token, { authorization }), 401, 'invalid_token', text)
    }
  })
})

function optionsOf(): EntranceOptions {
  const { tenantId, application, origin: authority } = server.emulator
  const entra = { tenantId, ...application, authority }
  return { url: server.url, secret: SECRET, store: memoryStore(), entra }
}

function mcp(token: string, headers = { authorization: `Bearer ${token}` }): Promise<Response> {
  return fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
}

async function assertBarred(token: string, text: string | RegExp): Promise<void> {
  const response = await mcp(token)
  const challenge = response.headers.get('www-authenticate') ?? ''
  const { error, error_description } = await readError(response)
  assert.deepEqual([response.status, error], [401, 'invalid_token'], token.slice(0, 80))
  assert.ok(challenge.includes(`error="${error}", error_description="${error_description}"`))
  if (typeof text === 'string') assert.equal(error_description, text)
  else assert.match(error_description, text)
}

/** The same with the MAC that the server would have made. */
function ours(head: Claims, payload: Claims, privateKey: KeyObject = key.privateKey): string {
  const tag = mac(master, 'access_token', head.kid as string, encode(payload)).subarray(0, 16)
  return jwt({ ...head, mac: tag.toString('base64url') }, payload, privateKey)
}

/** Another text of the same bytes: of 16 or 64, the last character has bits that do not count. */
function twinOf(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.slice(-1))
  return `${text.slice(0, -1)}${alphabet[last ^ 1]}`
}

/** A JWT with the server's own key, or with another. */
function jwt(head: Claims, payload: Claims, privateKey: KeyObject = key.privateKey): string {
  const input = [head, payload].map(encode).join('.')
  const signer = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  return `${input}.${sign('sha256', Buffer.from(input), signer).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Claims {
  return JSON.parse(Buffer.from(text, 'base64url').toString())
}

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import {
  base64url,
  CompactSign,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
} from 'jose'
import { assembleEntrance } from '../../src/core/entrance.ts'
import type { Entrance } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { createBrowser } from '../support/browser.ts'
import { clientDocument, startInternet, type TestInternet } from '../support/internet.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
  type TokenResponse,
} from '../support/oauth-client.ts'
import {
  assertRefused,
  basic,
  formRequest,
  type Replicas,
  startReplicas,
  stopClock,
} from './support.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ID = 'https://app.example.com/client'
const OTHER_ID = 'https://other.example.com/client'
const KEYS = 'https://app.example.com/keys'

type Pair = { publicKey: CryptoKey; privateKey: CryptoKey }

let internet: TestInternet
let replicas: Replicas
/** A second process's worth of the server, over the same store and key. */
let second: Entrance
let client: OAuthClient
let url: string
let pair: Pair
let publicJwk: JWK

before(async () => {
  internet = await startInternet()
  pair = await generateKeyPair('ES256')
  publicJwk = await exportJWK(pair.publicKey)
  for (const id of [ID, OTHER_ID]) {
    internet.publish(id, clientDocument(id, signsWith({ jwks: { keys: [publicJwk] } })))
  }
  replicas = await startReplicas({}, internet)
  url = replicas.server.url
  client = createOAuthClient(url)
  const { options, path } = replicas
  second = assembleEntrance(
    { ...options, store: sqliteStore(path), clientDocuments: 'fetch' },
    internet.fetch,
  )
})
after(async () => {
  await second.close()
  await replicas[Symbol.asyncDispose]()
  await internet.close()
})

const signsWith = (keys: object) => ({ token_endpoint_auth_method: 'private_key_jwt', ...keys })
const now = () => Math.floor(Date.now() / 1000)

const claimsOf = (id: string) => ({
  iss: id,
  sub: id,
  aud: url,
  exp: now() + 60,
  jti: crypto.randomUUID() as string,
})

type Changes = {
  header?: Partial<JWTHeaderParameters>
  claims?: Readonly<Record<string, unknown>>
  key?: CryptoKey | undefined
  id?: string
}

/** An assertion as it should be, but for what is changed; undefined leaves a claim out. */
async function sign({ header, claims, key = pair.privateKey, id = ID }: Changes = {}) {
  const payload = JSON.stringify({ ...claimsOf(id), ...claims })
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(key)
}

const proof = (client_assertion: string): Parameters => ({
  client_assertion_type: ASSERTION_TYPE,
  client_assertion,
})

/** Alice lets the client in; its code waits to be redeemed. */
async function authorize(client_id: string) {
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { account: 'Alice', until })
  return { authorization, code: codeOf(page) }
}

async function redeem({ authorization, code }: { authorization: Authorization; code: string }) {
  const answer = await client.exchange(authorization, code, proof(await sign()))
  return json<TokenResponse>(answer)
}

function unsigned(header: object, claims: object, tag = ''): string {
  const parts = [header, claims].map((part) => base64url.encode(JSON.stringify(part)))
  return [...parts, tag].join('.')
}

type Forgery = readonly [what: string, make: () => Promise<string> | string, reason: RegExp]

const EXPIRED = /^The client_assertion has expired\.$/
const AUDIENCE = /must have the issuer or the token endpoint as its only 'aud'/
const SUBJECT = /must have the client_id as both 'iss' and 'sub'/
const ALGORITHM = /is signed with another algorithm than ES256, PS256, RS256, EdDSA/
const KEY = /is not signed with one of the client's keys/

const FORGERIES: readonly Forgery[] = [
  [
    'signed by another key',
    async () => sign({ key: (await generateKeyPair('ES256')).privateKey }),
    KEY,
  ],
  [
    'signed by the right type of another algorithm',
    async () =>
      sign({ header: { alg: 'RS256' }, key: (await generateKeyPair('RS256')).privateKey }),
    KEY,
  ],
  [
    'signed by a key that it brings itself',
    async () => {
      const own = await generateKeyPair('ES256')
      return sign({ header: { jwk: await exportJWK(own.publicKey) }, key: own.privateKey })
    },
    KEY,
  ],
  ['signed by nobody (alg none)', () => unsigned({ alg: 'none' }, claimsOf(ID)), ALGORITHM],
  ['with its signature cut off', async () => (await sign()).replace(/[^.]+$/, ''), KEY],
  [
    'signed with the public key as a secret (alg confusion)',
    async () => {
      const pem = await exportSPKI(pair.publicKey)
      const input = unsigned({ alg: 'HS256' }, claimsOf(ID)).slice(0, -1)
      return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
    },
    ALGORITHM,
  ],
  [
    'with another claim put in after it was signed',
    async () => {
      const [header, , tag] = (await sign()).split('.')
      return [header, base64url.encode(JSON.stringify(claimsOf(ID))), tag].join('.')
    },
    KEY,
  ],
  ['that has expired', () => sign({ claims: { exp: now() - 1 } }), EXPIRED],
  ['that never expires', () => sign({ claims: { exp: undefined } }), /has no 'exp'/],
  ['whose exp is a text', () => sign({ claims: { exp: `${now() + 60}` } }), /has no 'exp'/],
  [
    'that is good for long',
    () => sign({ claims: { exp: now() + 3600 } }),
    /expires more than 600 seconds from now/,
  ],
  ['that is not good yet (nbf)', () => sign({ claims: { nbf: now() + 90 } }), /is not valid yet/],
  [
    'that was made in the future (iat)',
    () => sign({ claims: { iat: now() + 90 } }),
    /not valid yet/,
  ],
  ['without a jti', () => sign({ claims: { jti: undefined } }), /must have a 'jti'/],
  ['with an empty jti', () => sign({ claims: { jti: '' } }), /must have a 'jti'/],
  ['with a jti without end', () => sign({ claims: { jti: 'x'.repeat(257) } }), /must have a 'jti'/],
  ['without an audience', () => sign({ claims: { aud: undefined } }), AUDIENCE],
  ['for another server', () => sign({ claims: { aud: 'https://other.example' } }), AUDIENCE],
  ['for the MCP endpoint', () => sign({ claims: { aud: `${url}/mcp` } }), AUDIENCE],
  [
    'for this server with a slash too many',
    () => sign({ claims: { aud: `${url}//token` } }),
    AUDIENCE,
  ],
  [
    'for this server and another, who could pass it on',
    () => sign({ claims: { aud: [url, 'https://other.example'] } }),
    AUDIENCE,
  ],
  ['of another issuer', () => sign({ claims: { iss: OTHER_ID } }), SUBJECT],
  ['without an issuer', () => sign({ claims: { iss: undefined } }), SUBJECT],
  ['that is another kind of token', () => sign({ header: { typ: 'at+jwt' } }), /'typ' that is not/],
  [
    'with a critical header',
    () => unsigned({ alg: 'ES256', crit: ['b64'], b64: true }, claimsOf(ID), 'x'),
    /has critical headers/,
  ],
  ['that is no JWT', () => 'x', /is not a signed JWT/],
  ['that is encrypted', () => 'a.b.c.d.e', /is not a signed JWT/],
  ['without end', () => 'x'.repeat(8193), /is longer than 8192 characters/],
  ['of nobody', () => sign({ claims: { sub: undefined } }), /has no 'sub'/],
]

suite('a client_assertion', () => {
  let waiting: Awaited<ReturnType<typeof authorize>>
  before(async () => {
    waiting = await authorize(ID)
  })

  for (const [what, make, reason] of FORGERIES) {
    test(`${what} gets no token and revokes none`, async () => {
      const { authorization, code } = waiting
      const forged = proof(await make())
      const refused = await client.exchange(authorization, code, {
        ...forged,
        client_id: undefined,
      })
      await assertRefused(refused, 401, 'invalid_client', reason)
      const revoked = await client.revoke({ token: code, ...forged })
      await assertRefused(revoked, 401, 'invalid_client', reason)
    })
  }

  test('as it should be does, after all of that', async () => {
    assert.ok((await redeem(waiting)).access_token)
  })

  test('may name the server by any of its names, or by its token endpoint', async () => {
    const alias = url.replace('localhost', '127.0.0.1')
    for (const aud of [url, `${url}/token`, [url], alias, `${alias}/token`]) {
      const waiting = await authorize(ID)
      const given = proof(await sign({ claims: { aud } }))
      const answer = await client.exchange(waiting.authorization, waiting.code, given)
      assert.equal(answer.status, 200, String(aud))
    }
  })

  test('is none of another client’s', async () => {
    const { authorization, code } = await authorize(ID)
    const others = proof(await sign({ id: OTHER_ID }))
    const named = await client.exchange(authorization, code, others)
    await assertRefused(named, 401, 'invalid_client', /another client's: see its 'sub'/)
    const unnamed = await client.exchange(authorization, code, { ...others, client_id: undefined })
    await assertRefused(unnamed, 400, 'invalid_grant', /was given to another client/)
  })

  test('needs its type, and stands alone', async () => {
    const { authorization, code } = await authorize(ID)
    const given = proof(await sign())
    for (const [change, reason] of [
      [{ client_assertion_type: undefined }, /goes with the client_assertion_type/],
      [{ client_assertion: undefined }, /goes with the client_assertion_type/],
      [{ client_assertion_type: 'saml2-bearer' }, /goes with the client_assertion_type/],
      [{ client_secret: 'x' }, /Use one way to authenticate/],
    ] as const) {
      const refused = await client.exchange(authorization, code, { ...given, ...change })
      await assertRefused(refused, 400, 'invalid_request', reason)
    }
    const { code_verifier, redirect_uri } = authorization
    const sent = { grant_type: 'authorization_code', code, code_verifier, redirect_uri, ...given }
    const both = await client.token(sent, basic(ID, 'x'))
    await assertRefused(both, 400, 'invalid_request', /Use one way to authenticate/)
  })
})

suite('a client_assertion that was used', () => {
  const USED = /has been used before; sign a new one for each request/

  test('is not taken again, whether for the same or for something else', async () => {
    const { authorization, code } = await authorize(ID)
    const given = proof(await sign())
    const tokens = await json<TokenResponse>(await client.exchange(authorization, code, given))
    const refresh = await client.refresh(ID, tokens.refresh_token, given)
    await assertRefused(refresh, 401, 'invalid_client', USED)
    const revoke = await client.revoke({ token: tokens.refresh_token, ...given })
    await assertRefused(revoke, 401, 'invalid_client', USED)
    const fresh = await client.refresh(ID, tokens.refresh_token, proof(await sign()))
    assert.equal(fresh.status, 200)
  })

  test('is not taken by a second replica either (W33)', async () => {
    const { authorization, code } = await authorize(ID)
    const given = proof(await sign())
    const tokens = await json<TokenResponse>(await client.exchange(authorization, code, given))
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const again = await second.fetch(formRequest(`${url}/token`, { ...refresh, ...given }))
    await assertRefused(again, 401, 'invalid_client', USED)
    const other = { ...refresh, ...proof(await sign()) }
    assert.equal((await second.fetch(formRequest(`${url}/token`, other))).status, 200)
  })

  test('is taken once by two replicas that get it at the same moment', async () => {
    const tokens = await redeem(await authorize(ID))
    const given = proof(await sign())
    const parameters = {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...given,
    }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? second : replicas.server.entrance).fetch(
          formRequest(`${url}/token`, parameters),
        ),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array(9).fill(401)])
  })

  test('is not taken again until it has expired, and then for that reason', async () => {
    using clock = stopClock()
    const tokens = await redeem(await authorize(ID))
    const given = proof(await sign({ claims: { exp: now() + 600 } }))
    await json(await client.refresh(ID, tokens.refresh_token, given))
    clock.forward(599)
    const late = await client.refresh(ID, tokens.refresh_token, given)
    await assertRefused(late, 401, 'invalid_client', USED)
    clock.forward(2)
    const expired = await client.refresh(ID, tokens.refresh_token, given)
    await assertRefused(expired, 401, 'invalid_client', EXPIRED)
  })

  test('stands in nobody’s way who uses the same jti', async () => {
    const jti = 'the same'
    for (const id of [ID, OTHER_ID]) {
      const { authorization, code } = await authorize(id)
      const given = proof(await sign({ id, claims: { jti } }))
      assert.equal((await client.exchange(authorization, code, given)).status, 200, id)
    }
  })
})

test('a known copy that names no keys lets nobody in who has stolen what the keys were needed for', async () => {
  const id = 'https://chatgpt.com/oauth/client.json'
  const redirect_uri = 'https://chatgpt.com/connector_platform_oauth_redirect'
  const signing = signsWith({ jwks: { keys: [publicJwk] } })
  internet.publish(id, clientDocument(id, { ...signing, redirect_uris: [redirect_uri] }))
  const authorization = client.authorization(id, { redirect_uri })
  const signIn = async () => {
    const page = await createBrowser().signIn(authorization.url, { until: redirect_uri })
    return { authorization, code: codeOf(page) }
  }
  const stolen = await signIn()
  const { authorization: own, code } = await signIn()
  const tokens = await json<TokenResponse>(
    await client.exchange(own, code, proof(await sign({ id }))),
  )
  // After a restart the host answers with nothing but errors, or nothing is fetched at all.
  internet.answer(id, (_request, response) => response.writeHead(502).end())
  for (const clientDocuments of ['fetch', 'pinned'] as const) {
    const { options, path } = replicas
    const later = assembleEntrance(
      { ...options, store: sqliteStore(path), clientDocuments },
      internet.fetch,
    )
    const post = (parameters: Parameters) =>
      later.fetch(formRequest(`${url}/token`, { client_id: id, ...parameters }))
    const { refresh_token } = tokens
    const refreshed = await post({ grant_type: 'refresh_token', refresh_token })
    await assertRefused(refreshed, 400, 'invalid_grant', /had to authenticate when/)
    // The client itself, which signs, is told to come again, and throws nothing away.
    const signed = await post({
      ...{ grant_type: 'refresh_token', refresh_token },
      ...proof(await sign({ id })),
    })
    await assertRefused(signed, 503, 'temporarily_unavailable', /keys cannot be had/)
    const { code_verifier } = stolen.authorization
    const form = { grant_type: 'authorization_code', code: stolen.code, code_verifier }
    await assertRefused(await post(form), 400, 'invalid_grant', /had to authenticate when/)
    await later.close()
  }
  // Nothing was used up.
  const renewed = await client.refresh(id, tokens.refresh_token, proof(await sign({ id })))
  assert.equal(renewed.status, 200)
})

test('assertions of a stranger, with nothing to redeem, leave nothing in the store', async () => {
  const db = new DatabaseSync(replicas.path, { readOnly: true })
  const count = () => db.prepare('SELECT count(*) AS n FROM records').get()?.n
  const before = count()
  for (let n = 0; n < 20; n++) {
    const refused = await client.refresh(ID, 'x', proof(await sign()))
    await assertRefused(refused, 400, 'invalid_grant', /./)
    const revoked = await client.revoke({ token: 'x', ...proof(await sign()) })
    assert.equal(revoked.status, 200)
  }
  assert.equal(count(), before)
  db.close()
})

suite('a client that registered private_key_jwt', () => {
  const register = (more: object) => client.register(signsWith(more))

  test('has no secret, and gets in with nothing but an assertion', async () => {
    internet.publish(KEYS, { keys: [publicJwk] })
    const registered = await json<Record<string, string>>(await register({ jwks_uri: KEYS }))
    assert.equal(registered.client_secret, undefined)
    assert.equal(registered.jwks_uri, KEYS)
    const id = registered.client_id as string
    const again = await json<Record<string, string>>(await register({ jwks_uri: KEYS }))
    assert.equal(again.client_id, id)

    const { authorization, code } = await authorize(id)
    const must = /must authenticate with a client_assertion \(private_key_jwt\)/
    await assertRefused(await client.exchange(authorization, code), 401, 'invalid_client', must)
    const secret = { client_secret: 'x' }
    const form = await client.exchange(authorization, code, secret)
    await assertRefused(form, 401, 'invalid_client', must)
    const sent = { grant_type: 'authorization_code', code }
    await assertRefused(await client.token(sent, basic(id, 'x')), 401, 'invalid_client', must)
    const given = proof(await sign({ id }))
    assert.equal((await client.exchange(authorization, code, given)).status, 200)
  })

  test('cannot bring its keys along, or have them fetched from inside', async () => {
    for (const [more, reason] of [
      [{}, /private_key_jwt needs a jwks_uri/],
      [{ jwks: { keys: [publicJwk] } }, /private_key_jwt needs a jwks_uri/],
      [{ jwks: { keys: [publicJwk] }, jwks_uri: KEYS }, /jwks itself cannot be registered/],
      [{ jwks_uri: 'http://app.example.com/keys' }, /is not an https URL/],
      [{ jwks_uri: 'https://127.0.0.1/keys' }, /has an IP address for its host/],
      [{ jwks_uri: 'https://localhost/keys' }, /not on the public internet/],
      [{ jwks_uri: 'https://app.example.com:8080/keys' }, /has a port/],
      [{ jwks_uri: 7 }, /needs a jwks_uri/],
    ] as const) {
      await assertRefused(await register(more), 400, 'invalid_client_metadata', reason)
    }
  })

  test('may exchange its keys: one that is not known yet is looked for, twice a minute at most', async () => {
    using clock = stopClock()
    const uri = 'https://rotating.example.com/keys'
    const next = await generateKeyPair('EdDSA')
    const nextJwk = { ...(await exportJWK(next.publicKey)), kid: 'next' }
    const published = [{ ...publicJwk, kid: 'first' }, nextJwk]
    internet.publish(uri, { keys: published.slice(0, 1) })
    const { client_id: id } = await json<{ client_id: string }>(await register({ jwks_uri: uri }))
    const asNext = () => sign({ id, key: next.privateKey, header: { alg: 'EdDSA', kid: 'next' } })
    const waiting = await authorize(id)
    const ask = async (assertion: string) =>
      client.exchange(waiting.authorization, waiting.code, proof(assertion))

    for (let n = 0; n < 5; n++) {
      await assertRefused(await ask(await asNext()), 401, 'invalid_client', KEY)
    }
    assert.equal(internet.count('rotating.example.com'), 1)
    internet.publish(uri, { keys: published })
    clock.forward(30)
    assert.equal((await ask(await asNext())).status, 200)
    assert.equal(internet.count('rotating.example.com'), 2)
  })

  for (const alg of ['ES256', 'PS256', 'RS256', 'EdDSA']) {
    test(`may sign with ${alg}, also where none of its keys has a name`, async () => {
      const uri = `https://${alg.toLowerCase()}.example.com/keys`
      const pairs = [await generateKeyPair(alg), await generateKeyPair(alg)]
      const keys = await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)))
      internet.publish(uri, { keys })
      const { client_id: id } = await json<{ client_id: string }>(await register({ jwks_uri: uri }))
      for (const { privateKey: key } of pairs) {
        const { authorization, code } = await authorize(id)
        const given = proof(await sign({ id, key, header: { alg } }))
        assert.equal((await client.exchange(authorization, code, given)).status, 200)
      }
    })
  }

  test('whose keys cannot be had for the moment is told to come again', async () => {
    const uri = 'https://away.example.com/keys'
    internet.answer(uri, (_, response) => void response.writeHead(502).end())
    const { client_id: id } = await json<{ client_id: string }>(await register({ jwks_uri: uri }))
    const { authorization, code } = await authorize(id)
    const given = proof(await sign({ id }))
    const refused = await client.exchange(authorization, code, given)
    const reason = /jwks_uri, 'https:\/\/away\.example\.com\/keys' cannot be used: .* status 502/
    await assertRefused(refused, 503, 'temporarily_unavailable', reason)
    assert.equal(refused.headers.get('retry-after'), '30')
  })
})

test('a client that registered another method cannot use an assertion', async () => {
  for (const [token_endpoint_auth_method, reason] of [
    ['none', /This client is public/],
    ['client_secret_basic', /must authenticate with its client_secret/],
    ['client_secret_post', /must authenticate with its client_secret/],
  ] as const) {
    const metadata = { token_endpoint_auth_method, jwks_uri: KEYS }
    const { client_id: id } = await json<{ client_id: string }>(await client.register(metadata))
    const refused = await client.refresh(id, 'x', proof(await sign({ id })))
    await assertRefused(refused, 401, 'invalid_client', reason)
  }
})

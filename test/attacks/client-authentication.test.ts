import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  type Parameters,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { assertRefused, basic } from './support.ts'

let server: RunningEntrance
let client: OAuthClient
before(async () => {
  server = await startEntrance()
  client = createOAuthClient(server.url)
})
after(() => server.stop())

type Registered = { client_id: string; client_secret: string }

type Attempt = {
  parameters?: (registered: Registered) => Parameters
  headers?: (registered: Registered) => { authorization: string }
  status?: number
  error?: string
  description: RegExp
}

const WRONG = /^The client_secret is not the one given at registration\.$/
const MUST = /^This client must authenticate with its client_secret/
const BASIC = /^The Authorization header must be: Basic base64/

/** Everything that is not the secret. */
const ATTEMPTS: ReadonlyMap<string, Attempt> = new Map<string, Attempt>([
  ['no secret', { parameters: ({ client_id }) => ({ client_id }), description: MUST }],
  [
    'an empty secret in the form',
    { parameters: ({ client_id }) => ({ client_id, client_secret: '' }), description: MUST },
  ],
  [
    'an empty secret in the header',
    { headers: ({ client_id }) => basic(client_id, ''), description: WRONG },
  ],
  [
    'a secret without end in the header',
    {
      headers: ({ client_id }) => basic(client_id, 'x'.repeat(8 * 1024)),
      description: /^The Authorization header is longer than 8192 characters\.$/,
    },
  ],
  [
    'a wrong secret in the form',
    { parameters: ({ client_id }) => ({ client_id, client_secret: 'wrong' }), description: WRONG },
  ],
  [
    'a wrong secret in the header',
    { headers: ({ client_id }) => basic(client_id, 'wrong'), description: WRONG },
  ],
  [
    'the secret but for its last character',
    {
      headers: ({ client_id, client_secret }) => basic(client_id, client_secret.slice(0, -1)),
      description: WRONG,
    },
  ],
  [
    'the secret and one character more',
    {
      headers: ({ client_id, client_secret }) => basic(client_id, `${client_secret}=`),
      description: WRONG,
    },
  ],
  [
    'the client_id as secret',
    { headers: ({ client_id }) => basic(client_id, client_id), description: WRONG },
  ],
  [
    'no colon in the header',
    {
      headers: ({ client_id }) => ({ authorization: `Basic ${btoa(client_id)}` }),
      description: BASIC,
    },
  ],
  [
    'a Bearer token in place of the secret',
    {
      headers: () => ({ authorization: 'Bearer abc' }),
      parameters: ({ client_id }) => ({ client_id }),
      description: BASIC,
    },
  ],
  [
    'a header that says nothing, beside the client_id in the form',
    {
      headers: () => ({ authorization: 'Basic ' }),
      parameters: ({ client_id }) => ({ client_id }),
      description: BASIC,
    },
  ],
  [
    'the secret in both places, one of them wrong',
    {
      headers: ({ client_id, client_secret }) => basic(client_id, client_secret),
      parameters: () => ({ client_secret: 'wrong' }),
      status: 400,
      error: 'invalid_request',
      description: /not both/,
    },
  ],
  [
    'another client_id in the form than in the header',
    {
      headers: ({ client_id, client_secret }) => basic(client_id, client_secret),
      parameters: () => ({ client_id: 'other' }),
      status: 400,
      error: 'invalid_request',
      description: /not both/,
    },
  ],
])

const BASIC_METHOD = 'client_secret_basic'
const POST_METHOD = 'client_secret_post'

for (const method of [undefined, BASIC_METHOD, POST_METHOD]) {
  suite(`a confidential client (${method ?? 'that named no method'})`, () => {
    const metadata = { token_endpoint_auth_method: method, client_name: String(method) }
    /** The secret where this client has to put it. */
    const proof = ({ client_id, client_secret }: Registered) =>
      method === POST_METHOD
        ? { parameters: { client_id, client_secret }, headers: {} }
        : { parameters: {}, headers: basic(client_id, client_secret) }
    const isElsewhere = (headers: object) =>
      method !== undefined && ('authorization' in headers ? BASIC_METHOD : POST_METHOD) !== method

    let registered: Registered
    let pending: { authorization: Authorization; code: string }
    before(async () => {
      registered = await json<Registered>(await client.register(metadata))
      pending = await authorize(registered.client_id)
    })

    for (const [name, attempt] of ATTEMPTS) {
      test(`gets no token with ${name} (ts-peers row 3)`, async () => {
        const { status = 401, error = 'invalid_client' } = attempt
        const sent = {
          ...{ client_id: undefined },
          ...attempt.parameters?.(registered),
        }
        const headers = attempt.headers?.(registered) ?? {}
        const isMisplaced = attempt.description === WRONG && isElsewhere(headers)
        const description = isMisplaced ? MUST : attempt.description
        const { code_verifier, redirect_uri } = pending.authorization
        const { code } = pending
        const redemption = { grant_type: 'authorization_code', code, code_verifier, redirect_uri }
        const refresh = { grant_type: 'refresh_token', refresh_token: 'whatever' }
        for (const parameters of [redemption, refresh]) {
          const refused = await client.token({ ...parameters, ...sent }, headers)
          await assertRefused(refused, status, error, description)
        }
        const revoked = await client.revoke({ token: 'whatever', ...sent }, headers)
        await assertRefused(revoked, status, error, description)
      })
    }

    test('gets its tokens with the secret after all that: nothing was used up', async () => {
      const { parameters, headers } = proof(registered)
      const { code_verifier } = pending.authorization
      const redemption = { grant_type: 'authorization_code', code: pending.code, code_verifier }
      const answer = await client.token({ ...redemption, ...parameters }, headers)
      const { refresh_token } = await json<TokenResponse>(answer)
      const refresh = { grant_type: 'refresh_token', refresh_token }
      const again = await client.token({ ...refresh, ...parameters }, headers)
      assert.equal(again.status, 200)
    })

    test('is not its own twin: the secret of one does not open the other', async () => {
      const twin = await json<Registered>(await client.register(metadata))
      assert.notEqual(twin.client_id, registered.client_id)
      const { client_id } = registered
      const { parameters, headers } = proof({ client_id, client_secret: twin.client_secret })
      const refresh = { grant_type: 'refresh_token', refresh_token: 'x', ...parameters }
      const refused = await client.token(refresh, headers)
      await assertRefused(refused, 401, 'invalid_client', WRONG)
      const challenge = refused.headers.get('www-authenticate') ?? ''
      assert.equal(challenge.startsWith('Basic '), method !== POST_METHOD)
    })

    test('may send its secret the other way only if it named none', async () => {
      const { client_id, client_secret } = registered
      const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
      const header = await client.token(refresh, basic(client_id, client_secret))
      const form = await client.token({ ...refresh, client_id, client_secret })
      for (const [answer, own] of [
        [header, BASIC_METHOD],
        [form, POST_METHOD],
      ] as const) {
        // The refresh token is what is wrong, once the client is known.
        if (own === (method ?? own)) await assertRefused(answer, 400, 'invalid_grant', /./)
        else await assertRefused(answer, 401, 'invalid_client', MUST)
      }
    })
  })
}

suite('a public client', () => {
  test('cannot pretend to have a secret', async () => {
    const { client_id } = await json<Registered>(await client.register())
    const parameters = { grant_type: 'refresh_token', refresh_token: 'x' }
    const text = /^This client is public \(token_endpoint_auth_method none\)/
    const form = await client.token({ ...parameters, client_id, client_secret: 'x' })
    await assertRefused(form, 401, 'invalid_client', text)
    const header = await client.token(parameters, basic(client_id, 'x'))
    await assertRefused(header, 401, 'invalid_client', text)
  })

  test('gets no secret, and its id says none (RFC 7591 §3.2.1)', async () => {
    const body = await json<Record<string, unknown>>(await client.register())
    assert.equal('client_secret' in body, false)
    assert.equal(body.token_endpoint_auth_method, 'none')
  })
})

suite('a client that nobody registered', () => {
  const strangers = ['nobody', 'e1', 'e1...', '../../etc/passwd', '__proto__', 'constructor']

  test("and the Entra application's own id are not registered here (fastmcp W16)", async () => {
    for (const client_id of [...strangers, server.emulator.application.clientId]) {
      const refused = await client.token({ grant_type: 'refresh_token', client_id })
      await assertRefused(refused, 401, 'invalid_client', /^No client with this client_id/)
      const { url } = client.authorization(client_id)
      const answer = await fetch(url, { redirect: 'manual' })
      await assertRefused(answer, 400, 'invalid_client', /^No client with this client_id/)
    }
  })

  test('of another server with another key is not registered here', async () => {
    await using other = await startEntrance({ emulator: server.emulator })
    const { client_id } = await json<Registered>(await createOAuthClient(other.url).register())
    const answer = await fetch(client.authorization(client_id).url, { redirect: 'manual' })
    await assertRefused(answer, 400, 'invalid_client', /^No client with this client_id/)
  })
})

async function authorize(client_id: string) {
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const page = await createBrowser().signIn(authorization.url, { until })
  return { authorization, code: codeOf(page) }
}

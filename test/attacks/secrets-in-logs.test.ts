import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  type OAuthClient,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, locationOf, showConsent, withCookies } from './consent-form.ts'
import { type Claims, createDetour, type Detour } from './detour.ts'
import { basic, readError } from './support.ts'

const SECRET = randomBytes(32).toString('base64url')

let server: RunningEntrance
let client: OAuthClient
let detour: Detour
let isStoreAway = false
/** Whatever must never be written down, by what it is. */
const secrets = new Map<string, string>()
/** Every error that somebody was given. */
const errors: string[] = []
const warnings: string[] = []
const onWarning = (warning: Error) => void warnings.push(warning.stack ?? warning.message)

before(async () => {
  process.on('warning', onWarning)
  detour = createDetour()
  detour.intercept = keepEntraTokens
  server = await startEntrance({
    entrance: { fetch: detour.fetch, secret: SECRET, store: leavingStore() },
  })
  client = createOAuthClient(server.url)
  keep('master key', SECRET)
  keep("Entra's client secret", server.emulator.application.clientSecret)
})
after(() => {
  process.off('warning', onWarning)
  return server.stop()
})

suite('what goes on while people sign in, rightly and wrongly', () => {
  test('a whole sign-in of a confidential client, refreshed and revoked', async () => {
    const metadata = { token_endpoint_auth_method: 'client_secret_basic' }
    const registered = await json<{ client_id: string; client_secret: string }>(
      await client.register(metadata),
    )
    const { client_id, client_secret } = registered
    keep('client secret', client_secret)
    const authorization = client.authorization(client_id)
    keep('verifier', authorization.code_verifier)
    keep('state', authorization.state)
    const shown = await showConsent(authorization.url)
    keep('form token', shown.fields.form_token)
    keep('sealed request', shown.fields.request)
    const browser = createBrowser()
    const until = authorization.redirect_uri
    const code = codeOf(await browser.signIn(authorization.url, { until }))
    keep('code', code)
    for (const { name, value } of browser.cookies.all()) keep(`cookie ${name}`, value)
    const headers = basic(client_id, client_secret)
    const { redirect_uri, code_verifier } = authorization
    const redemption = { grant_type: 'authorization_code', code, redirect_uri, code_verifier }
    const tokens = keepTokens(await json(await client.token(redemption, headers)))
    const { refresh_token } = tokens
    const refresh = { grant_type: 'refresh_token', refresh_token }
    const renewed = keepTokens(await json(await client.token(refresh, headers)))
    await client.mcp(renewed.access_token, { method: 'ping' })
    await note(await client.token({ ...refresh, refresh_token: code }, headers))
    await note(await client.token(redemption, basic(client_id, `${client_secret}x`)))
    await note(await client.token(redemption, headers))
    assert.equal((await client.revoke({ token: refresh_token }, headers)).status, 200)
    await note(await client.token(refresh, headers))
    await note(await client.mcp(renewed.access_token, { method: 'ping' }))
  })

  test('a code that fails at its proof, and tokens that are nonsense', async () => {
    const { authorization, code, tokens, client_id } = await signIn(server.url)
    keepTokens(tokens)
    keep('replayed code', code)
    await note(await client.exchange(authorization, code))
    await note(await client.refresh(client_id, tokens.refresh_token))
    await note(await client.exchange(authorization, `${code}x`))
    await note(await client.exchange(authorization, code, { [tokens.refresh_token]: 'x' }))
    await note(await client.mcp(`${tokens.access_token}x`, { method: 'ping' }))
    await note(await client.refresh(client_id, tokens.access_token))
    await note(await client.exchange(authorization, code, { grant_type: tokens.access_token }))
  })

  test('a callback that is refused, and one whose address is wrong', async () => {
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const shown = await showConsent(client.authorization(client_id).url)
    const allowed = await answerConsent(shown)
    const entra = locationOf(allowed).searchParams
    for (const name of ['state', 'nonce', 'code_challenge']) {
      keep(`Entra's ${name}`, entra.get(name) ?? '')
    }
    const cookie = withCookies(shown.cookie, allowed)
    for (const pair of cookie.split('; ')) keep('cookie by hand', pair.split('=')[1])
    const state = entra.get('state') ?? ''
    const code = randomBytes(20).toString('hex')
    keep('a code by hand', code)
    for (const query of [
      { state },
      { state: `${state}x`, code },
      { state, code, [code]: state },
      { state, code },
    ]) {
      const url = `${server.url}/auth/callback?${new URLSearchParams(query)}`
      await note(await fetch(url, { headers: { cookie }, redirect: 'manual' }))
    }
    await note(await answerConsent(shown, { cookie: '' }))
    await note(await answerConsent(shown, { fields: { action: shown.fields.form_token } }))
  })

  test('Entra away, Entra refusing, and the store away', async () => {
    const { client_id, tokens, authorization, code } = await signIn(server.url)
    keepTokens(tokens)
    keep('code of a bad day', code)
    detour.intercept = async ({ pathname }, go) => {
      if (pathname.endsWith('/token')) throw new TypeError(`fetch failed: ${SECRET}`)
      return go()
    }
    await note(await client.refresh(client_id, tokens.refresh_token))
    detour.intercept = keepEntraTokens
    isStoreAway = true
    await note(await client.refresh(client_id, tokens.refresh_token))
    await note(await client.exchange(authorization, code))
    await note(await client.revoke({ client_id, token: tokens.access_token }))
    isStoreAway = false
    for (const user of server.emulator.directory.users) user.sessionsValidFrom = Date.now() + 1000
    await note(await client.refresh(client_id, tokens.refresh_token))
    for (const user of server.emulator.directory.users) user.sessionsValidFrom = 0
  })

  test('tells all of that in the log, and none of it with a secret', () => {
    const seen = new Set(server.logs.map(({ event }) => event))
    for (const event of EVENTS) assert.ok(seen.has(event), `${event} of ${[...seen].join(' ')}`)
    for (const { endpoint, params } of server.emulator.seen) {
      for (const name of ['code', 'refresh_token', 'code_verifier', 'state', 'nonce'])
        keep(`${name} at Entra's ${endpoint}`, params.get(name) ?? undefined)
    }
    assert.ok(secrets.size > 50, `${secrets.size} secrets`)
    const written = [...server.logs.map((event) => JSON.stringify(event)), ...warnings]
    for (const [what, secret] of secrets) {
      const line = written.find((text) => text.includes(secret))
      assert.equal(line, undefined, `${what} in the log`)
    }
  })

  test('and none of it with a secret in an error that somebody is given', () => {
    assert.ok(errors.length > 20, `${errors.length} errors`)
    for (const [what, secret] of secrets) {
      // The page shows the request again to the browser that sent it.
      if (/^(sealed request|state) /.test(what)) continue
      const error = errors.find((text) => text.includes(secret))
      assert.equal(error, undefined, `${what} in ${error}`)
    }
  })
})

suite('a secret in the place of something else', () => {
  test('is not written down with the refusal', async () => {
    const { client_id, tokens, code, authorization } = await signIn(server.url)
    const { code_verifier } = authorization
    const misplaced = [tokens.access_token, tokens.refresh_token, code, code_verifier]
    const known = server.logs.length
    for (const secret of misplaced) {
      for (const name of ['redirect_uri', 'resource', 'scope', 'response_type', secret]) {
        await fetch(client.authorization(client_id, { [name]: secret }).url, { redirect: 'manual' })
        await client.refresh(client_id, tokens.refresh_token, { [name]: secret })
      }
      await client.token({ grant_type: secret, client_id })
      await client.register({
        client_name: secret,
        redirect_uris: [`https://ok.example/${secret}`],
      })
    }
    const written = JSON.stringify(server.logs.slice(known))
    assert.match(written, /request\.refused/)
    assert.match(written, /client\.registered/)
    for (const secret of misplaced) assert.equal(written.includes(secret), false)
    // The part of each that is the secret, too.
    for (const secret of misplaced) {
      const last = secret.split('.').at(-1) as string
      assert.equal(written.includes(last), false)
    }
  })
})

const EVENTS = [
  ...['client.registered', 'authorize.accepted', 'consent.shown', 'consent.allowed'],
  ...['entra.signed-in', 'token.issued', 'grant.revoked', 'entra.refused'],
  ...['refresh.refused-by-entra', 'store.unreachable'],
]

function keep(what: string, secret: string | undefined): void {
  // Whatever is shorter is no secret, and would be found by chance.
  if (secret !== undefined && secret.length >= 16) secrets.set(`${what} ${secrets.size}`, secret)
}

function keepTokens(tokens: TokenResponse): TokenResponse {
  keep('access token', tokens.access_token)
  keep("access token's signature", tokens.access_token.split('.')[2])
  keep('refresh token', tokens.refresh_token)
  keep("refresh token's tag", tokens.refresh_token.split('.').at(-1))
  return tokens
}

async function keepEntraTokens({ pathname }: URL, go: () => Promise<Response>): Promise<Response> {
  const response = await go()
  if (!pathname.endsWith('/token')) return response
  const given = (await response.clone().json()) as Claims
  for (const name of ['access_token', 'id_token', 'refresh_token']) {
    keep(`Entra's ${name}`, given[name] as string | undefined)
  }
  return response
}

/** Takes down an error, which it has to be. */
async function note(response: Response): Promise<void> {
  assert.ok(response.status >= 400, `status ${response.status}`)
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  if (isJson) await readError(response.clone())
  const headers = [...response.headers].map((pair) => pair.join(': ')).join('\n')
  errors.push(`${headers}\n${await response.text()}`)
}

/** A store that says a secret when it fails, as drivers do. */
function leavingStore(): Store {
  const inner = memoryStore()
  return {
    ...inner,
    async get(key) {
      if (isStoreAway) throw new Error(`connect postgres://user:${SECRET}@host failed`)
      return inner.get(key)
    },
  }
}

import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ASSERTION_TYPE } from '../../src/core/clients/client-assertion.ts'
import { createExpensesServer, sqliteExpenseStore } from '../../src/expenses/server.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { parseForms } from '../support/forms.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  REDIRECT_URI,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { leaveLog } from '../support/secrets.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'
import { answerConsent, locationOf, showConsent, withCookies } from './consent-form.ts'
import {
  type ArtefactName,
  type Artefacts,
  bodyText,
  type FuzzRequest,
  generate,
  targetOf,
} from './fuzz-grammar.ts'
import { createRandom } from './malformed-requests.ts'

/** A guarded server to be asked in this process, without a connection. */
export type FuzzTarget = AsyncDisposable & {
  readonly server: RunningEntrance
  /** Asks it; undefined for what is no request at all, so that no sender could make it. */
  ask(request: FuzzRequest): Promise<FuzzAnswer | undefined>
  /** Whatever may be in no answer but the one that issues it. */
  readonly secrets: ReadonlySet<string>
  /** What it wanted to fetch of strangers; nobody is asked. */
  readonly fetched: readonly string[]
  /** What its client that signs signs with. */
  readonly signingKey: CryptoKey
}

export type FuzzAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** Milliseconds. */
  readonly time: number
}

/** So many requests share what is genuine: good ones use it up. */
export const BATCH = 1000

/** Starts what is to be asked. */
export async function startFuzzTarget(secret: string): Promise<FuzzTarget> {
  const fetched: string[] = []
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const server = await startEntrance({
    entrance: {
      secret,
      clients: [{ ...SIGNER, jwks: { keys: [await exportJWK(publicKey)] } }],
      consent: 'remember',
      // As it is by default on this machine.
      clientDocuments: 'pinned',
      trustedProxyHops: 2,
    },
    internet: {
      async fetch({ href }) {
        fetched.push(href)
        return { is: 'failed', fault: 'nobody is asked', isTransient: false }
      },
    },
  })
  leaveLog(server.logs)
  const expenses = sqliteExpenseStore(':memory:')
  const mcp = createExpensesServer({ expenses })
  const handle = server.entrance.protect(mcp.fetch)
  return {
    server,
    fetched,
    signingKey: privateKey,
    secrets: new Set([secret, server.emulator.application.clientSecret]),
    async ask(request) {
      const asked = toRequest(server.url, request)
      if (!asked) return undefined
      const start = performance.now()
      const { status, headers, ...response } = await read(handle(asked))
      return { status, headers, ...response, time: performance.now() - start }
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      await mcp.close()
      await expenses.close()
    },
  }
}

async function read(answer: Promise<Response>) {
  const response = await answer
  return { status: response.status, headers: response.headers, body: await response.text() }
}

/** The requests of one batch: the same for the same seed and number. */
export function* requestsOf(
  seed: number,
  batch: number,
  artefacts: Artefacts,
): Generator<FuzzRequest> {
  const random = createRandom(seed + batch * 7919)
  for (let i = 0; i < BATCH; i++) yield generate(random, artefacts)
}

/** A client that the configuration names. */
const SIGNER = {
  client_id: 'signer',
  client_name: 'Signer',
  redirect_uris: [REDIRECT_URI],
  token_endpoint_auth_method: 'private_key_jwt',
} as const

/** An assertion: good for ten minutes, and for one request about a grant that there is. */
async function sign(url: string, key: CryptoKey): Promise<string> {
  const { client_id } = SIGNER
  return new SignJWT({ iss: client_id, sub: client_id, aud: url, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256' })
    .setExpirationTime('10 minutes')
    .sign(key)
}

/** The client that signs, signed in. */
async function signInSigner(url: string, key: CryptoKey, browser: Browser): Promise<TokenResponse> {
  const client = createOAuthClient(url)
  const authorization = client.authorization(SIGNER.client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await browser.signIn(authorization.url, { account: 'Bob', until }))
  const proof = { client_assertion_type: ASSERTION_TYPE, client_assertion: await sign(url, key) }
  return json<TokenResponse>(await client.exchange(authorization, code, proof))
}

/** A person's own page in a browser with these cookies: what its first form has in it. */
async function showApps(url: string, cookie: string): Promise<ReadonlyMap<string, string>> {
  const answer = await fetch(`${url}/auth/apps`, { headers: { cookie } })
  const forms = parseForms(await answer.text(), new URL(answer.url))
  const form = forms.find(({ fields }) => fields.some(([name]) => name === 'application'))
  return new Map(form?.fields)
}

/** Signs in anew, each time to another stage: what is genuine at each of them. */
export async function makeArtefacts({ server, signingKey }: FuzzTarget): Promise<Artefacts> {
  const { url } = server
  const signedIn = await signIn(url)
  // What is done with the other's refresh token and code leaves this one as it is.
  const { tokens } = await signIn(url)
  // Another person: what they end of their own leaves the rest as it is.
  const { browser: bobs } = await signIn(url, { account: 'Bob' })
  const signed = await signInSigner(url, signingKey, bobs)
  const cookie = bobs.cookies.header(new URL(url), { method: 'GET', isCrossSite: false })
  const apps = await showApps(url, cookie ?? '')
  const client = createOAuthClient(url)
  const confidential = await json<{ client_id: string; client_secret: string }>(
    await client.register({ token_endpoint_auth_method: 'client_secret_basic' }),
  )
  const { client_id } = signedIn
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  const underWay = await showConsent(client.authorization(client_id).url, cookie)
  const allowed = await answerConsent(underWay)
  const shown = await showConsent(client.authorization(client_id).url, underWay.cookie)
  const remembered = await showConsent(client.authorization(SIGNER.client_id).url, cookie)
  const cookies = withCookies(underWay.cookie, allowed)
    .split('; ')
    .map((pair) => pair.split(/=(.*)/s))
  const names = ['entrance', 'entrance-tx-', 'entrance-session']
  const [browser, transaction, session] = names.map((name) =>
    cookies.find(([given = '']) => (name.endsWith('-') ? given.startsWith(name) : given === name)),
  )
  const { searchParams } = authorization.url
  return new Map<ArtefactName, string | undefined>([
    ['access token', tokens.access_token],
    ['refresh token', signedIn.tokens.refresh_token],
    ['redeemed code', signedIn.code],
    ['client_id', client_id],
    ['confidential client_id', confidential.client_id],
    ['client_secret', confidential.client_secret],
    ['code', code],
    ['code verifier', authorization.code_verifier],
    ['code challenge', searchParams.get('code_challenge') ?? ''],
    ['redirect_uri', authorization.redirect_uri],
    ['resource', `${url}/mcp`],
    ['sealed request', shown.fields.request],
    ['form token', shown.fields.form_token],
    ['remembered request', remembered.fields.request],
    ['state of Entra', locationOf(allowed).searchParams.get('state') ?? ''],
    ['browser cookie', browser?.[0]],
    ['browser', browser?.[1]],
    ['session cookie', session?.[0]],
    ['session', session?.[1]],
    ['apps form token', apps.get('form_token')],
    ['application', apps.get('application')],
    ['signing client_id', SIGNER.client_id],
    ['signed refresh token', signed.refresh_token],
    ['client assertion', await sign(url, signingKey)],
    ['transaction cookie', transaction?.[0]],
    ['transaction', transaction?.[1]],
  ]) as Artefacts
}

/** Those that nobody but their holder may have. */
export const SECRET_ARTEFACTS: readonly ArtefactName[] = [
  ...(['access token', 'refresh token', 'redeemed code', 'code', 'client_secret'] as const),
  ...(['code verifier', 'state of Entra', 'browser', 'transaction', 'session'] as const),
  ...(['signed refresh token', 'client assertion'] as const),
]

/** A line from which the request can be made again. */
export function describe(request: FuzzRequest): string {
  const { method, headers, body } = request
  return JSON.stringify([method, targetOf(request), headers, body && bodyText(body)])
}

function toRequest(url: string, request: FuzzRequest): Request | undefined {
  const { method, headers, body } = request
  try {
    return new Request(`${url}${targetOf(request)}`, {
      method,
      headers: headers.map(([name, value]) => [name, value]),
      ...(body && { body: Buffer.from(bodyText(body)) }),
    })
  } catch {
    return undefined
  }
}

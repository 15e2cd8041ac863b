import { createExpensesServer, sqliteExpenseStore } from '../../src/expenses/server.ts'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
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
  const server = await startEntrance({ entrance: { secret } })
  leaveLog(server.logs)
  const expenses = sqliteExpenseStore(':memory:')
  const mcp = createExpensesServer({ expenses })
  const handle = server.entrance.protect(mcp.fetch)
  return {
    server,
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

/** Signs in anew, three times, each to another stage: what is genuine at each of them. */
export async function makeArtefacts({ url }: RunningEntrance): Promise<Artefacts> {
  const signedIn = await signIn(url)
  const client = createOAuthClient(url)
  const confidential = await json<{ client_id: string; client_secret: string }>(
    await client.register({ token_endpoint_auth_method: 'client_secret_basic' }),
  )
  const { client_id } = signedIn
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
  const underWay = await showConsent(client.authorization(client_id).url)
  const allowed = await answerConsent(underWay)
  const shown = await showConsent(client.authorization(client_id).url, underWay.cookie)
  const cookies = withCookies(underWay.cookie, allowed)
    .split('; ')
    .map((pair) => pair.split(/=(.*)/s))
  const [browser, transaction] = ['entrance', 'entrance-tx-'].map((name) =>
    cookies.find(([given = '']) => (name.endsWith('-') ? given.startsWith(name) : given === name)),
  )
  const { searchParams } = authorization.url
  return new Map<ArtefactName, string | undefined>([
    ['access token', signedIn.tokens.access_token],
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
    ['state of Entra', locationOf(allowed).searchParams.get('state') ?? ''],
    ['browser cookie', browser?.[0]],
    ['browser', browser?.[1]],
    ['transaction cookie', transaction?.[0]],
    ['transaction', transaction?.[1]],
  ]) as Artefacts
}

/** Those that nobody but their holder may have. */
export const SECRET_ARTEFACTS: readonly ArtefactName[] = [
  ...(['access token', 'refresh token', 'redeemed code', 'code', 'client_secret'] as const),
  ...(['code verifier', 'state of Entra', 'browser', 'transaction'] as const),
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

import { createUser, type RunningEmulator, SEED } from '../../src/emulator/emulator.ts'
import type { Random } from '../attacks/malformed-requests.ts'
import { createBrowser, type Page } from './browser.ts'
import { within } from './deadline.ts'
import { createLedger, type Ledger } from './ledger.ts'
import {
  type Authorization,
  codeOf,
  createOAuthClient,
  type OAuthClient,
  type TokenResponse,
} from './oauth-client.ts'

/** A sign-in of a simulated person, as their client keeps it. */
export type CrowdSession = {
  readonly client: OAuthClient
  readonly client_id: string
  readonly code: string
  readonly authorization: Authorization
  tokens: TokenResponse
  /** The refresh tokens before the current one. */
  readonly spent: string[]
  /** A refresh has got no answer: it is tried again before anything else, as clients do. */
  isRenewing: boolean
  /** It is to end, so that nothing is promised any more until it has. */
  isLeaving: boolean
}

/** One of the people: what they do next hangs on what came of what they did last. */
export type Person = {
  readonly name: string
  readonly random: Random
  session: CrowdSession | undefined
  expenses: number
}

export type Crowd = {
  readonly people: readonly Person[]
  readonly ledger: Ledger
  /** Has everybody finish what they are at. */
  stop(): Promise<void>
}

export type CrowdOptions = {
  readonly url: string
  readonly emulator: RunningEmulator
  readonly size: number
  /** A source of chance for each of them. */
  readonly random: (name: string) => Random
  /** How long a person thinks between two things, in milliseconds, on average. */
  readonly pace: number
  /** Whether some try what is forbidden: spent tokens, a code twice. @default true */
  readonly hasCheats?: boolean
}

/** How long what a person does may take in all, in milliseconds. */
const ANSWER_TIMEOUT = 60_000

/** Has simulated people sign in, refresh, log expenses and sign out, until they are stopped. */
export function startCrowd(options: CrowdOptions): Crowd {
  const ledger = createLedger()
  const people = Array.from({ length: options.size }, (_, i) => {
    const name = `Person ${String(i + 1).padStart(3, '0')}`
    addUser(options.emulator, name)
    return { name, random: options.random(name), session: undefined, expenses: 0 } as Person
  })
  const stopping = new AbortController()
  const lives = people.map((person) => live(person, options, ledger, stopping.signal))
  const stop = async () => {
    stopping.abort()
    await Promise.all(lives)
  }
  return { people, ledger, stop }
}

function addUser({ directory }: RunningEmulator, displayName: string): void {
  const userPrincipalName = userNameOf(displayName)
  directory.users.push(createUser({ tenantId: SEED.tenantId, userPrincipalName, displayName }))
}

async function live(
  person: Person,
  options: CrowdOptions,
  ledger: Ledger,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await think(person.random.int(2 * options.pace), stopping)
    if (stopping.aborted) return
    const acting = act(person, options, ledger).catch((error) => note(error, person, ledger))
    try {
      await within(ANSWER_TIMEOUT, `an answer to ${person.name}`, acting)
    } catch (error) {
      // Whatever fails is to be told so.
      ledger.wrongs.push(describe(error))
      return
    }
  }
}

function note(error: unknown, person: Person, ledger: Ledger): void {
  const text = `${person.name}: ${describe(error)}`
  if (!(error instanceof Refused)) return void ledger.failures.push(text)
  // Nobody asks for what they may not: a live sign-in was taken for none, or a request for a wrong one.
  ledger.wrongs.push(text)
  person.session = undefined
}

function think(milliseconds: number, stopping: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  stopping.addEventListener('abort', () => resolve(), { once: true })
  return promise.finally(() => clearTimeout(timer))
}

function describe(error: unknown): string {
  const { message, cause } = error as Error
  const text = cause instanceof Error ? `${message} (${cause.message})` : message
  return text.slice(0, 200)
}

async function act(person: Person, options: CrowdOptions, ledger: Ledger): Promise<void> {
  const { session, random } = person
  if (!session) return signIn(person, options, ledger)
  if (session.isLeaving) return signOut(person, session, ledger)
  if (session.isRenewing) return refresh(person, session, ledger)
  const chance = random.int(100)
  if (chance < 65) return addExpense(person, session, ledger)
  if (chance < 84) return refresh(person, session, ledger)
  if (chance < 90) return refreshTwice(person, session, ledger)
  if (chance < 95 || options.hasCheats === false) return signOut(person, session, ledger)
  return cheat(person, session, ledger)
}

async function signIn(
  person: Person,
  { url, hasCheats }: CrowdOptions,
  ledger: Ledger,
): Promise<void> {
  const client = createOAuthClient(url)
  const { client_id } = await answer<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  const code = codeOf(await enter(authorization.url, person.name, until))
  const isCheating = hasCheats !== false && person.random.int(4) === 0
  const attempts = Array.from({ length: isCheating ? 3 : 1 }, async () =>
    answer<TokenResponse>(await client.exchange(authorization, code)),
  )
  const results = await Promise.allSettled(attempts)
  const given = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (given.length > 1) ledger.wrongs.push(`${person.name}: a code was redeemed twice`)
  const [tokens] = given
  if (!tokens) {
    const { reason } = results[0] as PromiseRejectedResult
    // Of three, the one may have been refused for the other, whose answer was lost.
    throw isCheating && reason instanceof Refused ? new Error(reason.message) : reason
  }
  const fresh = { spent: [], isRenewing: false, isLeaving: isCheating }
  person.session = { client, client_id, code, authorization, tokens, ...fresh }
  ledger.count('sign-ins')
}

/** From the consent page to wherever it ends; there are too many accounts for a list. */
async function enter(url: URL, name: string, until: string): Promise<Page> {
  const browser = createBrowser()
  const consent = await browser.open(url)
  const accounts = await browser.press(consent, 'Allow Access')
  const empty = await browser.press(accounts, 'Use another account')
  const forms = empty.forms.map((form) => {
    const fields = form.fields.filter(([field]) => field !== 'username')
    return { ...form, fields: [...fields, ['username', userNameOf(name)] as const] }
  })
  let page = await browser.press({ ...empty, forms }, 'Next', { until })
  if (!page.url.href.startsWith(until)) page = await browser.press(page, 'Accept', { until })
  // Our own page may have come in between, with Entra's code in its address.
  if (page.url.href.startsWith(until)) return page
  throw new Error(`${page.url.pathname} ${page.status} ${page.text}`)
}

function userNameOf(name: string): string {
  return `${name.replace(' ', '-').toLowerCase()}@${SEED.domain}`
}

async function addExpense(person: Person, session: CrowdSession, ledger: Ledger): Promise<void> {
  const description = `${person.name}, expense ${++person.expenses}`
  const args = { date: '2026-10-02', amount: 7.5, category: 'food', payment_method: 'cash' }
  const params = { name: 'add_user_expense', arguments: { ...args, description } }
  ledger.attempted.add(description)
  const response = await session.client.mcp(session.tokens.access_token, {
    method: 'tools/call',
    params,
  })
  const text = await answerText(response)
  if (!text.includes('"structuredContent"')) throw new Error(`/mcp ${text.slice(0, 200)}`)
  ledger.confirmed.add(description)
  ledger.count('expenses')
}

async function refresh(person: Person, session: CrowdSession, ledger: Ledger): Promise<void> {
  const presented = session.tokens.refresh_token
  session.isRenewing = true
  const response = await session.client.refresh(session.client_id, presented)
  const tokens = await answer<TokenResponse>(response)
  ledger.noteSuccessor(person.name, presented, tokens.refresh_token)
  session.tokens = tokens
  session.spent.push(presented)
  session.isRenewing = false
  ledger.count('refreshes')
}

/** As two windows of one client do. */
async function refreshTwice(person: Person, session: CrowdSession, ledger: Ledger): Promise<void> {
  const presented = session.tokens.refresh_token
  const other = session.client.refresh(session.client_id, presented).then(async (response) => {
    const { refresh_token } = await answer<TokenResponse>(response)
    ledger.noteSuccessor(person.name, presented, refresh_token)
  })
  const results = await Promise.allSettled([refresh(person, session, ledger), other])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function signOut(person: Person, session: CrowdSession, ledger: Ledger): Promise<void> {
  session.isLeaving = true
  const { client, client_id, tokens } = session
  const response = await client.revoke({ client_id, token: tokens.refresh_token })
  await answerText(response)
  ledger.revoked.push({ ...session, name: person.name, at: performance.now() })
  person.session = undefined
  ledger.count('revocations')
}

/** Presents what has been used, which ends the sign-in; and then signs out for sure. */
async function cheat(person: Person, session: CrowdSession, ledger: Ledger): Promise<void> {
  const { client, client_id, authorization, code, spent } = session
  session.isLeaving = true
  // Of the last but one a repeat is answered for a minute, for an answer may be lost.
  const old = spent.at(-2)
  const response = old
    ? await client.refresh(client_id, old)
    : await client.exchange(authorization, code)
  await response.body?.cancel()
  if (response.ok) ledger.wrongs.push(`${person.name}: what had been used was honoured again`)
  ledger.count('replays')
}

/** A server that cannot answer says so, and whoever asked tries again; all else is its mistake. */
class Refused extends Error {
  override readonly name = 'Refused'
}

async function answer<T>(response: Response): Promise<T> {
  return JSON.parse(await answerText(response)) as T
}

async function answerText(response: Response): Promise<string> {
  const text = await response.text()
  if (response.ok) return text
  const { pathname } = new URL(response.url)
  const said = `${pathname} ${response.status} ${text.slice(0, 200)}`
  throw response.status < 500 ? new Refused(said) : new Error(said)
}

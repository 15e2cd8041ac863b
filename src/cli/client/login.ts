import { randomBytes } from 'node:crypto'
import { Interrupted } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { prepareAuthorization, type Request, redeem } from './authorization-request.ts'
import { type Expected, parseAuthorizationResponse } from './authorization-response.ts'
import { type CallbackListener, listenForCallback } from './callback-listener.ts'
import type { CredentialStore } from './credential-store.ts'
import type { Credentials, Tokens } from './credentials.ts'
import { discover } from './discovery.ts'
import { AccessDenied, ClientNotRegistered, explain } from './explain.ts'
import { fetchFor } from './fetch.ts'
import { isUsable } from './registration.ts'
import type { Outcome } from './result-page.ts'
import { type LoginOptions, sendToBrowser, waitForResponse } from './wait-for-response.ts'

/** Signs in to an MCP server through the browser, and keeps what was given. */
export async function login(
  url: URL,
  options: LoginOptions,
  terminal: Terminal,
  store: CredentialStore,
): Promise<Tokens> {
  const fetchFn = fetchFor(url, terminal.signal)
  try {
    const discovery = await discover(url, fetchFn)
    const scope = options.scope ?? discovery.scope
    const request: Request = { url, ...discovery, scope, fetchFn }
    const kept = await store.find(url.href)
    const present = isUsable(kept, discovery.metadata.issuer) ? kept : undefined
    const gained = await signIn(request, present, options, terminal)
    await store.update(url.href, () => gained)
    return gained.tokens
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    throw explain(error, 'The sign-in failed')
  }
}

type Gained = Credentials & { readonly tokens: Tokens }

/** One round through the browser; a second with a new registration where the kept one is dead. */
async function signIn(
  request: Request,
  kept: Credentials | undefined,
  options: LoginOptions,
  terminal: Terminal,
): Promise<Gained> {
  try {
    return await signInOnce(request, kept, options, terminal)
  } catch (error) {
    if (!(error instanceof ClientNotRegistered) || !kept) throw error
    terminal.note('The server no longer knows this client: registering it again.')
    return signInOnce(request, undefined, options, terminal)
  }
}

async function signInOnce(
  request: Request,
  kept: Credentials | undefined,
  options: LoginOptions,
  terminal: Terminal,
): Promise<Gained> {
  const { metadata } = request
  const expected: Expected = {
    state: randomBytes(32).toString('base64url'),
    issuer: metadata.issuer,
    sendsIssuer: metadata.authorization_response_iss_parameter_supported === true,
  }
  const parse = (params: URLSearchParams) => parseAuthorizationResponse(params, expected)
  const port = kept ? Number(new URL(kept.redirectUri).port) : 0
  const listener = await listenForCallback(port, parse)
  // The registration's port is taken, perhaps by another sign-in under way: register another.
  if (!listener) return signInOnce(request, undefined, options, terminal)
  return showingOutcome(listener, request.url, async () => {
    const authorization = await prepareAuthorization(request, listener, kept, expected.state)
    sendToBrowser(authorization.url, options, terminal)
    const response = await waitForResponse(listener.response, parse, options, terminal)
    return redeem(request, authorization, response)
  })
}

/** Whatever happens, the browser is told and the listener ends. */
async function showingOutcome<T>(
  listener: CallbackListener,
  server: URL,
  work: () => Promise<T>,
): Promise<T> {
  let outcome: Outcome = { kind: 'signed-in', server: server.href }
  try {
    return await work()
  } catch (error) {
    outcome = toOutcome(error)
    throw error
  } finally {
    await listener.finish(outcome)
  }
}

function toOutcome(error: unknown): Outcome {
  if (error instanceof AccessDenied) return { kind: 'denied' }
  const explained = explain(error, 'The sign-in failed')
  return { kind: 'failed', reason: explained.message }
}

import { randomBytes } from 'node:crypto'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { commandName, printableLine, type Terminal } from '../terminal.ts'
import { prepareAuthorization, type Request, redeem } from './authorization-request.ts'
import { type Expected, parseAuthorizationResponse } from './authorization-response.ts'
import { type CallbackListener, listenForCallback } from './callback-listener.ts'
import type { CredentialStore } from './credential-store.ts'
import type { Credentials, Registration, Tokens } from './credentials.ts'
import { discover } from './discovery.ts'
import { AccessDenied, ClientNotRegistered, explain } from './explain.ts'
import { fetchFor } from './fetch.ts'
import { findKnownClient, isOfAnother, type KnownClient, takesClient } from './known-client.ts'
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
    const known = chooseClient(kept, options, request, terminal)
    const gained = await signIn(request, known, options, terminal)
    await store.update(url.href, () => gained)
    return gained.tokens
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    throw explain(error, 'The sign-in failed')
  }
}

type Gained = Credentials & { readonly tokens: Tokens }

function chooseClient(
  kept: Credentials | undefined,
  { client, callbackPort }: LoginOptions,
  request: Request,
  terminal: Terminal,
): KnownClient | undefined {
  const { metadata } = request
  if (client && isOfAnother(client, kept, metadata.issuer)) {
    throw registeredElsewhere(client, kept.issuer, request, terminal)
  }
  if (client && !takesClient(metadata, client)) {
    terminal.note('The server takes no client metadata documents: registering this client instead.')
  }
  return findKnownClient(kept, client, metadata, callbackPort)
}

/** One round through the browser; a second with a new registration where the kept one is dead. */
async function signIn(
  request: Request,
  known: KnownClient | undefined,
  options: LoginOptions,
  terminal: Terminal,
): Promise<Gained> {
  try {
    return await signInOnce(request, known, options, terminal)
  } catch (error) {
    if (!(error instanceof ClientNotRegistered) || !known) throw error
    // Whom the person named is nobody's to replace.
    if (known.registration.source) throw notTaken(known.registration, error)
    terminal.note('The server no longer knows this client: registering it again.')
    return signInOnce(request, undefined, options, terminal)
  }
}

async function signInOnce(
  request: Request,
  known: KnownClient | undefined,
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
  const port = known?.port ?? options.callbackPort ?? 0
  const listener = await listenForCallback(port, parse)
  if (!listener) {
    if (options.callbackPort !== undefined || known?.registration.source) throw portTaken(port)
    // The registration's port is taken, perhaps by another sign-in under way: register another.
    return signInOnce(request, undefined, options, terminal)
  }
  return showingOutcome(listener, request.url, async () => {
    const authorization = await prepareAuthorization(request, listener, known, expected.state)
    sendToBrowser(authorization.url, options, terminal)
    const response = await waitForResponse(listener.response, parse, options, terminal)
    return redeem(request, authorization, response)
  })
}

function registeredElsewhere(
  { client_id }: Registration,
  issuer: string,
  { url, metadata }: Request,
  terminal: Terminal,
): CommandError {
  const now = `${url.href} now names ${printableLine(metadata.issuer)}`
  const logout = `${commandName(terminal.env)} client logout ${url.href}`
  return new CommandError(`The client ${client_id} is registered at ${issuer}, but ${now}.`, {
    cure: `If that is right, sign out and in again: ${logout}`,
  })
}

function notTaken({ client_id }: Registration, cause: unknown): CommandError {
  return new CommandError(`The authorization server does not take the client ${client_id}.`, {
    cure:
      'Its id, its secret (ENTRANCE_CLIENT_SECRET) or its redirect URI is not as registered there:\n' +
      'http://127.0.0.1/callback with any port, or with the one that --callback-port names.',
    cause,
  })
}

function portTaken(port: number): CommandError {
  return new CommandError(`Port ${port}, where the browser is to come back to, is taken.`, {
    cure: 'End what listens there, or name another that is registered: --callback-port PORT.',
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

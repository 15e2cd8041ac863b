import {
  type AuthProvider,
  Client,
  InsufficientScopeError,
  type JsonSchemaValidator,
  type jsonSchemaValidator,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { packageVersion } from '../package-version.ts'
import { commandName, printable, printableLine, type Terminal } from '../terminal.ts'
import type { CredentialStore } from './credential-store.ts'
import { isExpiring, type Tokens } from './credentials.ts'
import { explain } from './explain.ts'
import { fetchFor } from './fetch.ts'
import { login } from './login.ts'
import { type RefreshRequest, refresh, SignInRequired } from './refresh.ts'

/** One to get in, and one for a scope that only the call turns out to need. */
const MAX_SIGN_INS = 2

/**
 * Runs `work` with a connection to the MCP server, signed in. Where a sign-in is needed and a
 * person is there, they are asked to; `work` then begins anew, which is safe because the server has
 * refused what came before.
 */
export async function withConnection<T>(
  url: URL,
  terminal: Terminal,
  store: CredentialStore,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  for (let signIns = 0; ; signIns++) {
    try {
      return await connectOnce(url, terminal, store, work)
    } catch (error) {
      if (!(error instanceof SignInRequired)) throw error
      if (!terminal.isInteractive || signIns === MAX_SIGN_INS) throw withCure(error, url, terminal)
      terminal.note(printable(error.message))
      await login(url, { scope: error.scope }, terminal, store)
    }
  }
}

/** The same, with the command that signs in. */
export function withCure(error: SignInRequired, url: URL, terminal: Terminal): CommandError {
  // The server wrote the scope, and the person will paste this line into a shell.
  const isPlain = error.scope && /^[\w.:/ -]+$/.test(error.scope)
  const scope = isPlain ? ` --scope "${error.scope}"` : ''
  const cure = `Sign in with: ${commandName(terminal.env)} client login ${url.href}${scope}`
  return new CommandError(error.message, { cure, cause: error })
}

async function connectOnce<T>(
  url: URL,
  terminal: Terminal,
  store: CredentialStore,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  let client: Client | undefined
  try {
    client = await openConnection(url, terminal, store)
    return await work(client)
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    throw await toConnectionError(error, url, store)
  } finally {
    await client?.close()
  }
}

/**
 * A server's answers are not held against its own schemas: a pattern in one can take for ever, and
 * neither Ctrl-C nor a signal would end it.
 */
const UNCHECKED: jsonSchemaValidator = {
  getValidator: <T>() => takeAsIs as JsonSchemaValidator<T>,
}

function takeAsIs(data: unknown) {
  return { valid: true, data, errorMessage: undefined }
}

/**
 * Connects to the MCP server with the tokens that are kept; whoever calls it closes it. The
 * connection ends with the terminal's signal, the connecting with `connecting` too.
 */
export async function openConnection(
  url: URL,
  { signal }: Pick<Terminal, 'signal'>,
  store: CredentialStore,
  connecting = signal,
): Promise<Client> {
  const request = { url, store, signal, fetchFn: fetchFor(url, signal) }
  const transport = new StreamableHTTPClientTransport(url, {
    authProvider: tokenSource(request),
    // How long an answer may take is the request's business: a tool may be slow.
    fetch: fetchFor(url, signal, Number.POSITIVE_INFINITY),
    onInsufficientScope: 'throw',
  })
  // Asks with server/discover (2026-07-28) and falls back to initialize (2025-11-25 and before).
  const client = new Client(
    { name: 'entrance', title: 'Entrance command line', version: packageVersion() },
    { versionNegotiation: { mode: 'auto' }, jsonSchemaValidator: UNCHECKED },
  )
  try {
    await client.connect(transport, { signal: connecting })
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}

/** The bearer token for each request: renewed shortly before its end, and when it is refused. */
function tokenSource(request: RefreshRequest): AuthProvider {
  let used: Tokens | undefined
  return {
    token: async () => {
      used = (await request.store.find(request.url.href))?.tokens
      if (used?.refresh_token && isExpiring(used)) used = await refresh(request, used)
      return used?.access_token
    },
    onUnauthorized: async () => {
      const { url } = request
      if (!used) throw new SignInRequired(`You are not signed in to ${url.href}.`)
      used = await refresh(request, used)
    },
  }
}

/** Why a request to the server failed, as a sentence; or that a sign-in is needed. */
export async function toConnectionError(
  error: unknown,
  url: URL,
  store: CredentialStore,
): Promise<CommandError> {
  if (error instanceof InsufficientScopeError) {
    const held = (await store.find(url.href))?.tokens?.scope
    const scope = [...new Set(`${held ?? ''} ${error.requiredScope ?? ''}`.split(' '))]
      .join(' ')
      .trim()
    const reason = `This needs more access than you have given: ${printableLine(scope)}.`
    return new SignInRequired(reason, { scope })
  }
  return explain(error, `Talking to ${url.href} failed`)
}

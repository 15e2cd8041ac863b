import { type Client, ProtocolError, SdkHttpError } from '@modelcontextprotocol/client'
import { openConnection, toConnectionError, withCure } from '../client/connect.ts'
import type { CredentialStore } from '../client/credential-store.ts'
import { login } from '../client/login.ts'
import { SignInRequired } from '../client/refresh.ts'
import { Interrupted } from '../exit-codes.ts'
import { confirm } from '../prompt.ts'
import { printable, type Terminal } from '../terminal.ts'

/** The MCP server of a chat: connected when it is needed, and again after it was away. */
export type ChatServer = {
  readonly url: URL
  /**
   * Runs `work`, which is one request, with a connection. Where the server wants a sign-in, the
   * person is offered one and `work` is repeated, which is safe: it was refused.
   */
  use<T>(work: (client: Client) => Promise<T>, terminal: Terminal): Promise<T>
  close(): Promise<void>
}

export type ChatServerOptions = {
  readonly url: URL
  /** Whether a sign-in opens the browser. */
  readonly browser: boolean
  readonly store: CredentialStore
  /** The terminal for the whole of the chat; an answer's own ends with it. */
  readonly terminal: Terminal
}

/** One to get in, and one for a scope that only the call turns out to need. */
const MAX_SIGN_INS = 2

export function createChatServer({
  url,
  browser,
  store,
  terminal: own,
}: ChatServerOptions): ChatServer {
  let client: Client | undefined
  let wasConnected = false

  const close = async () => {
    const closing = client
    client = undefined
    await closing?.close()
  }
  const once = async <T>(work: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const isKept = client !== undefined
    client ??= await openConnection(url, own, store, signal)
    wasConnected = true
    try {
      return await work(client)
    } catch (error) {
      if (!isKept || !isSessionOver(error)) throw error
      await close()
      client = await openConnection(url, own, store, signal)
      return work(client)
    }
  }
  const signIn = async (reason: SignInRequired, terminal: Terminal) => {
    terminal.note(printable(reason.message))
    // At the start that is what the person came for; later, their browser is not opened unasked.
    if (wasConnected && !(await confirm('Sign in again now?', terminal)))
      throw withCure(reason, url, terminal)
    await login(url, { scope: reason.scope, browser }, terminal, store)
  }
  return {
    url,
    close,
    use: async (work, terminal) => {
      for (let signIns = 0; ; signIns++) {
        try {
          return await once(work, terminal.signal)
        } catch (error) {
          if (terminal.signal.aborted) throw new Interrupted()
          // The server has answered: the connection is good, the request was not.
          if (error instanceof ProtocolError) throw error
          const reason = await toConnectionError(error, url, store)
          await close()
          if (!(reason instanceof SignInRequired)) throw reason
          if (!terminal.isInteractive || signIns === MAX_SIGN_INS)
            throw withCure(reason, url, terminal)
          await signIn(reason, terminal)
        }
      }
    },
  }
}

/** A server that was restarted knows no session of before, and has done nothing for it. */
function isSessionOver(error: unknown): boolean {
  return error instanceof SdkHttpError && (error.data as { status?: number }).status === 404
}

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CommandError, Interrupted } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import {
  type AuthorizationResponse,
  ForeignResponse,
  parsePastedResponse,
} from './authorization-response.ts'
import { canOpenBrowser, openBrowser } from './browser.ts'
import type { Registration } from './credentials.ts'

export type LoginOptions = {
  /** Whether to open the browser; the address is printed in any case. @default true */
  readonly browser?: boolean | undefined
  /** Seconds to wait for the person. @default 300 */
  readonly timeout?: number | undefined
  /** Scopes to ask for. @default what the server asks for */
  readonly scope?: string | undefined
  /** The client to sign in as. @default the one kept, else one registered for the purpose */
  readonly client?: Registration | undefined
  /** The port that the browser comes back to. @default the one registered, else any */
  readonly callbackPort?: number | undefined
}

const TIMEOUT = 300

/** Prints the address to open, and opens it where that is wanted and possible. */
export function sendToBrowser(url: URL, options: LoginOptions, terminal: Terminal): void {
  const canOpen = canOpenBrowser(terminal.env, process.platform)
  const opening = options.browser !== false && canOpen
  terminal.note(
    [
      opening
        ? 'Opening your browser to sign in. If it does not open, go to:'
        : 'To sign in, go to:',
      '',
      `  ${terminal.formatNote('cyan', url.href)}`,
      '',
      'Is the browser on another computer? Sign in there; the last page will not load.',
      'Copy its address and paste it here, then press Enter.',
    ].join('\n'),
  )
  if (opening) openBrowser(url)
}

/** Waits for the browser, for a pasted address, for Ctrl-C, or until it is too late. */
export async function waitForResponse(
  fromBrowser: Promise<AuthorizationResponse>,
  parse: (params: URLSearchParams) => AuthorizationResponse,
  options: LoginOptions,
  terminal: Terminal,
): Promise<AuthorizationResponse> {
  const seconds = options.timeout ?? TIMEOUT
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), seconds * 1000)
  try {
    const given = await Promise.race([
      fromBrowser,
      pastedResponse(parse, terminal, over.signal),
      aborted(over.signal),
      aborted(terminal.signal),
    ])
    if (given) return given
    if (terminal.signal.aborted) throw new Interrupted()
    throw new CommandError(`Nobody signed in within ${seconds} s.`, {
      cure: 'Try again; --timeout SECONDS waits longer.',
    })
  } finally {
    clearTimeout(timer)
    over.abort()
  }
}

/** The first line of input that is an answer; never settles when there is none. */
function pastedResponse(
  parse: (params: URLSearchParams) => AuthorizationResponse,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<AuthorizationResponse> {
  const { stdin } = terminal
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdin, signal })
    lines.on('line', (line) => {
      if (line.trim() === '') return
      try {
        resolve(parse(parsePastedResponse(line)))
        lines.close()
      } catch (error) {
        if (!(error instanceof ForeignResponse)) return reject(error)
        terminal.note(`${error.message} Paste the address of the page you land on at the end.`)
      }
    })
    // A pipe or terminal that stays open must not keep the command from ending.
    lines.once('close', () => void stdin.pause().unref?.())
  })
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort')
}

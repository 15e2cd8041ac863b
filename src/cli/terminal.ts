import { stripVTControlCharacters, styleText } from 'node:util'
import type { Environment } from './env.ts'

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** What a command talks to. Results go to `out`, everything that is said about them to `note`. */
export type Terminal = {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Environment
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal
  /** Whether a person is there to answer: input and messages are both a terminal. */
  readonly isInteractive: boolean
  /** Writes a line to stdout. */
  out(text: string): void
  /** Writes a line to stderr. */
  note(text: string): void
  /** Formats text for stdout; as it is where that is no terminal or colours are not wanted. */
  format(format: Format, text: string): string
  /** Formats text for stderr, likewise. */
  formatNote(format: Format, text: string): string
}

/** The terminal of this process. */
export function createTerminal(env: Environment, signal: AbortSignal): Terminal {
  const { stdin, stdout, stderr } = process
  return {
    stdin,
    stdout,
    stderr,
    env,
    signal,
    isInteractive: Boolean(stdin.isTTY && stderr.isTTY),
    out: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    // Node looks at the stream, NO_COLOR and FORCE_COLOR.
    format: (format, text) => styleText(format, text, { stream: stdout }),
    formatNote: (format, text) => styleText(format, text, { stream: stderr }),
  }
}

/** How wide text on stdout may be. A terminal that has not been told its size says that it is 0. */
export function widthOf({ stdout }: Terminal): number {
  // Wide windows make long lines, which are hard to read.
  return Math.min(stdout.columns || 100, 100)
}

/** What a person types to run this command from where it was started. */
export function commandName(env: Environment): string {
  if (env.ENTRANCE_CLONE === '1') return 'npm run --silent entrance --'
  return env.npm_lifecycle_event === 'npx' ? 'npx entrance' : 'entrance'
}

// Control characters but line break and tab, those that turn the direction of writing, and those
// that some terminals take for a line break.
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu

/**
 * Text from a server made safe to show: nothing in it moves the cursor, recolours, rewrites or
 * reorders what the person reads. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, '')
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim()
}

// What nobody sees: two values that look alike would not be. Joiners are a part of emoji and of some
// languages' words.
const UNSEEN = /(?![\u200c\u200d])[\u007f-\u009f\u2028\u2029\p{Cf}]/gu

/** JSON in which nothing acts on a terminal or hides: the same value, with such characters escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSEEN, (character) =>
    // One that has two code units is written as both.
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

import { PassThrough, Writable } from 'node:stream'
import type { ChatTerminal } from '../../../src/cli/commands/chat.ts'
import { within } from '../../support/deadline.ts'

/** A terminal in this process, and the person at it. */
export type FakeTerminal = {
  readonly terminal: ChatTerminal
  /** What is on the screen: stdout and stderr as they came. */
  screen(): string
  /** What went to stdout. */
  out(): string
  type(text: string): void
  /** Ctrl-C while an answer is made. */
  interrupt(): void
  /** Waits until the pattern is on the screen, after what was waited for before. */
  sees(pattern: RegExp): Promise<RegExpExecArray>
}

const PATIENCE = 20_000

/** @param isPerson whether somebody is there to answer; else it is a script */
export function createFakeTerminal(env: Record<string, string>, isPerson: boolean): FakeTerminal {
  let screen = ''
  let out = ''
  let seen = 0
  let more = Promise.withResolvers<void>()
  const stream = (write: (text: string) => void) =>
    Object.assign(
      new Writable({
        write: (chunk, _, done) => {
          write(String(chunk))
          more.resolve()
          more = Promise.withResolvers()
          done()
        },
      }),
      { isTTY: isPerson, columns: 100 },
    ) as unknown as NodeJS.WriteStream
  const stdout = stream((text) => {
    out += text
    screen += text
  })
  const stderr = stream((text) => {
    screen += text
  })
  const stdin = Object.assign(new PassThrough(), { isTTY: isPerson })
  const life = new AbortController()
  let present: AbortController | undefined
  const plain = (_: unknown, text: string) => text
  const terminal: ChatTerminal = {
    ...{ stdin: stdin as unknown as NodeJS.ReadStream, stdout, stderr, env },
    ...{ signal: life.signal, isInteractive: isPerson, format: plain, formatNote: plain },
    out: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    interruptible: (work) => {
      present = new AbortController()
      return work(AbortSignal.any([life.signal, present.signal]))
    },
  }
  const sees = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const { promise } = more
      const match = pattern.exec(screen.slice(seen))
      if (match) {
        seen += match.index + match[0].length
        return match
      }
      await within(PATIENCE, `${pattern}; on the screen is:\n${screen.slice(seen)}`, promise)
    }
  }
  return {
    ...{ terminal, sees, screen: () => screen, out: () => out },
    type: (text) => void stdin.write(text),
    interrupt: () => present?.abort(),
  }
}

import { createInterface } from 'node:readline'
import type { Terminal } from '../terminal.ts'

/** What the person did at the prompt. */
export type Reading =
  | { readonly kind: 'message'; readonly text: string }
  /** Ctrl-C with nothing typed. */
  | { readonly kind: 'interrupt' }
  /** Ctrl-D, or the input is over. */
  | { readonly kind: 'end' }

/** What can stand in the place of what is typed: see `completer` of `node:readline`. */
export type Complete = (line: string) => Promise<[completions: string[], part: string]>

/** Lines that follow each other this fast, in milliseconds, were pasted. */
const PASTE_GAP = 30

/**
 * Reads one message. Pasted lines are one message, sent with the next Enter where the last of them
 * has none; a line that ends with a backslash goes on in the next. The lines typed before are in
 * `history`, in memory only: they may hold what is nobody else's business.
 */
export function readMessage(
  terminal: Terminal,
  history: string[],
  complete: Complete,
): Promise<Reading> {
  const { stdin, stderr, signal } = terminal
  // The one before has let go of it.
  stdin.ref?.()
  const lines = createInterface({
    ...{ input: stdin, output: stderr, signal, history, historySize: 200 },
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: null, found: [string[], string]) => void) => {
      const { line: typed } = lines
      const give = (found: [string[], string]) => {
        // What was typed meanwhile is not to be written into.
        done(null, lines.line === typed ? found : [[], line])
      }
      complete(line).then(give, () => give([[], line]))
    },
  })
  return new Promise((resolve) => {
    const read: string[] = []
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const finish = (reading: Reading) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      resolve(reading)
      lines.close()
      stdin.pause().unref?.()
    }
    const settle = () => {
      // The last pasted line waits to be ended by the person.
      if (lines.line !== '') return
      if (read.at(-1)?.endsWith('\\')) return ask('… ')
      finish({ kind: 'message', text: join(read) })
    }
    const ask = (prompt: string) => {
      lines.setPrompt(prompt)
      lines.prompt()
    }
    lines.on('line', (line) => {
      read.push(line)
      clearTimeout(timer)
      timer = setTimeout(settle, PASTE_GAP)
    })
    lines.on('history', (present) => void history.splice(0, history.length, ...present))
    lines.on('SIGINT', () => {
      if (lines.line === '' && read.length === 0) return finish({ kind: 'interrupt' })
      finish({ kind: 'message', text: '' })
    })
    lines.once('close', () => {
      if (isOver) return
      terminal.note('')
      finish(read.length > 0 ? { kind: 'message', text: join(read) } : { kind: 'end' })
    })
    ask('> ')
  })
}

function join(lines: readonly string[]): string {
  return lines.map((line, i) => (i < lines.length - 1 ? line.replace(/\\$/, '') : line)).join('\n')
}

import { printable, type Terminal, widthOf } from '../terminal.ts'
import type { Stage } from './answer.ts'
import { askToRun } from './ask-to-run.ts'
import type { KnownThings } from './known-things.ts'
import { showCall, showOutcome } from './show-call.ts'

export type ScreenOptions = {
  readonly terminal: Terminal
  readonly known: KnownThings
  /** Whether what changes or deletes is run unasked. */
  readonly yes: boolean
  /** Whether the text is shown as it comes; else the answer alone, once it is there. */
  readonly isLive: boolean
  /** Whether the answer's text is written by somebody else. */
  readonly isSilent: boolean
}

/** Shows an answer: its text on stdout, the tool calls and all else on stderr. */
export function createScreen(options: ScreenOptions): Stage {
  const { terminal, known, yes, isLive, isSilent } = options
  const width = widthOf(terminal)
  let isMidLine = false
  let half = ''
  const write = (text: string) => {
    // A sequence that comes in pieces loses its first character here: what is left acts on nothing.
    const safe = printable(text)
    if (safe === '') return
    terminal.stdout.write(safe)
    isMidLine = !safe.endsWith('\n')
  }
  const endLine = () => {
    if (isMidLine) terminal.stdout.write('\n')
    isMidLine = false
  }
  return {
    text: (text) => {
      if (!isLive) return
      // A character can come in two halves, of which neither can be written.
      const all = half + text
      half = /[\ud800-\udbff]$/.exec(all)?.[0] ?? ''
      write(all.slice(0, all.length - half.length))
    },
    stepEnded: ({ text }, isLast) => {
      half = ''
      if (!isLive && !isSilent && isLast) write(text)
      if (!isLive && !isLast && text.trim())
        terminal.note(terminal.formatNote('dim', printable(text.trim())))
      endLine()
    },
    ended: endLine,
    called: (call) => terminal.note(terminal.formatNote('cyan', `→ ${showCall(call, width)}`)),
    cameOf: (_, outcome) => {
      known.learn(outcome.structured)
      const isDone = outcome.kind === 'done'
      const text = `  ${showOutcome(outcome, width - 2)}`
      terminal.note(terminal.formatNote(isDone ? 'dim' : 'yellow', text))
    },
    mayRun: async (call) => yes || askToRun(call, known, terminal),
  }
}

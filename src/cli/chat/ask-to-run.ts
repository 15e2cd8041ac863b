import { setTimeout as after } from 'node:timers/promises'
import { confirm } from '../prompt.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import type { KnownThings } from './known-things.ts'
import type { ToolCall } from './run-calls.ts'
import { showIntent } from './show-call.ts'

/** How long to take in what was typed before the question, in milliseconds. */
const TYPED_AHEAD = 60

/**
 * Shows what is to be done and asks whether it may; Enter alone is no. Undefined where nobody is
 * there. It is this program that asks: nothing that a model or a tool says can answer.
 */
export async function askToRun(
  { name, args, tool }: ToolCall,
  known: KnownThings,
  terminal: Terminal,
): Promise<boolean | undefined> {
  if (!terminal.isInteractive) return undefined
  const things = known.namedIn(args)
  // A window that is not known may be as narrow as any.
  const width = terminal.stderr.columns || 40
  const intent = showIntent({ name, title: tool.title, args }, things, width)
  terminal.note(terminal.formatNote('yellow', intent))
  await forgetTypedAhead(terminal)
  return confirm(questionOf(name, tool.ownName, intent.split('\n').length), terminal)
}

/** What does not fit into a window, whatever its height. */
const MANY_LINES = 20

/** Says again what it is about: arguments that are long enough have moved the rest out of sight. */
function questionOf(name: string, ownName: string | undefined, lines: number): string {
  const above = lines > MANY_LINES ? `, with all that the ${lines} lines above say` : ''
  // Of two tools whose names become one by what models can write, this is the one.
  const own =
    ownName === undefined ? '' : `, the server’s ${printableLine(JSON.stringify(ownName))}`
  return `Call ${printableLine(name)}${own}${above}. Do it?`
}

/** What was typed before the question was there to be read is no answer to it. */
async function forgetTypedAhead({ stdin, signal }: Terminal): Promise<void> {
  const ignore = () => {}
  // Line by line, the system would keep back what has no Enter yet.
  stdin.setRawMode?.(true)
  stdin.on('data', ignore).resume()
  try {
    await after(TYPED_AHEAD, undefined, { signal }).catch(ignore)
  } finally {
    stdin.off('data', ignore).pause()
    stdin.setRawMode?.(false)
  }
}

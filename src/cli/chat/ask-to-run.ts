import { setTimeout as after } from 'node:timers/promises'
import { confirm } from '../prompt.ts'
import type { Terminal } from '../terminal.ts'
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
  terminal.note(
    terminal.formatNote('yellow', showIntent({ name, title: tool.title, args }, things)),
  )
  await forgetTypedAhead(terminal)
  return confirm('Do it?', terminal)
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

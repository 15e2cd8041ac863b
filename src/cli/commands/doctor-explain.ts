import type { DoctorIo } from '../doctor/check.ts'
import { type Explanation, explain } from '../doctor/explain/explain.ts'
import { renderExplanation } from '../doctor/explain/render.ts'
import { readFacts } from '../doctor/facts.ts'
import { safeText } from '../doctor/safe-text.ts'
import type { Environment } from '../env.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { commandName, printableJson, type Terminal, widthOf } from '../terminal.ts'
import type { DoctorWorld } from './doctor.ts'

export type ExplainOptions = { json?: boolean }

const WORLD: DoctorWorld = { fetch: (...args) => fetch(...args), now: Date.now }

/** More than any page or day's refusals are long. */
const MAX_LENGTH = 8 * 1024 * 1024

/** `entrance doctor explain`: says what an error, a page, a token or a log means. */
export async function explainPasted(
  words: readonly string[],
  options: ExplainOptions,
  terminal: Terminal,
  world: DoctorWorld = WORLD,
): Promise<void> {
  const pasted = words.length > 0 && words[0] !== '-' ? words.join(' ') : await readInput(terminal)
  if (pasted.trim() === '') throw nothing('There is nothing to explain.')
  const { env, signal } = terminal
  const io: DoctorIo = { ...world, env, signal, terminal }
  const explained = safe(await explain(pasted, readFacts(env), io), env)
  if (explained.length === 0) throw nothing('Nothing in it is known here.')
  if (options.json) return terminal.out(printableJson({ version: 1, explanations: explained }))
  const layout = { width: widthOf(terminal), format: terminal.format }
  for (const one of explained) {
    for (const line of renderExplanation(one, layout)) terminal.out(line)
  }
}

function nothing(message: string): CommandError {
  return new CommandError(message, {
    exitCode: EXIT.notLooked,
    cure: 'Paste the whole text of the page, the address, the JSON or the log line, in quotation marks.',
  })
}

/** Longer than any command. */
const MAX_TEXT = 2000

/** What was pasted may have tokens, secrets and lines of its own in it. */
function safe(explained: readonly Explanation[], env: Environment): readonly Explanation[] {
  return JSON.parse(JSON.stringify(explained), (_, value: unknown) =>
    typeof value === 'string' ? safeText(value, env, MAX_TEXT) : value,
  )
}

async function readInput({ stdin, isInteractive, env, note }: Terminal): Promise<string> {
  if (isInteractive) {
    note(`Paste it, then press Ctrl-D. (Or: ${commandName(env)} doctor explain AADSTS50011)`)
  }
  let text = ''
  stdin.setEncoding('utf8')
  for await (const chunk of stdin) {
    text += chunk
    // The end of a log is what is of interest.
    if (text.length > 2 * MAX_LENGTH) text = text.slice(-MAX_LENGTH)
  }
  return text
}

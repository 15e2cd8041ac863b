import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { Interrupted } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** Asks a question that is answered by yes or no; Enter alone is no. */
export async function confirm(question: string, terminal: Terminal): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, terminal)
  return /^y(es)?$/i.test(answer)
}

/** Has one of several chosen by its number; undefined where none is. */
export async function choose<T>(
  question: string,
  choices: readonly { readonly label: string; readonly value: T }[],
  terminal: Terminal,
): Promise<T | undefined> {
  terminal.note(question)
  for (const [i, { label }] of choices.entries()) terminal.note(`  ${i + 1}  ${label}`)
  const answer = await ask(`Number (Enter for none): `, terminal)
  return /^\d{1,3}$/.test(answer) ? choices[Number(answer) - 1]?.value : undefined
}

/** One line of what the person types; the end of the input is an empty answer. */
async function ask(question: string, terminal: Terminal): Promise<string> {
  const { stdin, stderr, signal } = terminal
  // The question before has let go of it.
  stdin.ref?.()
  const lines = createInterface({ input: stdin, output: stderr, signal })
  try {
    const [answer] = await Promise.race([
      once(lines, 'line'),
      once(lines, 'close').then(() => ['']),
      prompt(lines, question),
    ])
    if (signal.aborted) throw new Interrupted()
    return String(answer).trim()
  } finally {
    lines.close()
    stdin.pause().unref?.()
  }
}

/** Shows the question. Ctrl-C reaches readline here, and not the process. */
function prompt(lines: Interface, question: string): Promise<never> {
  return new Promise((_, reject) => {
    lines.once('SIGINT', () => reject(new Interrupted()))
    lines.setPrompt(question)
    lines.prompt()
  })
}

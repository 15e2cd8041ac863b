import type { GraphCall } from '../graph/graph-client.ts'
import type { Difference } from '../registration/types.ts'
import { printableJson, printableLine, type Terminal } from '../terminal.ts'

/** Says what is to be done, and what is left alone. */
export function notePlan(
  todo: readonly Difference[],
  left: readonly Difference[],
  terminal: Pick<Terminal, 'note' | 'formatNote'>,
): void {
  const { note, formatNote } = terminal
  if (todo.length === 0) note('The registration is as it has to be: there is nothing to do.')
  else note(formatNote('bold', 'To do:'))
  // Of a new one everything is missing, which need not be said of each part.
  const isNew = todo.some(({ id }) => id === 'application-missing')
  for (const { what, calls } of todo) {
    if (!isNew) note(`  ${readable(what)}`)
    for (const { why } of calls) {
      note(isNew ? `  ${readable(why)}` : formatNote('dim', `    → ${readable(why)}`))
    }
  }
  if (left.length === 0) return
  note(formatNote('bold', 'Left alone, for somebody else has set it (--override changes it):'))
  for (const { what, why } of left) note(`  ${printableLine(`${what} ${why}`)}`)
}

/** On one line, and with a word for an id that nobody knows yet. */
export function readable(text: string): string {
  return printableLine(text.replaceAll('$APP', '<its client id>'))
}

/** Every call as it would be sent. */
export function renderCalls(todo: readonly Difference[], origin: string): string {
  return todo
    .flatMap(({ calls }) => calls)
    .map((call) => renderCall(call, origin))
    .join('\n\n')
}

function renderCall({ why, method, path, headers, body }: GraphCall, origin: string): string {
  return [
    `# ${readable(why)}`,
    `${method} ${origin}/v1.0${path}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(body ? [printableJson(body)] : []),
  ].join('\n')
}

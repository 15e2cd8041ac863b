import { printableJson, printableLine } from '../terminal.ts'
import type { Outcome } from './outcome.ts'
import type { ModelCall } from './step.ts'

/** A call on one line, in short where it is long. */
export function showCall({ name, args }: ModelCall, width: number): string {
  return shorten(`${printableLine(name)} ${inline(args)}`, width * 3)
}

/** What came of it on one line. */
export function showOutcome({ text, shown }: Outcome, width: number): string {
  const lines = (shown || text).trim().split('\n')
  const left = lines.length - 1
  const more = left > 0 ? ` (+${left} ${left === 1 ? 'line' : 'lines'})` : ''
  return shorten(printableLine(lines[0] ?? ''), width - more.length) + more
}

/**
 * What is about to be done, whole: nothing is shortened, and no value can write a line of its own,
 * not even where a window of `width` breaks it. `known` is what the server said before of the things
 * that are named.
 */
export function showIntent(
  {
    name,
    title,
    args,
  }: { readonly name: string; readonly title: string | undefined; readonly args: unknown },
  known: readonly unknown[],
  width: number,
): string {
  const heading = title ? `${printableLine(name)} (${printableLine(title)})` : printableLine(name)
  const lines = [
    `${heading}, which changes or deletes what is there, is to be called with:`,
    ...indent(printableJson(args), width),
    ...known.flatMap((thing) => [
      'It names what the server described as:',
      ...indent(printableJson(thing), width),
    ]),
  ]
  return lines.join('\n')
}

/** Only the program's own words stand at the left edge. */
function indent(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => fold(line, width - 2).map((part) => `  ${part}`))
}

/** A line in parts of so many columns at most; what is not ASCII may take two. */
function fold(line: string, width: number): readonly string[] {
  const parts: string[] = []
  let part = ''
  let columns = 0
  for (const character of line) {
    const wide = character > '~' ? 2 : 1
    if (columns + wide > width) {
      parts.push(part)
      part = ''
      columns = 0
    }
    part += character
    columns += wide
  }
  return [...parts, part]
}

function inline(args: unknown): string {
  return printableLine(JSON.stringify(args) ?? '')
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(length - 1, 1))}…`
}

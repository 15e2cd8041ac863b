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
 * What is about to be done, whole: nothing is shortened, and no value can write a line of its own.
 * `known` is what the server said before of the things that are named.
 */
export function showIntent(
  {
    name,
    title,
    args,
  }: { readonly name: string; readonly title: string | undefined; readonly args: unknown },
  known: readonly unknown[],
): string {
  const heading = title ? `${printableLine(name)} (${printableLine(title)})` : printableLine(name)
  const lines = [
    `${heading}, which changes or deletes what is there, is to be called with:`,
    ...indent(printableJson(args)),
    ...known.flatMap((thing) => [
      'It names what the server described as:',
      ...indent(printableJson(thing)),
    ]),
  ]
  return lines.join('\n')
}

function indent(text: string): readonly string[] {
  return text.split('\n').map((line) => `  ${line}`)
}

function inline(args: unknown): string {
  return printableLine(JSON.stringify(args) ?? '')
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(length - 1, 1))}…`
}

import { UsageError } from '../exit-codes.ts'
import { confirm } from '../prompt.ts'
import { printableLine, type Terminal } from '../terminal.ts'

/** Writes rows under their headings; what clients and people call themselves is made safe to show. */
export function writeTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
  terminal: Terminal,
): void {
  const texts = rows.map((row) => row.map((cell) => printableLine(String(cell ?? '-'))))
  const widths = headings.map((heading, i) =>
    texts.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), heading.length),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  terminal.out(terminal.format('bold', line(headings)))
  for (const row of texts) terminal.out(line(row))
}

/** A moment, as people read it. */
export function toDate(seconds: number | undefined): string | undefined {
  if (seconds === undefined || seconds === 0) return undefined
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')
}

/** Says how to go on where there is more. */
export function tellNext(next: string | undefined, terminal: Terminal): void {
  if (next !== undefined) terminal.note(`There is more: --after ${printableLine(next)}`)
}

/** Asks before many are hit; where nobody is there to answer, `--yes` has to say so. */
export async function isMeant(
  question: string,
  { yes, json }: { yes?: boolean; json?: boolean },
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true
  if (!terminal.isInteractive || json) {
    throw new UsageError(`This would hit many: ${question}`, 'Give --yes if it is meant.')
  }
  if (await confirm(question, terminal)) return true
  terminal.note('Nothing was done.')
  return false
}

/** `1 session`, `2 sessions`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

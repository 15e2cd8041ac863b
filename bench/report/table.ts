// Columns of text.

export type Column = {
  readonly head: string
  readonly isRight?: boolean
  /** The one that is as wide as the others let it be, and folds. */
  readonly takesRest?: boolean
  /** Aligned left, and as wide as it needs. */
  readonly isKept?: boolean
}

const GAP = '  '
const LEAST = 20

/** Cells in columns, under their heads; empty without rows. */
export function toTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  if (rows.length === 0) return ''
  const lines = [columns.map(({ head }) => head), ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)))
  const rest = columns.findIndex(({ takesRest }) => takesRest)
  const others = widths.reduce((sum, own, at) => sum + (at === rest ? 0 : own + GAP.length), 0)
  widths[rest] = Math.min(widths[rest] ?? 0, Math.max(LEAST, width - others))
  return lines.map((line) => toLines(line, columns, widths)).join('\n')
}

/** Folded at spaces; what follows the first line stands under it, behind `mark`. */
export function wrap(text: string, width: number, mark = ''): string {
  const room = width - mark.length
  const lines = fold(text, room)
  return lines.map((line, at) => `${at === 0 ? mark : ' '.repeat(mark.length)}${line}`).join('\n')
}

/** At spaces, and within a word that is longer than a line. */
export function fold(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).flatMap((one) => one.match(pieces(width)) ?? [])) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line || lines.length === 0 ? [...lines, line] : lines
}

/** As it begins a heading or a line. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** With one full stop at its end, whether it came with one or not. */
export function sentence(text: string): string {
  return `${text.trim().replace(/\.$/, '')}.`
}

function pieces(width: number): RegExp {
  return new RegExp(`.{1,${Math.max(1, width)}}`, 'gu')
}

function toLines(
  cells: readonly string[],
  columns: readonly Column[],
  widths: readonly number[],
): string {
  const folded = columns.map(({ takesRest }, at) =>
    takesRest ? fold(cells[at] ?? '', widths[at] ?? LEAST) : [cells[at] ?? ''],
  )
  const height = Math.max(...folded.map(({ length }) => length))
  const lines = Array.from({ length: height }, (_, row) =>
    columns.map(({ isRight }, at) => {
      const text = folded[at]?.[row] ?? ''
      return isRight ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)
    }),
  )
  return lines.map((line) => line.join(GAP).trimEnd()).join('\n')
}

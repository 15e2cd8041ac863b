// What a run prints, for people: columns that fit 80 to 120 characters.
import { byId, type Figure, type Ratio } from '../kit/figure.ts'
import { TARGETS } from '../kit/targets.ts'
import { findBusyness, machineLines } from './machine.ts'
import { claim, write, writeBeside, writeDuration } from './numbers.ts'
import { measuredOf, type Report } from './report.ts'
import type { Row } from './rows.ts'
import { type Column, sentence, toTable, wrap } from './table.ts'

export function toText(report: Report, width: number): string {
  const blocks = [
    headOf(report, width),
    ...measuredOf(report).map(({ part, measured, seconds }) => [
      heading(`${part.title} (${part.name}, ${writeDuration(seconds)})`),
      ...measured.conditions.map((one) => wrap(one, width, '- ')),
      figureTable(measured.figures, width),
      ratioTable(measured.ratios, width),
      ...measured.absent.map(({ subject, why }) => wrap(`${subject}: absent: ${why}`, width)),
    ]),
    [heading('Targets'), targetTable(report.rows, width), ...reasons(report.rows, width)],
    failuresOf(report, width),
  ]
  return blocks.map((lines) => `${lines.filter(Boolean).join('\n')}\n`).join('\n')
}

/** A target's mark: met, missed, or not known. */
export function markOf({ met }: Pick<Row, 'met'>): '✓' | '✗' | '–' {
  if (met === null) return '–'
  return met ? '✓' : '✗'
}

/** A row's value and spread in words; empty where it was not measured. */
export function writeRow({ id, unit, value, spread }: Row): { median: string; range: string } {
  if (value === null || !spread) return { median: '', range: '' }
  const [lowest, highest] = spread
  return writeBeside([lowest, value, highest], unit, TARGETS[id].bound)
}

function headOf({ machine, isQuick, rounds, seconds }: Report, width: number): string[] {
  const busyness = findBusyness(machine)
  const form = isQuick ? 'quick form' : 'full form'
  const repeats = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`
  return [
    ...machineLines(machine).map((line) => wrap(line, width)),
    `${form}, ${repeats}, took ${writeDuration(seconds)}; medians, and lowest..highest`,
    ...(busyness ? [wrap(`! ${busyness}`, width)] : []),
  ]
}

function figureTable(figures: readonly Figure[], width: number): string {
  const columns: Column[] = [
    { head: 'what', takesRest: true },
    { head: 'who', isKept: true },
    { head: 'median', isRight: true },
    { head: 'lowest..highest', isRight: true },
  ]
  const rows = byId(figures).map(({ what, subject, samples, unit }, i, all) => {
    const { median, range } = write(samples, unit)
    return [all[i - 1]?.what === what ? '' : what, subject, median, range]
  })
  return toTable(columns, rows, width)
}

function ratioTable(ratios: readonly Ratio[], width: number): string {
  const columns: Column[] = [
    { head: 'beside each other', takesRest: true },
    { head: 'median', isRight: true },
    { head: 'lowest..highest', isRight: true },
    { head: 'so', isKept: true },
  ]
  const rows = ratios.map(({ what, samples, unit }) => {
    const { median, range } = write(samples, unit)
    return [what, median, range, claim(samples, unit)]
  })
  return toTable(columns, rows, width)
}

function targetTable(rows: readonly Row[], width: number): string {
  const columns: Column[] = [
    { head: '', isKept: true },
    { head: 'target', takesRest: true },
    { head: 'wanted', isRight: true },
    { head: 'median', isRight: true },
    { head: 'lowest..highest', isRight: true },
  ]
  const cells = rows.map((row) => {
    const { median, range } = writeRow(row)
    return [markOf(row), plain(row.what), `${row.target} ${row.unit}`, median || '–', range]
  })
  return toTable(columns, cells, width)
}

/** Why something was not measured, or what was in its place; said once for all that it holds for. */
function reasons(rows: readonly Row[], width: number): string[] {
  const wordsOf = ({ why, note }: Row) => why ?? note ?? ''
  const grouped = Map.groupBy(rows.filter(wordsOf), wordsOf)
  // The mark of what was not measured, and none where it was.
  return [...grouped].map(([words, all]) => {
    const mark = all.every(({ met }) => met === null) ? '–' : ' '
    return wrap(sentence(`${all.map(({ id }) => id).join(', ')}: ${words}`), width, `${mark}  `)
  })
}

function failuresOf({ outcomes, trips }: Report, width: number): string[] {
  const failed = outcomes.flatMap((outcome) => (outcome.is === 'failed' ? [outcome] : []))
  return [
    ...failed.map(({ part, why }) => `The part ${part.name} failed: ${why}`),
    ...trips.map(({ text }) => wrap(`Slower than it may be: ${text}`, width)),
  ]
}

function heading(title: string): string {
  return `${title}\n${'─'.repeat(title.length)}`
}

function plain(text: string): string {
  return text.replaceAll('`', '')
}

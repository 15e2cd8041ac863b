import type { Format } from '../terminal.ts'
import { printable } from '../terminal.ts'
import { type Finding, type Status, worstOf } from './finding.ts'

/** How a report is written. */
export type Layout = {
  /** Columns of the terminal. */
  readonly width: number
  readonly format: (format: Format, text: string) => string
}

const MARKS: ReadonlyMap<Status, readonly [mark: string, format: Format]> = new Map([
  ['ok', ['ok     ', 'green']],
  ['warning', ['warning', 'yellow']],
  ['error', ['ERROR  ', 'red']],
  ['skipped', ['skipped', 'dim']],
])

const INDENT = '  '

/** As wide as the longest id of a check: the sentences begin below one another. */
const ID_WIDTH = 24

/** The findings as lines for a person. */
export function renderFindings(findings: readonly Finding[], layout: Layout): string[] {
  const lines = fold(findings).flatMap((finding) => renderFinding(finding, layout))
  return [...lines, '', summaryOf(findings)]
}

/** What was skipped one after the other for the same reason takes one line. */
function fold(findings: readonly Finding[]): Finding[] {
  const folded: Finding[] = []
  const ids = new Map<Finding, string[]>()
  for (const finding of findings) {
    const last = folded.at(-1)
    const isSame = last?.status === 'skipped' && last.what === finding.what
    if (isSame) ids.get(last)?.push(finding.id)
    else {
      folded.push(finding)
      ids.set(finding, [finding.id])
    }
  }
  return folded.map((finding) => {
    const all = ids.get(finding) ?? []
    if (all.length < 2) return finding
    const what = `${finding.what.replace(/\.$/, '')}: ${all.join(', ')}.`
    return { ...finding, id: `${all.length} checks`, what }
  })
}

/** One finding: the sentence, and below it whatever helps. */
export function renderFinding(finding: Finding, layout: Layout): string[] {
  const { id, status, what, expected, found, why, portal = [], command, docs, canFix } = finding
  const [mark, format] = MARKS.get(status) ?? ['', 'dim']
  if (status === 'ok' || status === 'skipped') return renderLine(finding, layout)
  const head = `${layout.format(format, mark)} ${layout.format('bold', id)}`
  const body = [
    ...wrap(what, layout, INDENT),
    ...labelled('expected', expected, layout),
    ...labelled('found', found, layout),
    ...labelled('why', why, layout),
    ...portal.flatMap((step) => wrap(`→ ${step}`, layout, INDENT, `${INDENT}  `)),
    // A command is copied: it is not broken, however narrow the window is.
    ...(command ? command.split('\n').map((line) => `${INDENT}$ ${printable(line)}`) : []),
    ...(canFix ? wrap('--fix does this.', layout, INDENT) : []),
    ...(docs ? [`${INDENT}${layout.format('dim', `docs/${docs}`)}`] : []),
  ]
  return [head, ...body]
}

/** What needs no attention takes one line, where that is wide enough. */
function renderLine({ id, status, what }: Finding, layout: Layout): string[] {
  const [mark, format] = MARKS.get(status) ?? ['', 'dim']
  const indent = ' '.repeat(mark.length + 1)
  const [first = '', ...rest] = wrap(
    `${id.padEnd(ID_WIDTH)} ${what}`,
    layout,
    indent,
    `${indent}  `,
  )
  return [`${layout.format(format, mark)}${first.slice(mark.length)}`, ...rest]
}

function labelled(label: string, text: string | undefined, layout: Layout): string[] {
  if (text === undefined) return []
  const head = `${label}:`.padEnd(10)
  return wrap(`${head}${text}`, layout, INDENT, `${INDENT}${' '.repeat(head.length)}`)
}

/** The last line: how many of each. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length
  const plural = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  const skipped = count('skipped')
  const parts = [
    plural(count('error'), 'error'),
    plural(count('warning'), 'warning'),
    `${count('ok')} ok`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  return `${parts.join(', ')}.`
}

/** The shape that `--json` writes: documented, and only added to. */
export function toJson(findings: readonly Finding[]) {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length
  return {
    version: 1,
    status: worstOf(findings),
    summary: {
      ok: count('ok'),
      warning: count('warning'),
      error: count('error'),
      skipped: count('skipped'),
    },
    findings,
  }
}

/** Breaks at spaces; a word that is longer than the line, such as an address, stays whole. */
export function wrap(text: string, { width }: Layout, first: string, rest = first): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of printable(text)
    .replace(/[\n\t]+/g, ' ')
    .split(/(?<=\S) (?=\S)/)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

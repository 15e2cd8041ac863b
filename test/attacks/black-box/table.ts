import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome, Verdict } from './attack.ts'
import { ATTACKS } from './attacks.ts'
import type { Profile } from './profiles/profile.ts'

/** What became of one product. */
export type Column = {
  readonly profile: Profile
  readonly version: string | undefined
  /** By the attack's name. */
  readonly verdicts: ReadonlyMap<string, Verdict>
  /** Why it could not be attacked at all. */
  readonly reason: string | undefined
}

export const MARKS: Readonly<Record<Outcome, string>> = {
  withstood: '✔',
  partly: '◐',
  fell: '✘',
  'not applicable': '–',
  'could not be run': '?',
}

const DOCUMENT = join(import.meta.dirname, '../../../docs/attacks.md')
const BEGIN = '<!-- written by npm run attacks: begin -->'
const END = '<!-- written by npm run attacks: end -->'

/** Writes what came out between the two marks of docs/attacks.md. */
export function writeTable(columns: readonly Column[]): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`docs/attacks.md lacks '${BEGIN}' or '${END}'.`)
  const before = text.slice(0, begin + BEGIN.length)
  writeFileSync(DOCUMENT, `${before}\n\n${toMarkdown(columns)}\n${text.slice(end)}`)
}

/** The table, and what was seen wherever somebody did not withstand. */
export function toMarkdown(columns: readonly Column[]): string {
  const date = new Date().toISOString().slice(0, 10)
  const products = columns.map(({ profile, version, reason }) => {
    const state = reason ? ` It could not be attacked: ${cell(reason)}` : ''
    return `- **${profile.name}${version ? ` ${version}` : ''}**: ${profile.note}${state}`
  })
  const parts = [
    `Run on ${date}.`,
    products.join('\n'),
    totals(columns),
    ...[...ATTACKS.keys()].map((what) => section(what, columns)),
    ...columns.map(details).filter(Boolean),
  ]
  return `${parts.join('\n\n')}\n`
}

function totals(columns: readonly Column[]): string {
  const outcomes = Object.keys(MARKS) as Outcome[]
  const rows = outcomes.map((outcome) => {
    const counts = columns.map(({ verdicts }) => {
      const all = [...verdicts.values()]
      return String(all.filter((verdict) => verdict.outcome === outcome).length)
    })
    return [`${MARKS[outcome]} ${outcome}`, ...counts]
  })
  return toTable(['', ...columns.map(({ profile }) => profile.name)], rows)
}

function section(what: string, columns: readonly Column[]): string {
  const rows = (ATTACKS.get(what) ?? []).map(({ name, severity, rows: sources }) => {
    const marks = columns.map(
      ({ verdicts }) => MARKS[verdicts.get(name)?.outcome ?? 'could not be run'],
    )
    return [name, severity, ...marks, sources.join(', ')]
  })
  const heads = [what, 'Severity', ...columns.map(({ profile }) => profile.name), 'Rows']
  return `### ${what}\n\n${toTable(heads, rows)}`
}

/** What was seen wherever a product did not withstand. */
function details({ profile, verdicts }: Column): string {
  const lines = [...verdicts]
    .filter(([, { outcome }]) => outcome !== 'withstood')
    .map(([name, { outcome, evidence }]) => `- ${MARKS[outcome]} ${name}: ${cell(evidence)}`)
  if (lines.length === 0) return ''
  return `### What was seen of ${profile.name}\n\n${lines.join('\n')}`
}

function toTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const toLine = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [toLine(heads), `|${heads.map(() => '---|').join('')}`, ...rows.map(toLine)].join('\n')
}

/** Text that stays text in Markdown, and free of what differs from run to run. */
function cell(text: string): string {
  return text
    .replaceAll(/\b(localhost|127\.0\.0\.1):(?!49152|51515)\d{4,5}/g, '$1:PORT')
    .replaceAll(/([\\`*_{}[\]<>|#])/g, '\\$1')
}

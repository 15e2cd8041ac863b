// docs/benchmarks.md and its pictures.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { byId, type Figure, type Ratio } from '../kit/figure.ts'
import { toCharts } from './charts/charts.ts'
import type { Chart } from './charts/svg.ts'
import { findBusyness, machineLines } from './machine.ts'
import { claim, write, writeDuration } from './numbers.ts'
import { measuredOf, type Report } from './report.ts'
import type { Row } from './rows.ts'
import { capital, sentence } from './table.ts'
import { markOf, writeRow } from './terminal.ts'

/** Writes the page into `folder`, the pictures into `benchmarks/` there; old pictures go. */
export function writePage(report: Report, folder: string): void {
  const pictures = join(folder, 'benchmarks')
  rmSync(pictures, { recursive: true, force: true })
  mkdirSync(pictures, { recursive: true })
  for (const { measured } of measuredOf(report))
    for (const { name, svg } of toCharts(measured.figures)) writeFileSync(join(pictures, name), svg)
  writeFileSync(join(folder, 'benchmarks.md'), toPage(report))
}

export function toPage(report: Report): string {
  const blocks = [
    INTRODUCTION,
    headOf(report),
    '## Targets',
    targetTable(report.rows),
    reasonList(report.rows),
    ...report.outcomes.flatMap((outcome) => {
      const title = `## ${capital(outcome.part.title)}`
      if (outcome.is === 'measured') return [title, ...partBlocks(outcome.measured)]
      return [title, sentence(`Not measured: ${outcome.why.split('\n')[0]}`)]
    }),
  ]
  return `${blocks.filter(Boolean).join('\n\n')}\n`
}

const INTRODUCTION = `# Benchmarks

Entrance beside what people would pick instead, and beside what the machine can do at most. This page and
its pictures are written by a run, and nothing in them by hand:

\`\`\`sh
npm run bench
npm run bench -- --docs
npm run bench -- --quick
\`\`\`

The first measures and prints, the second writes this page too, and the third takes less than two minutes
and fails where Entrance has become slower beside the bare server than it was. What each part does is in
[bench/README.md](../bench/README.md).

Each figure is the median of the rounds, with the lowest and the highest. Those that are compared take
turns within a round, and a ratio is of one round. Where rounds lie more than a tenth apart, no
more is claimed than the range. The conditions of each part stand at its end, and who could not be measured
at its beginning.`

function headOf({ machine, rounds, seconds }: Report): string {
  const busyness = findBusyness(machine)
  return [
    ...machineLines(machine).map((line) => `- ${line}`),
    `- ${rounds} rounds; took ${writeDuration(seconds)}`,
    ...(busyness ? [`- **${busyness}**`] : []),
  ].join('\n')
}

function targetTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const { median, range } = writeRow(row)
    return [markOf(row), row.what, `${row.target} ${row.unit}`, median || '–', range]
  })
  return toTable(['|', 'Target|', 'Wanted|:', 'Median|:', 'Lowest..highest|:'], cells)
}

/** Why something was not measured, or what was measured in its place. */
function reasonList(rows: readonly Row[]): string {
  return rows
    .flatMap(({ what, why, note }) => {
      if (note) return sentence(`- ${what}: ${note}`)
      return why ? sentence(`- Not measured: ${what}: ${why}`) : []
    })
    .join('\n')
}

/** What was seen, then all of it, then how: each under a head of its own, where there is any. */
function partBlocks(measured: ReturnType<typeof measuredOf>[number]['measured']): string[] {
  const { conditions, figures, ratios, absent } = measured
  const missing = absent.map(
    ({ subject, why }) => `- Absent: ${subject}: ${sentence(why.split('\n')[0] ?? '')}`,
  )
  const under = (head: string, text: string) => (text ? [`### ${head}`, text] : [])
  return [
    missing.join('\n'),
    toCharts(figures).map(toPicture).join('\n'),
    ...under('Beside each other', ratioList(ratios)),
    ...under('Figures', figureTable(figures)),
    ...under('Conditions', conditions.map((one) => `- ${one}`).join('\n')),
  ]
}

function toPicture({ name, words }: Chart): string {
  return `![${words.replaceAll(/[[\]]/g, '\\$&')}](benchmarks/${name})`
}

/** What may be said: no more than the rounds bear out. */
function ratioList(ratios: readonly Ratio[]): string {
  return ratios
    .map(({ what, samples, unit }) => {
      const { range } = write(samples, unit)
      const said = claim(samples, unit)
      return `- ${capital(what)}: **${said}**${range && !said.startsWith('between') ? ` (${range})` : ''}`
    })
    .join('\n')
}

function figureTable(figures: readonly Figure[]): string {
  const cells = byId(figures).map(({ what, subject, samples, unit }, at, all) => {
    const { median, range } = write(samples, unit)
    return [all[at - 1]?.what === what ? '' : what, subject, median, range]
  })
  return toTable(['What|', 'Who|', 'Median|:', 'Lowest..highest|:'], cells)
}

/** A head ends with `|`, or with `|:` where the column is aligned right. Empty without rows. */
function toTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = heads.map((head) => (head.endsWith(':') ? '--:' : '---'))
  const body = rows.map((cells) => line(cells.map((cell) => cell.replaceAll('|', '\\|'))))
  return [
    line(heads.map((head) => head.replace(/\|:?$/, ''))),
    `|${rule.join('|')}|`,
    ...body,
  ].join('\n')
}

// A whole run, from what was asked for to the exit code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import type { Part } from '../kit/part.ts'
import type { Floor } from '../report/floors.ts'
import { findTrips } from '../report/guard.ts'
import { toJson } from '../report/json.ts'
import { describeMachine, findBusyness } from '../report/machine.ts'
import { writeDuration } from '../report/numbers.ts'
import { writePage } from '../report/page.ts'
import type { Report } from '../report/report.ts'
import { toRows } from '../report/rows.ts'
import { toText } from '../report/terminal.ts'
import { measureParts } from './measure-parts.ts'
import { type Options, parseOptions } from './options.ts'
import { Interrupted, inOwnFolder } from './own-folder.ts'

/** All is measured, whatever came out; a part failed, a floor was broken or a file not written; wrong arguments. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

export type Bench = {
  readonly parts: readonly Part[]
  /** What the quick form holds the parts to. */
  readonly floors: readonly Floor[]
  /** Where `--docs` writes its page. */
  readonly docs: string
}

/** Measures, reports, and gives the exit code. */
export async function runBench(args: readonly string[], bench: Bench): Promise<number> {
  try {
    const options = parseOptions(args, bench.parts)
    const report = await measure(options, bench)
    // First what is kept: who reads along may have gone.
    const unwritten = keep(report, options, bench.docs)
    await print(toText(report, widthOf(process.stdout)))
    for (const why of unwritten) say(why)
    const hasFailed = report.outcomes.some(({ is }) => is === 'failed')
    const isWell = !hasFailed && report.trips.length === 0 && unwritten.length === 0
    return isWell ? EXIT.ok : EXIT.failed
  } catch (error) {
    // The person has been told, or has asked for help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof Interrupted)) throw error
    say(`${error.message}: nothing is left of it, and nothing was written`)
    return error.exitCode
  }
}

/** Writes the files that were asked for. Of one that cannot be written it gives why: what was measured is still to be told. */
function keep(report: Report, { json, docs }: Options, folder: string): string[] {
  const page = join(folder, 'benchmarks.md')
  const files: { path: string; write: () => void }[] = []
  if (json) files.push({ path: json, write: () => writeFileSync(json, toJson(report)) })
  if (docs) files.push({ path: page, write: () => writePage(report, folder) })
  return files.flatMap(({ path, write }) => {
    try {
      write()
      say(`wrote ${path}`)
      return []
    } catch (error) {
      return `${path} could not be written: ${(error as Error).message}. What it should hold is in the report above; make room for the file, and run it again.`
    }
  })
}

async function measure(options: Options, { parts, floors }: Bench): Promise<Report> {
  const machine = describeMachine()
  const busyness = findBusyness(machine)
  if (busyness) say(busyness)
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  const tell = (line: string) => say(`[${writeDuration(seconds()).padStart(5)}] ${line}`)
  const outcomes = await inOwnFolder((folder, signal) =>
    measureParts(parts, options, folder, signal, tell),
  )
  const { isQuick, rounds } = options
  const trips = isQuick ? findTrips(outcomes, floors) : []
  const rows = toRows(outcomes)
  return { machine, isQuick, rounds, seconds: seconds(), outcomes, rows, trips }
}

/** What goes on goes to stderr: stdout has the report. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Waits until it is out: the process ends after it. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()))
}

/** Lines that are read with ease, on a screen that has room for them. */
function widthOf({ columns = 100 }: { columns?: number }): number {
  return Math.min(Math.max(columns, 80), 120)
}

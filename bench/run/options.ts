// What a run is asked for: `npm run bench -- --quick …`.
import { accessSync, constants, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { Part } from '../kit/part.ts'

/** How often each comparison is repeated; of fewer than LEAST_ROUNDS a whole run shows nothing. */
const ROUNDS = 3
const LEAST_ROUNDS = 3
const MOST_ROUNDS = 50

export type Options = {
  readonly isQuick: boolean
  readonly rounds: number
  /** Parts that were asked for; undefined: all. */
  readonly only: readonly string[] | undefined
  /** Where the JSON goes: checked, a file can be written there. */
  readonly json: string | undefined
  /** Whether docs/benchmarks.md and its charts are written. */
  readonly docs: boolean
}

/** Throws commander's error, of which the person has been told. */
export function parseOptions(args: readonly string[], parts: readonly Part[]): Options {
  const program = createProgram(parts)
  program.parse(args, { from: 'user' })
  const { quick = false, rounds = ROUNDS, only, json, docs = false } = program.opts<Given>()
  const problem = findProblem({ isQuick: quick, rounds, only, json, docs }, parts)
  if (problem) program.error(`error: ${problem}`)
  return { isQuick: quick, rounds, only, json: json && resolve(json), docs }
}

type Given = {
  quick?: boolean
  rounds?: number
  only?: string[]
  json?: string
  docs?: boolean
}

function createProgram(parts: readonly Part[]): Command {
  const names = parts.map(({ name }) => name)
  return new Command('npm run bench --')
    .description(
      'Measures Entrance beside what people would pick instead, and beside the targets.\n' +
        `Takes up to 20 minutes, and is best left alone on the machine.\n\nParts: ${names.join(', ')}`,
    )
    .option(
      '--quick',
      'under 2 minutes, without peers; fails where Entrance has become slower than it was',
    )
    .option('--only <part...>', 'these parts', (name: string, before: string[] | undefined) =>
      toParts(name, before, names),
    )
    .option('--rounds <number>', `how often each comparison is repeated (${ROUNDS})`, toRounds)
    .option('--json <file>', 'writes the figures, and a row for each target, to this file')
    .option('--docs', 'writes docs/benchmarks.md and its charts; without it, no file changes')
    .addHelpText('after', '\nThe single benches (`npm run bench -- storms`): bench/README.md\n')
    .showHelpAfterError('`npm run bench -- --help` says what there is.')
    .exitOverride()
}

function toParts(name: string, before: string[] | undefined, names: readonly string[]): string[] {
  if (names.includes(name)) return [...(before ?? []), name]
  throw new InvalidArgumentError(`There is no such part. There are: ${names.join(', ')}.`)
}

function toRounds(text: string): number {
  const rounds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (rounds >= 1 && rounds <= MOST_ROUNDS) return rounds
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST_ROUNDS} is expected.`)
}

/** What is wrong with the options together; found before a minute is spent. */
function findProblem(
  { isQuick, rounds, only, json, docs }: Options,
  parts: readonly Part[],
): string | undefined {
  const slow = parts.filter((part) => isQuick && !part.isQuick).map(({ name }) => name)
  const asked = only?.find((name) => slow.includes(name))
  if (asked !== undefined)
    return `--only ${asked} is not in the quick form, without: ${slow.join(', ')}. Leave out --quick.`
  if (!isQuick && rounds < LEAST_ROUNDS)
    return `--rounds ${rounds} is too few to tell how far figures lie apart. Give ${LEAST_ROUNDS} or more, or --quick.`
  if (docs && (isQuick || only))
    return `--docs writes the page of a whole run. Leave out ${isQuick ? '--quick' : '--only'}.`
  const hindrance = json === undefined ? undefined : findHindrance(resolve(json))
  return (
    hindrance &&
    `--json ${json} cannot be written: ${hindrance}. Name a file in a folder that is there and may be written to.`
  )
}

/** Why nothing can be written there. What is there stays as it is. */
function findHindrance(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) return 'it is a folder'
    if (found) {
      accessSync(path, constants.W_OK)
    } else {
      if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory())
        return `there is no folder ${dirname(path)}`
      writeFileSync(path, '', { flag: 'wx' })
      rmSync(path)
    }
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

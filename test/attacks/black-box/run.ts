import { parseArgs, styleText } from 'node:util'
import type { Attack, Outcome, Verdict } from './attack.ts'
import { ATTACKS } from './attacks.ts'
import { attack, startTarget } from './carry-out.ts'
import type { Profile } from './profiles/profile.ts'
import { PROFILES } from './profiles.ts'
import { type Column, MARKS, writeTable } from './table.ts'

const HELP = `Attacks a server from outside, over HTTP.

  npm run attacks                          attacks Entrance
  npm run attacks -- --profile NAME        another one: ${PROFILES.map(({ id }) => id).join(', ')}
  npm run attacks -- --all                 each of them
  npm run attacks -- --only TEXT           the attacks with TEXT in their name or row
  npm run attacks -- --all --write         all, and writes the table of docs/attacks.md
  npm run attacks -- --list                names the attacks

Exits with 1 when Entrance does not withstand one, with 2 when it was called wrongly.
`

type Asked = { profiles: readonly Profile[]; only: string; isWritten: boolean }

/** Carries the command out and gives its exit code. */
async function main(args: readonly string[]): Promise<number> {
  const asked = readArguments(args)
  if (typeof asked === 'string') {
    process.stderr.write(`${asked}\n'npm run attacks -- --help' says what there is.\n`)
    return 2
  }
  if (asked === undefined) return 0
  const columns: Column[] = []
  for (const profile of asked.profiles) columns.push(await attackAll(profile, asked.only))
  if (asked.isWritten) writeTable(columns)
  const [own] = columns.filter(({ profile }) => profile.id === 'entrance')
  return own && (own.reason || [...own.verdicts.values()].some(isFailure)) ? 1 : 0
}

/** What is asked for; a text says what is wrong; undefined when it was answered already. */
function readArguments(args: readonly string[]): Asked | string | undefined {
  let given: ReturnType<typeof parse>
  try {
    given = parse(args)
  } catch (error) {
    return (error as Error).message
  }
  const { profile: names = [], all, write, only = '', help, list } = given.values
  if (help || list) {
    process.stdout.write(help ? HELP : listAttacks())
    return undefined
  }
  const unknown = names.find((name) => !PROFILES.some(({ id }) => id === name))
  if (unknown !== undefined) {
    return `There is no profile '${unknown}'. Choose of: ${PROFILES.map(({ id }) => id).join(', ')}.`
  }
  if (all && names.length > 0) return "'--all' and '--profile' exclude each other."
  if (write && (!all || only))
    return "'--write' needs '--all', and every attack: the table is whole."
  if (selected(only).length === 0) return `No attack has '${only}' in its name or rows.`
  const wanted = names.length > 0 ? names : ['entrance']
  const profiles = PROFILES.filter(({ id }) => all || wanted.includes(id))
  return { profiles, only, isWritten: write === true }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      profile: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      write: { type: 'boolean' },
      only: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

async function attackAll(profile: Profile, only: string): Promise<Column> {
  process.stdout.write(`\n${styleText('bold', profile.name)}\n`)
  const verdicts = new Map<string, Verdict>()
  try {
    await using running = await startTarget(profile)
    // Interrupted, it leaves nothing behind that runs.
    using _ = onInterrupt(() => running[Symbol.asyncDispose]())
    const { version } = running.target.product
    process.stdout.write(`${version} at ${running.target.site.mcpUrl}\n\n`)
    for (const one of selected(only)) {
      const verdict = await attack(one, running.target, profile)
      verdicts.set(one.name, verdict)
      print(one, verdict)
    }
    process.stdout.write(`\n${summary([...verdicts.values()])}\n`)
    return { profile, version, verdicts, reason: undefined }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    process.stdout.write(`  could not be run: ${reason}\n`)
    return { profile, version: undefined, verdicts, reason }
  }
}

function onInterrupt(stop: () => PromiseLike<void>): Disposable {
  const end = () => void Promise.resolve(stop()).finally(() => process.exit(130))
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, end)
  const forget = () => {
    for (const signal of signals) process.off(signal, end)
  }
  return { [Symbol.dispose]: forget }
}

function selected(only: string): Attack[] {
  const text = only.toLowerCase()
  const fits = ({ name, rows }: Attack) =>
    [name, ...rows].some((one) => one.toLowerCase().includes(text))
  return [...ATTACKS.values()].flat().filter(fits)
}

const COLOURS: Readonly<Record<Outcome, Parameters<typeof styleText>[0]>> = {
  withstood: 'green',
  partly: 'yellow',
  fell: 'red',
  'not applicable': 'dim',
  'could not be run': 'magenta',
}

function print({ name, severity }: Attack, { outcome, evidence }: Verdict): void {
  const mark = styleText(COLOURS[outcome], MARKS[outcome])
  const detail = outcome === 'withstood' ? '' : ` [${severity}]`
  process.stdout.write(`${mark} ${name}${detail}\n    ${styleText('dim', evidence)}\n`)
}

function summary(verdicts: readonly Verdict[]): string {
  const counts = (Object.keys(MARKS) as Outcome[]).map((outcome) => {
    const count = verdicts.filter((verdict) => verdict.outcome === outcome).length
    return count > 0 ? `${count} ${outcome}` : ''
  })
  return counts.filter(Boolean).join(', ')
}

function listAttacks(): string {
  const lines = [...ATTACKS].flatMap(([what, attacks]) => [
    '',
    what,
    ...attacks.map(({ name, severity }) => `  ${name} [${severity}]`),
  ])
  return `${lines.join('\n').trim()}\n`
}

const isFailure = ({ outcome }: Verdict) => outcome !== 'withstood' && outcome !== 'not applicable'

process.exitCode = await main(process.argv.slice(2))

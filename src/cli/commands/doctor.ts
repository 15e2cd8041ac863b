import { CHECKS } from '../doctor/checks.ts'
import { readFacts } from '../doctor/facts.ts'
import { type Finding, worstOf } from '../doctor/finding.ts'
import { renderFindings, toJson } from '../doctor/report.ts'
import { runChecks } from '../doctor/run-checks.ts'
import { UsageError } from '../exit-codes.ts'
import type { TokenSource } from '../graph/operator-token.ts'
import { printableJson, type Terminal } from '../terminal.ts'

export type DoctorOptions = {
  /** The public address of a deployment, which is looked at from outside. */
  public?: string
  json?: boolean
  /** Ids of checks, or how they begin, with commas: the others are not told of. */
  only?: string
  /** Lists the checks and makes none. */
  list?: boolean
  /** Whose rights to read the registration with. */
  token?: TokenSource
}

/** What `doctor` uses of the world besides its terminal; a test may have another. */
export type DoctorWorld = { readonly fetch: typeof fetch; readonly now: () => number }

const WORLD: DoctorWorld = { fetch: (...args) => fetch(...args), now: Date.now }

/** What the exit code says: the worst that was found. That it could not look at all is `EXIT.notLooked`. */
const DOCTOR_EXIT = { ok: 0, warning: 1, error: 2 } as const

/** `entrance doctor`: looks for what keeps people from signing in; returns the exit code. */
export async function doctor(
  options: DoctorOptions,
  terminal: Terminal,
  world: DoctorWorld = WORLD,
): Promise<number> {
  if (options.list) return listChecks(options, terminal)
  const isWanted = readOnly(options.only)
  const facts = readFacts(terminal.env, options.public)
  const { env, signal } = terminal
  const io = { ...world, env, signal, terminal, token: options.token }
  const findings = (await runChecks(CHECKS, facts, io)).filter(isWanted)
  if (options.json) terminal.out(printableJson(toJson(findings)))
  else for (const line of renderFindings(findings, layoutOf(terminal))) terminal.out(line)
  return DOCTOR_EXIT[worstOf(findings)]
}

function listChecks({ json }: DoctorOptions, terminal: Terminal): number {
  const list = CHECKS.map(({ id, title, faults }) => ({ id, title, faults: [...faults.keys()] }))
  if (json) terminal.out(printableJson(list))
  else for (const { id, title } of list) terminal.out(`${id.padEnd(24)} ${title}`)
  return DOCTOR_EXIT.ok
}

/** Which findings were asked for. */
function readOnly(text: string | undefined): (finding: Finding) => boolean {
  const wanted = text?.split(/[\s,]+/).filter(Boolean)
  const isBegin = (id: string, begin: string) => id === begin || id.startsWith(`${begin}.`)
  const unknown = wanted?.find((begin) => !CHECKS.some(({ id }) => isBegin(id, begin)))
  if (unknown) {
    throw new UsageError(`There is no check ${unknown}.`, 'doctor --list names them all.')
  }
  return ({ id }) => !wanted || wanted.some((begin) => isBegin(id, begin))
}

function layoutOf({ stdout, format }: Terminal) {
  // Wide windows make long lines, which are hard to read.
  return { width: Math.min(stdout.columns ?? 100, 100), format }
}

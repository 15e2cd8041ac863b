import type { Facts } from '../doctor/check.ts'
import { CHECKS } from '../doctor/checks.ts'
import { readFacts } from '../doctor/facts.ts'
import { type Finding, worstOf } from '../doctor/finding.ts'
import { fixFindings } from '../doctor/fix.ts'
import { renderFindings, toJson } from '../doctor/report.ts'
import { runChecks } from '../doctor/run-checks.ts'
import type { Environment } from '../env.ts'
import { readEnvFile } from '../env-file.ts'
import { UsageError } from '../exit-codes.ts'
import type { OperatorSession, TokenSource } from '../graph/operator-token.ts'
import { printableJson, type Terminal, widthOf } from '../terminal.ts'

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
  /** Mends what can be mended, and looks again. */
  fix?: boolean
  /** Asks nothing before it does. */
  yes?: boolean
}

/** What `doctor` uses of the world besides its terminal; a test may have another. */
export type DoctorWorld = { readonly fetch: typeof fetch; readonly now: () => number }

const WORLD: DoctorWorld = { fetch: (...args) => fetch(...args), now: Date.now }

/** What the looks of one call share: the world, and who has signed in. */
type Shared = DoctorWorld & { readonly session: OperatorSession }

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
  const shared = { ...world, session: {} }
  const first = await look(options, terminal.env, terminal, shared)
  let findings = first.findings.filter(isWanted)
  if (options.fix && findings.some(({ canFix }) => canFix)) {
    if (!options.json) report(findings, options, terminal)
    if (await fixFindings(findings, first.facts, { ...options, ...shared }, terminal)) {
      // `setup` wrote there what it made, and what is set already stays as it was in this process.
      const env = { ...terminal.env, ...Object.fromEntries(readEnvFile('.env')) }
      terminal.note('Looking again.')
      findings = (await look(options, env, { ...terminal, env }, shared)).findings.filter(isWanted)
    }
  }
  report(findings, options, terminal)
  return DOCTOR_EXIT[worstOf(findings)]
}

async function look(
  { public: address, token }: DoctorOptions,
  env: Environment,
  terminal: Terminal,
  shared: Shared,
): Promise<{ facts: Facts; findings: Finding[] }> {
  const facts = readFacts(env, address)
  if (facts.isPublic) checkAddress(facts, address)
  const io = { ...shared, env, signal: terminal.signal, terminal, token }
  return { facts, findings: await runChecks(CHECKS, facts, io) }
}

/** What is no address of a deployment was typed wrongly: that is no finding about it. */
function checkAddress({ problems }: Facts, address: string | undefined): void {
  // A script's empty variable: this machine would be looked at in its place.
  if (!address)
    throw new UsageError('--public names no address.', 'Such as https://expenses.example.com.')
  const found = problems.find(({ option }) => option === 'ENTRANCE_URL')
  if (found) throw new UsageError(`--public ${found.problem}`, found.cure)
}

function report(findings: readonly Finding[], { json }: DoctorOptions, terminal: Terminal): void {
  if (json) terminal.out(printableJson(toJson(findings)))
  else for (const line of renderFindings(findings, layoutOf(terminal))) terminal.out(line)
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
  // A script's empty variable: told of nothing, it would take everything for well.
  if (wanted?.length === 0) {
    throw new UsageError('--only names no check.', 'doctor --list names them all.')
  }
  const isBegin = (id: string, begin: string) => id === begin || id.startsWith(`${begin}.`)
  const unknown = wanted?.find((begin) => !CHECKS.some(({ id }) => isBegin(id, begin)))
  if (unknown) {
    throw new UsageError(`There is no check ${unknown}.`, 'doctor --list names them all.')
  }
  return ({ id }) => !wanted || wanted.some((begin) => isBegin(id, begin))
}

function layoutOf(terminal: Terminal) {
  return { width: widthOf(terminal), format: terminal.format }
}

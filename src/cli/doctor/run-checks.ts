import type { Environment } from '../env.ts'
import { commandName } from '../terminal.ts'
import type { Check, DoctorIo, Facts } from './check.ts'
import { type Finding, skipped } from './finding.ts'
import { safeFinding } from './safe-text.ts'

/**
 * Makes the checks in their order. What an earlier one found wrong would only show again in those
 * that build on it, so these are skipped: one fault is one error.
 */
export async function runChecks(
  checks: readonly Check[],
  given: Facts,
  io: DoctorIo,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const failed = new Set<string>()
  /** By a check that is missing, the reason. */
  const missing = new Map<string, string>()
  let facts = given
  for (const check of checks) {
    io.signal.throwIfAborted()
    const hindrance = findHindrance(check, failed, missing)
    const outcome = hindrance
      ? { findings: [skipped(check.id, `Not checked: ${hindrance}.`)] }
      : await check.run(facts, io)
    for (const { id, status } of outcome.findings) {
      if (status === 'error') failed.add(check.id).add(id)
    }
    if (!outcome.findings.some(({ status }) => status === 'ok')) {
      missing.set(check.id, hindrance ?? `it builds on ${check.id}`)
    }
    facts = { ...facts, ...('facts' in outcome ? outcome.facts : {}) }
    findings.push(...outcome.findings.map((finding) => toShow(finding, io.env)))
  }
  return findings
}

/** As it can be shown, with the command as it is called from here: npx, or a clone's script. */
function toShow(finding: Finding, env: Environment): Finding {
  const { command, ...rest } = safeFinding(finding, env)
  if (command === undefined) return rest
  return { ...rest, command: command.replace(/^entrance /, `${commandName(env)} `) }
}

function findHindrance(
  { needs = [], unless = [] }: Check,
  failed: ReadonlySet<string>,
  missing: ReadonlyMap<string, string>,
): string | undefined {
  const fault = [...needs, ...unless].find((id) => failed.has(id))
  if (fault) return `${fault} has to be mended first`
  const gap = needs.find((id) => missing.has(id))
  return gap && missing.get(gap)
}

import type { ConfigProblem } from '../core/errors.ts'
import type { Environment } from './read-variables.ts'

/** Where the audit log goes, and whether people's names do. */
export type AuditSettings = {
  readonly to: 'off' | 'stdout' | 'otel' | { readonly file: string }
  readonly names: boolean
}

/** What `ENTRANCE_AUDIT` and `ENTRANCE_AUDIT_NAMES` say. */
export function resolveAuditSettings(env: Environment, problems: ConfigProblem[]): AuditSettings {
  const names = env.ENTRANCE_AUDIT_NAMES
  if (names && names !== 'on' && names !== 'off') {
    const problem = `'${names}' is neither on nor off.`
    problems.push({ option: 'ENTRANCE_AUDIT_NAMES', problem, cure: 'Leave it out for on.' })
  }
  return { to: readTarget(env.ENTRANCE_AUDIT || 'off', problems), names: names !== 'off' }
}

function readTarget(text: string, problems: ConfigProblem[]): AuditSettings['to'] {
  if (text === 'off' || text === 'stdout' || text === 'otel') return text
  if (text.startsWith('file:') && text.length > 'file:'.length) return { file: text.slice(5) }
  const problem = `'${text}' is not where the audit log can go.`
  const cure =
    'Use off, stdout, otel, or file: and a path, such as file:/var/log/entrance/audit.jsonl.'
  problems.push({ option: 'ENTRANCE_AUDIT', problem, cure })
  return 'off'
}

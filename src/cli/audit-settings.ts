import type { ConfigProblem } from '../core/errors.ts'
import type { Observer } from '../index.ts'
import type { Log } from '../log.ts'
import { createAuditLines } from '../operator/audit-lines.ts'
import { openAuditFile, resumed } from './audit-file.ts'
import { createLineWriter, type LineStream } from './line-writer.ts'
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

/** An audit log that is open. */
export type OpenAudit = { readonly observers: readonly Observer[]; close(): Promise<void> }

export type OpenAuditOptions = {
  /** Where lines of `stdout` go. */
  readonly stream?: LineStream
  /** Whether a file that is full is begun anew: one process's doing. @default true */
  readonly isRotated?: boolean
}

/**
 * Opens the audit log's lines; undefined where there are to be none: `otel` is opened with the
 * telemetry. Throws `ConfigError`.
 */
export function openAudit(
  { to, names }: AuditSettings,
  log: Log,
  { stream = process.stdout, isRotated = true }: OpenAuditOptions = {},
): OpenAudit | undefined {
  if (to === 'off' || to === 'otel') return undefined
  if (to === 'stdout') {
    const write = createLineWriter(stream, (lost) => log(resumed(lost)))
    return { observers: [createAuditLines({ write, names })], close: async () => {} }
  }
  const bounds = isRotated ? {} : { maxBytes: Number.POSITIVE_INFINITY }
  const file = openAuditFile(to.file, log, bounds)
  return { observers: [createAuditLines({ write: file.write, names })], close: file.close }
}

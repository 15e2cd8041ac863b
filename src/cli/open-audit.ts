import type { Observer } from '../index.ts'
import type { Log } from '../log.ts'
import { createAuditLines } from '../operator/audit-lines.ts'
import { openAuditFile, resumed } from './audit-file.ts'
import type { AuditSettings } from './audit-settings.ts'
import { createLineWriter, type LineStream } from './line-writer.ts'

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

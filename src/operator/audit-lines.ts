import { type AuditEvent, auditFields, type Observer } from '../index.ts'

export type AuditLinesOptions = {
  /** Takes a line, its end included. Must not throw. */
  readonly write: (line: string) => void
  /** Whether people's names are written down. @default true */
  readonly names?: boolean
}

/** The audit log as JSON lines: an observer for the option `observers`. */
export function createAuditLines({ write, names = true }: AuditLinesOptions): Observer {
  return { audit: (event) => write(`${JSON.stringify(toLine(event, names))}\n`) }
}

function toLine(event: AuditEvent, names: boolean) {
  const time = new Date().toISOString()
  return { time, audit: true, event: event.event, ...auditFields(event, names) }
}

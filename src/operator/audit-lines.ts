import type { AuditEvent, Observer } from '../index.ts'

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

/** What is undefined is left out. */
function toLine(event: AuditEvent, names: boolean) {
  const { person, client, event: name, outcome, reason, ...facts } = event
  return {
    time: new Date().toISOString(),
    audit: true,
    event: name,
    outcome,
    reason,
    oid: person?.oid,
    tid: person?.tid,
    ...(names && { name: person?.name, upn: person?.preferred_username }),
    client: client?.digest,
    clientName: client?.name,
    ...facts,
  }
}

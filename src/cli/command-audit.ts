import type { AuditEvent } from '../index.ts'
import type { Log } from '../log.ts'
import { type AuditSettings, resolveAuditSettings } from './audit-settings.ts'
import { environment } from './env.ts'
import type { OpenAudit } from './open-audit.ts'
import { osUser } from './os-user.ts'
import { openTelemetry } from './telemetry.ts'
import { resolveTelemetry, type TelemetrySettings } from './telemetry-settings.ts'

/** Who works with a command: whoever is let near the store and the keys is known to the machine. */
export function commandActor(): string {
  return `command:${osUser() ?? process.getuid?.() ?? 'unknown'}`
}

/**
 * The audit log of a server, for a command that works beside it. Its lines of `stdout` go to stderr,
 * for stdout has the command's result; a file that is full is left to the server. Throws `ConfigError`:
 * what cannot be written down is not done.
 */
export async function openCommandAudit(
  { audit, telemetry }: { audit: AuditSettings; telemetry: TelemetrySettings },
  note: (text: string) => void,
): Promise<OpenAudit> {
  const log: Log = ({ message }) => note(message)
  const untraced = { audit, telemetry: { ...telemetry, traces: undefined } }
  const sent = await openTelemetry(untraced, log)
  const { openAudit } = await import('./open-audit.ts')
  const lines = openAudit(audit, log, { stream: process.stderr, isRotated: false })
  const parts = [sent, lines].flatMap((part) => part ?? [])
  return {
    observers: parts.flatMap(({ observers }) => observers),
    async close() {
      for (const part of parts) await part.close()
    },
  }
}

/** Does what a command is there for, and writes it to the audit log of the server whose `.env` this is. */
export async function audited<T>(
  event: Omit<AuditEvent, 'outcome' | 'actor'>,
  work: () => Promise<T>,
): Promise<T> {
  const env = environment()
  // What is wrong with them, `serve` says.
  const settings = { audit: resolveAuditSettings(env, []), telemetry: resolveTelemetry(env, []) }
  const audit = await openCommandAudit(settings, (text) => void process.stderr.write(`${text}\n`))
  const tell = (outcome: AuditEvent['outcome']) => {
    for (const observer of audit.observers) {
      observer.audit?.({ ...event, outcome, actor: commandActor() })
    }
  }
  try {
    const done = await work()
    tell('success')
    return done
  } catch (error) {
    tell('failure')
    throw error
  } finally {
    await audit.close()
  }
}

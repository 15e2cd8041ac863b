import type { AuditClient, AuditEvent } from './audit-event.ts'
import { maskText } from './guarded-log.ts'
import type { Config } from './options.ts'

/** A client, as the audit log has it. */
export function auditedClient(client: {
  readonly digest: string
  readonly client_name?: string | undefined
}): AuditClient {
  return { digest: client.digest, name: client.client_name }
}

/** Writes to the audit log. */
export type Audit = (event: AuditEvent) => void

/** How many events of people who have proven nothing are taken within a minute. */
const STRANGERS_MAX = 60

/** In milliseconds. */
const WINDOW = 60_000

/** The longest name that is written down, in characters. */
const NAME_MAX_LENGTH = 200

/** What no line may hold: controls, line ends, what turns the direction of writing, lone halves. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * The audit log. It takes no secret and no line of a stranger's: names are cut, cleaned and
 * masked. What happens before anybody has signed in is bounded in number, and what is left out is
 * counted.
 */
export function createAudit({ observe, keyring }: Pick<Config, 'observe' | 'keyring'>): Audit {
  let taken = 0
  let suppressed = 0

  function endWindow(): void {
    const count = suppressed
    taken = 0
    suppressed = 0
    if (count > 0) observe.audit({ event: 'audit.suppressed', outcome: 'success', count })
  }

  function isTaken(): boolean {
    if (taken === 0) setTimeout(endWindow, WINDOW).unref()
    if (taken++ < STRANGERS_MAX) return true
    suppressed++
    return false
  }

  const clean = (text: string | undefined) =>
    text && maskText(text.replace(UNSEEN, ' ').slice(0, NAME_MAX_LENGTH), keyring.secrets)

  return (event) => {
    if (event.transaction) observe.transaction(event.transaction)
    const { person, client } = event
    if (!person && !isTaken()) return
    const { oid, tid, name, preferred_username } = person ?? {}
    observe.audit({
      ...event,
      person:
        oid !== undefined && tid !== undefined
          ? { oid, tid, name: clean(name), preferred_username: clean(preferred_username) }
          : undefined,
      client: client && { digest: client.digest, name: clean(client.name) },
      reason: clean(event.reason),
      scope: clean(event.scope),
    })
  }
}

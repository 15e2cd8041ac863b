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

/** An event as it is told: what costs something to find out is asked for where somebody takes it. */
export type ToldEvent = Omit<AuditEvent, 'client' | 'address'> & {
  readonly client?: Told<AuditEvent['client']>
  readonly address?: Told<AuditEvent['address']>
}

type Told<T> = T | (() => T)

/** Writes to the audit log. */
export type Audit = (event: ToldEvent) => void

/** How many events of people who have proven nothing are taken within a minute. */
const STRANGERS_MAX = 60

/** In milliseconds. */
const WINDOW = 60_000

/** The longest text that is written down, in characters. */
const TEXT_MAX_LENGTH = 200

/** What no line may hold: controls, line ends, what turns the direction of writing, lone halves. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * The audit log. It takes no secret and no line of a stranger's: every text is masked, cut
 * and cleaned. What happens before anybody has signed in is bounded in number, and what is left out is
 * counted.
 */
export function createAudit({ observe, keyring }: Pick<Config, 'observe' | 'keyring'>): {
  audit: Audit
  /** Says what has been left out until now. */
  close(): void
} {
  let taken = 0
  let suppressed = 0

  function endWindow(): void {
    const count = suppressed
    taken = 0
    suppressed = 0
    if (count > 0) observe.audit?.({ event: 'audit.suppressed', outcome: 'success', count })
  }

  function isTaken(): boolean {
    if (taken === 0) setTimeout(endWindow, WINDOW).unref()
    if (taken++ < STRANGERS_MAX) return true
    suppressed++
    return false
  }

  // Masked before it is cut: half a secret looks like none. Cleaned last: so does half a character.
  const clean = (text: string) =>
    maskText(text, keyring.secrets).slice(0, TEXT_MAX_LENGTH).replace(UNSEEN, ' ')

  const audit: Audit = (event) => {
    if (event.transaction) observe.transaction(event.transaction)
    // What nobody takes need not be cleaned.
    if (!observe.audit) return
    const { person, client: toldClient, ...facts } = event
    if (!person && event.actor === undefined && !isTaken()) return
    const client = known(toldClient)
    observe.audit({
      ...cleaned({ ...facts, address: known(event.address) }, clean),
      person: person && cleaned(pick(person, PERSON), clean),
      // The digest is of our own making, and looks like a secret.
      client: client && { digest: client.digest, name: client.name && clean(client.name) },
    })
  }
  return { audit, close: endWindow }
}

function known<T>(told: Told<T>): T {
  return told instanceof Function ? told() : told
}

const PERSON = ['oid', 'tid', 'name', 'preferred_username'] as const

/** Callers hand in more than the log is to have. */
function pick<T, Name extends keyof T>(value: T, names: readonly Name[]): Pick<T, Name> {
  return Object.fromEntries(names.map((name) => [name, value[name]])) as Pick<T, Name>
}

/** Every text of a record, whoever wrote it. */
function cleaned<T extends object>(record: T, clean: (text: string) => string): T {
  const fields = Object.entries(record).map(([name, value]) => [
    name,
    typeof value === 'string' && value !== '' ? clean(value) : value,
  ])
  return Object.fromEntries(fields) as T
}

/** Every event of the audit log, by its name, with what it means. The names are for keeps. */
export const AUDIT_EVENTS = {
  'consent.allowed': 'A person allowed a client, before they have signed in.',
  'consent.denied': 'A person denied a client.',
  'sign_in.completed': 'A person has signed in at Entra and was let in; the client gets a code.',
  'sign_in.failed': 'Entra did not sign a person in, or could not be asked.',
  'sign_in.refused':
    'A person has signed in at Entra, and is not let in: a rule of allow, or the operator keeps them out.',
  'apps.signed_in': 'A person has signed in to see what they have allowed.',
  'client.adopted': 'A person has let in a client that was not registered.',
  'token.issued': 'A client has redeemed its code.',
  'token.refreshed': 'A client has renewed its tokens.',
  'token.refused': 'A client presented a genuine code or refresh token in vain.',
  'grant.revoked': 'A grant has ended; its tokens are refused.',
  'consent.revoked': 'A person took back what they had allowed a client.',
  'tool.called': 'A tool of the MCP server was called, or a resource of it read.',
  'operator.sessions_revoked': 'The operator ended sign-ins: one, or all of somebody.',
  'operator.user_blocked': 'The operator keeps a person out.',
  'operator.user_unblocked': 'The operator lets a person in again.',
  'operator.client_disabled': 'The operator keeps a client out.',
  'operator.client_enabled': 'The operator lets a client in again.',
  'operator.consents_reset': 'The operator has people asked again.',
  'operator.key_rotated': 'The operator made a new master key.',
  'operator.key_retired': 'The operator retired a master key.',
  'operator.records_resealed': 'The operator had records sealed under the current key.',
  'operator.store_exported': 'The operator took everything that is stored into a file.',
  'operator.store_imported': 'The operator put what such a file has into a store.',
  'operator.refused': 'Somebody came to the operator’s API with a token that does not open it.',
  'audit.suppressed': 'Events of people who had proven nothing were left out, so many of them.',
} as const

export type AuditName = keyof typeof AUDIT_EVENTS

/** What came of it: done, failed for a fault, or refused by a rule or by somebody. */
export type AuditOutcome = 'success' | 'failure' | 'denied'

/** A person, by the ids that never change, and by the names of the moment. */
export type AuditPerson = {
  readonly oid: string
  readonly tid: string
  readonly name?: string | undefined
  readonly preferred_username?: string | undefined
}

/** A client: SHA-256 of its `client_id`, and the name that it gave itself. */
export type AuditClient = { readonly digest: string; readonly name?: string | undefined }

/** One line of the audit log. No field is free text but names, which are cut and cleaned. */
export type AuditEvent = {
  readonly event: AuditName
  readonly outcome: AuditOutcome
  /** Of what the operator did: who that was. */
  readonly actor?: string | undefined
  /** Why, by a stable word such as `invalid_grant` or a rule of `allow`. */
  readonly reason?: string | undefined
  readonly person?: AuditPerson | undefined
  readonly client?: AuditClient | undefined
  readonly grant?: string | undefined
  readonly transaction?: string | undefined
  /** Where the request came from, as far as trusted proxies tell. */
  readonly address?: string | undefined
  readonly scope?: string | undefined
  readonly aadsts?: number | undefined
  readonly entraTraceId?: string | undefined
  readonly tool?: string | undefined
  /** Of a master key, its id. */
  readonly key?: string | undefined
  /** Of what was left out, how many. */
  readonly count?: number | undefined
}

/** An event as a flat record, as every audit log has it; what is undefined is left out. */
export function auditFields(
  { person, client, event: _, ...facts }: AuditEvent,
  names: boolean,
): Record<string, string | number> {
  const fields = {
    ...facts,
    oid: person?.oid,
    tid: person?.tid,
    ...(names && { name: person?.name, upn: person?.preferred_username }),
    client: client?.digest,
    clientName: client?.name,
  }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Record<string, string | number>
}

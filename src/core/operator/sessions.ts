import type { Context } from '../context.ts'
import { type Grant, type HeldGrant, personOf, revokeGrant } from '../grants/grant.ts'
import { endSessions, type Scope } from './end-sessions.ts'
import { findClient } from './find-client.ts'
import { findPerson } from './find-person.ts'
import { OperatorError } from './operator-error.ts'
import { grantSteps } from './steps.ts'
import { type Paging, partOf, sliceOf } from './walk.ts'

/** What a person is signed in with. */
export type Session = {
  /** The grant's, by which it can be ended. */
  readonly id: string
  /** `<tid>/<oid>` */
  readonly person: string
  /** Sign-in name. */
  readonly username: string | undefined
  readonly client: { readonly digest: string; readonly name: string | undefined }
  readonly scope: string
  /** Seconds since the epoch. */
  readonly createdAt: number
  readonly renewedAt: number
}

export type SessionPart = {
  readonly sessions: readonly Session[]
  readonly next?: string | undefined
}

/** Whose sessions: one by its id, or all of a person, of a client, or of everybody. */
export type Target =
  | { readonly session: string }
  | { readonly user: string }
  | { readonly client: string }
  | { readonly all: true }

export type SessionQuery = Paging & {
  readonly user?: string | undefined
  readonly client?: string | undefined
}

export async function listSessions(query: SessionQuery, context: Context): Promise<SessionPart> {
  const client = query.client === undefined ? undefined : await findClient(query.client, context)
  // A code that nobody has redeemed is no session yet.
  const isAsked = ({ grant }: HeldGrant) => grant.generation > 0
  const part = await listGrants({ ...query, client: client?.digest }, isAsked, context)
  return { sessions: part.entries.map(({ grant }) => toSession(grant)), ...nextOf(part) }
}

async function listGrants(
  query: SessionQuery,
  isAsked: (held: HeldGrant) => boolean,
  context: Context,
): Promise<{ entries: readonly HeldGrant[]; next?: string | undefined }> {
  const { user, client } = query
  if (user === undefined) return partOf(grantSteps(context, client), isAsked, query)
  const { id } = await findPerson(user, context)
  const held = (await context.grants.list(id, client)).filter(isAsked)
  const latest = held.toSorted((a, b) => b.grant.createdAt - a.grant.createdAt)
  return sliceOf(latest, query)
}

/** Ends what is meant; gives how many sessions that were. */
export async function revokeSessions(target: Target, context: Context): Promise<number> {
  if ('session' in target) return revokeOne(target.session, context)
  return endSessions(await scopeOf(target, context), 'ended by the operator', context)
}

async function scopeOf(
  target: Exclude<Target, { session: string }>,
  context: Context,
): Promise<Scope> {
  if ('user' in target) {
    return { kind: 'person', id: (await findPerson(target.user, context)).id }
  }
  if ('client' in target) {
    return { kind: 'client', id: (await findClient(target.client, context)).digest }
  }
  return { kind: 'all', id: '' }
}

async function revokeOne(id: string, context: Context): Promise<number> {
  const { grants, revocations, config, audit } = context
  const held = /^[\w-]{22}$/.test(id) ? await grants.find(id) : undefined
  if (!held) {
    const message = `There is no session '${id.slice(0, 100)}'.`
    throw new OperatorError('unknown', message, 'See sessions list for their ids.')
  }
  const message = 'The operator ended the sign-in; the grant is revoked.'
  const ending = { reason: 'ended by the operator', message }
  const revoking = { grants, revoked: revocations, log: config.log, audit }
  return (await revokeGrant(held, ending, revoking)) ? 1 : 0
}

function toSession(grant: Grant): Session {
  const { id, user, client, scope, createdAt, rotatedAt } = grant
  return {
    id,
    person: personOf(user),
    username: user.preferred_username,
    client: { digest: client.digest, name: client.name },
    scope,
    createdAt,
    renewedAt: rotatedAt ?? createdAt,
  }
}

function nextOf({ next }: { next?: string | undefined }): { next?: string } {
  return next === undefined ? {} : { next }
}

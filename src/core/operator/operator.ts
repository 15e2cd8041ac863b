import type { Barring } from '../barred.ts'
import { addressOf, type Connection } from '../client-address.ts'
import type { Context } from '../context.ts'
import { EntraError } from '../errors.ts'
import { personOf } from '../grants/grant.ts'
import { type Actor, type Doing, type Done, doAudited, findSubject } from './audited.ts'
import { type BarResult, bar } from './bar.ts'
import { findClient } from './find-client.ts'
import { findPerson, type Person } from './find-person.ts'
import { type ClientPart, listClients } from './list-clients.ts'
import { resetConsents } from './reset-consents.ts'
import {
  listSessions,
  revokeSessions,
  type SessionPart,
  type SessionQuery,
  type Target,
} from './sessions.ts'
import { barringSteps } from './steps.ts'
import { type Paging, partOf } from './walk.ts'

export type BlockedPart = { readonly users: readonly Barring[]; readonly next?: string | undefined }

/**
 * What the operator sees and can end. A `user` is `<tid>/<oid>`, an object id or a sign-in name; a
 * `client` a client_id, its digest or a name. What cannot be found throws `OperatorError`.
 */
export type Operator = {
  readonly sessions: {
    list(query?: SessionQuery): Promise<SessionPart>
    /** Gives how many have ended. */
    revoke(target: Target): Promise<number>
  }
  readonly users: {
    /** Keeps a person out, and ends all that they are signed in with. */
    block(user: string): Promise<BarResult>
    /** Lets them in again; `isNew` is false where they were not blocked. */
    unblock(user: string): Promise<Person & { readonly isNew: boolean }>
    list(paging?: Paging): Promise<BlockedPart>
  }
  readonly clients: {
    list(paging?: Paging): Promise<ClientPart>
    /** Keeps a client out, for everybody, and ends all that is signed in with it. */
    disable(client: string): Promise<BarResult>
    enable(client: string): Promise<Person & { readonly isNew: boolean }>
  }
  readonly consents: {
    /** Has people asked again; gives how many remembered answers are forgotten. */
    reset(target: Exclude<Target, { session: string }>): Promise<number>
  }
}

/** How the operator's hand is got hold of. */
export type OperatorAccess = {
  /**
   * The operations. What they change stands in the log and in the audit log, with who did it, such
   * as `command:alice`, and from where.
   */
  as(actor: string, connection?: Connection): Operator
  /**
   * Whose access token of Entra's for this application this is, with the app role
   * `Entrance.Operator`; who is blocked has none here. Throws `EntraError`.
   */
  verifyToken(token: string): Promise<string>
  /** Writes to the audit log that somebody was not let in, by a word such as `wrong_token`. */
  refused(reason: string, connection?: Connection): void
}

/** The app role that lets somebody operate a server. */
const OPERATOR_ROLE = 'Entrance.Operator'

export function createOperatorAccess(context: Context): OperatorAccess {
  return {
    as: (actor, connection) => createOperator(context, { actor, address: addressOf(connection) }),
    async verifyToken(token) {
      const person = personOf(await context.entra.verifyRole(token, OPERATOR_ROLE))
      // Who is kept out must not let themselves in again.
      if (!(await context.barred.has('person', person))) return person
      throw new EntraError('The operator of this server has blocked this account.', {
        isTransient: false,
        cure: 'Use ENTRANCE_OPERATOR_TOKEN, or have another operator unblock it.',
      })
    },
    refused(reason, connection) {
      const address = addressOf(connection)
      context.audit({ event: 'operator.refused', outcome: 'denied', reason, address })
    },
  }
}

function createOperator(context: Context, by: Actor): Operator {
  const { barred } = context
  const told = <T extends Done>(doing: Doing, about: object, work: () => Promise<T>) =>
    doAudited(doing, about, by, context, work)

  return {
    sessions: {
      list: (query = {}) => listSessions(query, context),
      async revoke(target) {
        const about = await findSubject(target, context)
        return told('operator.sessions_revoked', about, () => revokeSessions(target, context))
      },
    },
    users: {
      block: (user) =>
        told('operator.user_blocked', {}, async () =>
          bar('person', await findPerson(user, context), context),
        ),
      unblock: (user) =>
        told('operator.user_unblocked', {}, async () => {
          const person = await findPerson(user, context)
          return { ...person, isNew: await barred.lift('person', person.id) }
        }),
      async list(paging = {}) {
        const { entries, next } = await partOf(barringSteps('person', context), () => true, paging)
        return { users: entries, next }
      },
    },
    clients: {
      list: (paging = {}) => listClients(paging, context),
      disable: (client) =>
        told('operator.client_disabled', {}, async () => {
          const { digest: id, name } = await findClient(client, context)
          return bar('client', { id, name }, context)
        }),
      enable: (client) =>
        told('operator.client_enabled', {}, async () => {
          const { digest: id, name } = await findClient(client, context)
          return { id, name, isNew: await barred.lift('client', id) }
        }),
    },
    consents: {
      async reset(target) {
        const about = await findSubject(target, context)
        return told('operator.consents_reset', about, () => resetConsents(target, context))
      },
    },
  }
}

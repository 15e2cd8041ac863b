import type { Barring } from '../barred.ts'
import type { Context } from '../context.ts'
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
  /** The operations; what they change is logged with who did it, such as `the command line`. */
  as(actor: string): Operator
  /**
   * Whose access token of Entra's for this application this is, with the app role
   * `Entrance.Operator`. Throws `EntraError`.
   */
  verifyToken(token: string): Promise<string>
}

/** The app role that lets somebody operate a server. */
const OPERATOR_ROLE = 'Entrance.Operator'

export function createOperatorAccess(context: Context): OperatorAccess {
  return {
    as: (actor) => createOperator(context, actor),
    async verifyToken(token) {
      const { tid, oid } = await context.entra.verifyRole(token, OPERATOR_ROLE)
      return `${tid}/${oid}`
    },
  }
}

function createOperator(context: Context, actor: string): Operator {
  const { barred, config } = context

  /** One line for each thing done, with what came of it. */
  async function told<T>(event: string, about: object, work: () => Promise<T>): Promise<T> {
    const result = await work()
    const done = typeof result === 'object' ? { ...result } : { count: result }
    const message = `The operator's hand: ${event}.`
    config.log({ event: `operator.${event}`, level: 'warn', message, actor, ...about, ...done })
    return result
  }

  return {
    sessions: {
      list: (query = {}) => listSessions(query, context),
      revoke: (target) => told('sessions-revoked', target, () => revokeSessions(target, context)),
    },
    users: {
      block: (user) =>
        told('user-blocked', {}, async () =>
          bar('person', await findPerson(user, context), context),
        ),
      unblock: (user) =>
        told('user-unblocked', {}, async () => {
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
        told('client-disabled', {}, async () => {
          const { digest: id, name } = await findClient(client, context)
          return bar('client', { id, name }, context)
        }),
      enable: (client) =>
        told('client-enabled', {}, async () => {
          const { digest: id, name } = await findClient(client, context)
          return { id, name, isNew: await barred.lift('client', id) }
        }),
    },
    consents: {
      reset: (target) => told('consents-reset', target, () => resetConsents(target, context)),
    },
  }
}

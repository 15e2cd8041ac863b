import type { AuditEvent, AuditName } from '../audit-event.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../errors.ts'
import { findClient } from './find-client.ts'
import { findPerson } from './find-person.ts'
import { OperatorError } from './operator-error.ts'
import type { Target } from './sessions.ts'

/** Who does something, and from where, if from afar. */
export type Actor = { readonly actor: string; readonly address?: string | undefined }

/** What the operator can do that changes something. */
export type Doing = Extract<AuditName, `operator.${string}ed` | 'operator.consents_reset'>

/** What came of it: how many, or whom it was about. */
export type Done =
  | number
  | {
      readonly id: string
      readonly name: string | undefined
      readonly isNew: boolean
      readonly sessions?: number
    }

/** Whom something is about, as the audit log has it. */
type Subject = Pick<AuditEvent, 'person' | 'client' | 'grant'>

/** Does it, with a line in the log and one in the audit log about what came of it, a failure too. */
export async function doAudited<T extends Done>(
  doing: Doing,
  about: Subject,
  by: Actor,
  { audit, config }: Context,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work()
    const done = typeof result === 'object' ? { ...result } : { count: result }
    const event = doing.replaceAll('_', '-')
    const { actor } = by
    const message = `The operator's hand: ${event.replace('operator.', '')}.`
    config.log({ event, level: 'warn', message, actor, ...logged(about), ...done })
    audit({ event: doing, outcome: 'success', ...by, ...about, ...subjectOf(doing, result) })
    return result
  } catch (error) {
    // Who is not known, or several, has been neither ended nor kept out.
    if (error instanceof OperatorError) throw error
    const reason = error instanceof OAuthError ? error.code : 'error'
    audit({ event: doing, outcome: 'failure', reason, ...by, ...about })
    throw error
  }
}

/** Whose sessions or answers are meant: what is named by a name is looked up. Nobody: everybody's. */
export async function findSubject(target: Target, context: Context): Promise<Subject> {
  if ('session' in target) return { grant: target.session }
  if ('user' in target) return { person: toPerson(await findPerson(target.user, context)) }
  if (!('client' in target)) return {}
  const { digest, name } = await findClient(target.client, context)
  return { client: { digest, name } }
}

function subjectOf(doing: Doing, done: Done): Subject & Pick<AuditEvent, 'count'> {
  if (typeof done === 'number') return { count: done }
  const { id, name, sessions: count } = done
  const isClient = doing.startsWith('operator.client')
  return isClient ? { client: { digest: id, name }, count } : { person: toPerson(done), count }
}

function toPerson({ id, name }: { readonly id: string; readonly name: string | undefined }) {
  const [tid = '', oid = ''] = id.split('/')
  return { tid, oid, preferred_username: name }
}

function logged({ person, client, grant }: Subject) {
  return {
    ...(person && { user: `${person.tid}/${person.oid}` }),
    ...(client && { client: client.name ?? client.digest }),
    ...(grant && { session: grant }),
  }
}

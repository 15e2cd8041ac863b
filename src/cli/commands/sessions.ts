import { UsageError } from '../exit-codes.ts'
import { type OperatorOptions, show, withOperator } from '../operator/connect.ts'
import { isMeant, plural, tellNext, toDate, writeTable } from '../operator/output.ts'
import { questionOf, type TargetOptions, targetOf } from '../operator/target.ts'
import type { Terminal } from '../terminal.ts'

export type PagingOptions = { after?: string; limit?: number }

export type SessionsListOptions = OperatorOptions &
  PagingOptions & { user?: string; client?: string }

export type SessionsRevokeOptions = OperatorOptions & TargetOptions & { yes?: boolean }

/** `entrance sessions list`: who is signed in with what. */
export async function sessionsList(
  options: SessionsListOptions,
  terminal: Terminal,
): Promise<void> {
  const { user, client, after, limit } = options
  await withOperator(options, terminal, async ({ sessions }) => {
    const part = await sessions.list({ user, client, after, limit })
    show(part, options, terminal, () => {
      if (part.sessions.length === 0)
        terminal.note(options.api === undefined ? NONE : 'No sessions.')
      else writeTable(HEADINGS, part.sessions.map(toRow), terminal)
      tellNext(part.next, terminal)
    })
  })
}

// With other keys, another address or app registration than the server has, none opens.
const NONE = 'No sessions that these settings open. entrance store check says what else is there.'

const HEADINGS = ['SESSION', 'PERSON', 'CLIENT', 'SINCE', 'RENEWED', 'SCOPE']

type Row = Awaited<
  ReturnType<Parameters<Parameters<typeof withOperator>[2]>[0]['sessions']['list']>
>['sessions'][number]

function toRow({ id, username, person, client, createdAt, renewedAt, scope }: Row) {
  const name = client.name ?? client.digest
  return [id, username ?? person, name, toDate(createdAt), toDate(renewedAt), scope]
}

/** `entrance sessions revoke`: ends one, or all of somebody. */
export async function sessionsRevoke(
  session: string | undefined,
  options: SessionsRevokeOptions,
  terminal: Terminal,
): Promise<void> {
  const isOfSomebody = Boolean(options.user ?? options.client ?? options.all)
  if (session !== undefined && isOfSomebody) {
    throw new UsageError('A session and whose sessions are given; give the one or the other.')
  }
  const target = session === undefined ? targetOf(options, 'a session, ') : { session }
  const question = 'session' in target ? undefined : questionOf(target, 'End the sessions')
  if (question && !(await isMeant(question, options, terminal))) return
  await withOperator(options, terminal, async ({ sessions }) => {
    const count = await sessions.revoke(target)
    show({ count }, options, terminal, () => terminal.out(`Ended ${plural(count, 'session')}.`))
  })
}

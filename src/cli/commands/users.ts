import { type OperatorOptions, show, withOperator } from '../operator/connect.ts'
import { plural, tellNext, toDate, writeTable } from '../operator/output.ts'
import type { Terminal } from '../terminal.ts'
import type { PagingOptions } from './sessions.ts'

/** `entrance users block`: keeps a person out, and ends what they have. */
export async function usersBlock(
  user: string,
  options: OperatorOptions,
  terminal: Terminal,
): Promise<void> {
  await withOperator(options, terminal, async ({ users }) => {
    const done = await users.block(user)
    const who = done.name ?? done.id
    const what = done.isNew ? `Blocked ${who}` : `${who} was blocked already`
    show(done, options, terminal, () =>
      terminal.out(`${what}; ended ${plural(done.sessions, 'session')}.`),
    )
  })
}

/** `entrance users unblock`: they can sign in again. */
export async function usersUnblock(
  user: string,
  options: OperatorOptions,
  terminal: Terminal,
): Promise<void> {
  await withOperator(options, terminal, async ({ users }) => {
    const done = await users.unblock(user)
    const who = done.name ?? done.id
    show(done, options, terminal, () =>
      terminal.out(done.isNew ? `${who} can sign in again.` : `${who} was not blocked.`),
    )
  })
}

/** `entrance users list`: who is blocked. */
export async function usersList(
  options: OperatorOptions & PagingOptions,
  terminal: Terminal,
): Promise<void> {
  const { after, limit } = options
  await withOperator(options, terminal, async ({ users }) => {
    const part = await users.list({ after, limit })
    const rows = part.users.map(({ id, name, at }) => [id, name, toDate(at)])
    show(part, options, terminal, () => {
      if (rows.length === 0) terminal.note('Nobody is blocked.')
      else writeTable(['PERSON', 'NAME', 'BLOCKED'], rows, terminal)
      tellNext(part.next, terminal)
    })
  })
}

import { type OperatorOptions, show, withOperator } from '../operator/connect.ts'
import { isMeant, plural, tellNext, toDate, writeTable } from '../operator/output.ts'
import type { Terminal } from '../terminal.ts'
import type { PagingOptions } from './sessions.ts'

const HEADINGS = ['CLIENT', 'NAME', 'SESSIONS', 'PEOPLE', 'LAST USED', 'KNOWN', 'STATE']

/** `entrance clients list`: what people are signed in with, and what is known besides. */
export async function clientsList(
  options: OperatorOptions & PagingOptions,
  terminal: Terminal,
): Promise<void> {
  const { after, limit } = options
  await withOperator(options, terminal, async ({ clients }) => {
    const part = await clients.list({ after, limit })
    const rows = part.clients.map((client) => [
      ...[
        client.digest,
        client.name,
        counted(client.sessions, client),
        counted(client.people, client),
      ],
      ...[toDate(client.lastUsedAt), client.known, client.isDisabled ? 'disabled' : 'enabled'],
    ])
    show(part, options, terminal, () => {
      if (rows.length === 0) terminal.note('No clients here.')
      else writeTable(HEADINGS, rows, terminal)
      tellNext(part.next, terminal)
    })
  })
}

/** With a plus where not all were counted. */
function counted(count: number, { isMore }: { isMore: boolean }): string {
  return `${count}${isMore ? '+' : ''}`
}

/** `entrance clients disable`: keeps a client out, for everybody. */
export async function clientsDisable(
  client: string,
  options: OperatorOptions & { yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  if (!(await isMeant(`Disable ${client} for everybody?`, options, terminal))) return
  await withOperator(options, terminal, async ({ clients }) => {
    const done = await clients.disable(client)
    const which = done.name ?? done.id
    const what = done.isNew ? `Disabled ${which}` : `${which} was disabled already`
    show(done, options, terminal, () =>
      terminal.out(`${what}; ended ${plural(done.sessions, 'session')}.`),
    )
  })
}

/** `entrance clients enable`: people can sign in with it again. */
export async function clientsEnable(
  client: string,
  options: OperatorOptions,
  terminal: Terminal,
): Promise<void> {
  await withOperator(options, terminal, async ({ clients }) => {
    const done = await clients.enable(client)
    const which = done.name ?? done.id
    show(done, options, terminal, () =>
      terminal.out(done.isNew ? `${which} can be used again.` : `${which} was not disabled.`),
    )
  })
}

import { type Command, InvalidArgumentError } from 'commander'
import type { SessionsListOptions, SessionsRevokeOptions } from './commands/sessions.ts'
import type { OperatorOptions } from './operator/connect.ts'
import type { TargetOptions } from './operator/target.ts'
import type { WithTerminal } from './program-setup.ts'

type Confirmed = OperatorOptions & { yes?: boolean }

/** The operator's commands: what they take and what they say of themselves. */
export function addOperator(program: Command, withTerminal: WithTerminal): void {
  addSessions(program, withTerminal)
  addUsers(program, withTerminal)
  addClients(program, withTerminal)
  addConsents(program, withTerminal)
}

function addSessions(program: Command, withTerminal: WithTerminal): void {
  const sessions = program
    .command('sessions')
    .description('Who is signed in with what, and the end of it.')
    .addHelpText('after', OPERATOR_HELP)
  paged(common(sessions.command('list')))
    .description('List the sessions.')
    .option('--user <user>', 'Of one person: sign-in name, object id, or <tenant id>/<object id>.')
    .option('--client <client>', 'With one client: client_id, digest or name.')
    .action(async (options: SessionsListOptions) => {
      const { sessionsList } = await import('./commands/sessions.ts')
      await withTerminal((terminal) => sessionsList(options, terminal))
    })
  target(common(sessions.command('revoke [session]')))
    .description('End a session, or all of a person, of a client, or of everybody.')
    .action(async (session: string | undefined, options: SessionsRevokeOptions) => {
      const { sessionsRevoke } = await import('./commands/sessions.ts')
      await withTerminal((terminal) => sessionsRevoke(session, options, terminal))
    })
}

function addUsers(program: Command, withTerminal: WithTerminal): void {
  const users = program
    .command('users')
    .description('People who are kept out.')
    .addHelpText('after', OPERATOR_HELP)
  common(users.command('block <user>'))
    .description('Keep a person out, and end what they are signed in with.')
    .action(async (user: string, options: OperatorOptions) => {
      const { usersBlock } = await import('./commands/users.ts')
      await withTerminal((terminal) => usersBlock(user, options, terminal))
    })
  common(users.command('unblock <user>'))
    .description('Let a person sign in again.')
    .action(async (user: string, options: OperatorOptions) => {
      const { usersUnblock } = await import('./commands/users.ts')
      await withTerminal((terminal) => usersUnblock(user, options, terminal))
    })
  paged(common(users.command('list')))
    .description('List who is blocked.')
    .action(async (options: OperatorOptions) => {
      const { usersList } = await import('./commands/users.ts')
      await withTerminal((terminal) => usersList(options, terminal))
    })
}

function addClients(program: Command, withTerminal: WithTerminal): void {
  const clients = program
    .command('clients')
    .description('The clients that people sign in with.')
    .addHelpText('after', OPERATOR_HELP)
  paged(common(clients.command('list')))
    .description('List them, with how many sessions and people each has.')
    .action(async (options: OperatorOptions) => {
      const { clientsList } = await import('./commands/clients.ts')
      await withTerminal((terminal) => clientsList(options, terminal))
    })
  common(clients.command('disable <client>'))
    .description('Keep a client out for everybody, and end what is signed in with it.')
    .option('-y, --yes', 'Ask nothing.')
    .action(async (client: string, options: Confirmed) => {
      const { clientsDisable } = await import('./commands/clients.ts')
      await withTerminal((terminal) => clientsDisable(client, options, terminal))
    })
  common(clients.command('enable <client>'))
    .description('Let people sign in with a client again.')
    .action(async (client: string, options: OperatorOptions) => {
      const { clientsEnable } = await import('./commands/clients.ts')
      await withTerminal((terminal) => clientsEnable(client, options, terminal))
    })
}

function addConsents(program: Command, withTerminal: WithTerminal): void {
  const consents = program
    .command('consents')
    .description('The answers that are remembered (ENTRANCE_CONSENT=remember).')
    .addHelpText('after', OPERATOR_HELP)
  target(common(consents.command('reset')))
    .description('Forget them, of a person, of a client, or all: people are asked again.')
    .action(async (options: Confirmed & TargetOptions) => {
      const { consentsReset } = await import('./commands/consents.ts')
      await withTerminal((terminal) => consentsReset(options, terminal))
    })
}

function common(command: Command): Command {
  return command
    .option('--data <folder>', 'The server’s data folder (ENTRANCE_DATA; default .entrance).')
    .option('--store <store>', 'The server’s store (ENTRANCE_STORE).')
    .option('--emulator', 'The server is one that runs with --emulator.')
    .option('--api <url>', 'Ask a running server at its operator’s port instead.')
    .option('--json', 'Write the result as JSON.')
}

function paged(command: Command): Command {
  return command
    .option('--limit <number>', 'About how many to list (default 100).', parseLimit)
    .option('--after <where>', 'Go on where the list before ended.')
}

function target(command: Command): Command {
  return command
    .option('--user <user>', 'Of one person: sign-in name, object id, or <tenant id>/<object id>.')
    .option('--client <client>', 'Of everybody with one client: client_id, digest or name.')
    .option('--all', 'Of everybody.')
    .option('-y, --yes', 'Ask nothing.')
}

function parseLimit(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number
  throw new InvalidArgumentError('Expected a whole number from 1 to 1000.')
}

const OPERATOR_HELP = `
The commands read .env and the variables as serve does, and work on its store: on the machine that it
runs on, or wherever the store can be reached. With --api they ask a running server; the token for it
is read from ENTRANCE_OPERATOR_TOKEN only.`

import type { Command } from 'commander'
import type { KeysOptions } from './commands/keys.ts'
import { parseOverlap } from './option-values.ts'
import type { WithTerminal } from './program-setup.ts'

/** `entrance keys` and what it says of itself. */
export function addKeys(program: Command, withTerminal: WithTerminal): void {
  const keys = program
    .command('keys')
    .description('The master keys, from which everything else is derived.')
  withStore(withPlace(keys.command('list')))
    .description('List them by id, with what depends on each; the keys themselves are not shown.')
    .action(async (options: KeysOptions) => {
      const { listKeys } = await import('./commands/keys.ts')
      await listKeys(options)
    })
  withPlace(keys.command('rotate'))
    .description('Make a new key; the former ones go on being recognised.')
    .option('--in <seconds>', 'How long until it is used (default 120).', parseOverlap)
    .action(async (options: KeysOptions & { in?: number }) => {
      const { rotateKeys } = await import('./commands/keys.ts')
      await rotateKeys(options)
    })
  withStore(withPlace(keys.command('reseal')))
    .description('Seal what the store holds under former keys with the current one.')
    .action((options: KeysOptions) =>
      withTerminal(async (terminal) => {
        const { resealKeys } = await import('./commands/keys-reseal.ts')
        await resealKeys(options, terminal)
      }),
    )
  // An id may begin with a hyphen, and is no option then.
  withStore(withPlace(keys.command('retire <id>').allowUnknownOption()))
    .description('Recognise a former key no more; says first what ends with it.')
    .option('--yes', 'Do not ask.')
    .action((id: string, options: KeysOptions & { yes?: boolean }) =>
      withTerminal(async (terminal) => {
        const { retireKey } = await import('./commands/keys-retire.ts')
        await retireKey(id, options, terminal)
      }),
    )
}

/** The options that all of them have. */
function withPlace(command: Command): Command {
  return command
    .option('--data <folder>', 'The server’s data folder (ENTRANCE_DATA; default .entrance).')
    .option('--json', 'Write the result as JSON.')
}

function withStore(command: Command): Command {
  return command.option('--store <store>', 'Where grants are kept (ENTRANCE_STORE).')
}

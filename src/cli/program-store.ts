import type { Command } from 'commander'
import type { StoreExportOptions } from './commands/store-export.ts'
import type { StoreImportOptions } from './commands/store-import.ts'
import type { OperatorOptions } from './operator/connect.ts'
import type { WithTerminal } from './program-setup.ts'

/** `entrance store` and what it says of itself. */
export function addStore(program: Command, withTerminal: WithTerminal): void {
  const store = program
    .command('store')
    .description('Where sign-ins are kept: look at it, and move it.')
    .addHelpText('after', STORE_HELP)
  withServer(withStore(store.command('check')))
    .description('Whether a server can rest on it, and what is in it; changes nothing.')
    .action(async (options: OperatorOptions) => {
      const { storeCheck } = await import('./commands/store-check.ts')
      await withTerminal((terminal) => storeCheck(options, terminal))
    })
  withStore(store.command('migrate'))
    .description('Bring its schema up to date, as a start does; servers may run meanwhile.')
    .action(async (options: OperatorOptions) => {
      const { storeMigrate } = await import('./commands/store-migrate.ts')
      await withTerminal((terminal) => storeMigrate(options, terminal))
    })
  withStore(store.command('export [file]'))
    .description('Write all that it holds to a file, as it is sealed; - is stdout.')
    .option('--force', 'Overwrite the file.')
    .action(async (file: string | undefined, options: StoreExportOptions) => {
      const { storeExport } = await import('./commands/store-export.ts')
      await withTerminal((terminal) => storeExport(file ?? '-', options, terminal))
    })
  withServer(withStore(store.command('import <file>')))
    .description('Put what an export has into an empty store; - is stdin. Goes on where it was.')
    .option('--merge', 'Into a store that is not empty: what is as new there stays.')
    .option('--without-keys', 'Also what is sealed under keys that are not here.')
    .action(async (file: string, options: StoreImportOptions) => {
      const { storeImport } = await import('./commands/store-import.ts')
      await withTerminal((terminal) => storeImport(file, options, terminal))
    })
}

function withStore(command: Command): Command {
  return command
    .option('--data <folder>', 'The server’s data folder (ENTRANCE_DATA; default .entrance).')
    .option('--store <store>', 'The store (ENTRANCE_STORE).')
    .option('--json', 'Write the result as JSON.')
}

function withServer(command: Command): Command {
  return command.option('--emulator', 'The server is one that runs with --emulator.')
}

const STORE_HELP = `
To move a server to another store without signing anybody out: stop it, export, set ENTRANCE_STORE to
the new store, import, start it. The keys have to come along; docs/storage.md has every step.

  $ entrance store export moving.jsonl
  $ ENTRANCE_STORE=… entrance store import moving.jsonl`

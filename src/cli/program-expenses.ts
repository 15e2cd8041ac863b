import type { Command } from 'commander'
import type { CopyExpensesOptions } from './commands/expenses-copy.ts'
import type { WithTerminal } from './program-setup.ts'

/** `entrance expenses` and what it says of itself. */
export function addExpenses(program: Command, withTerminal: WithTerminal): void {
  program
    .command('expenses')
    .description('The expenses that the server keeps.')
    .command('copy')
    .description('Copy those of an SQLite file to where the server keeps them, each once.')
    .option('--from <file>', 'The file (default: expenses.db of the data folder).')
    .option('--data <folder>', 'The server’s data folder (ENTRANCE_DATA; default .entrance).')
    .option('--store <store>', 'Where the server keeps grants (ENTRANCE_STORE).')
    .option('--expenses-store <store>', 'Where it keeps expenses (EXPENSES_STORE).')
    .option('--json', 'Write the result as JSON.')
    .addHelpText('after', COPY_HELP)
    .action((options: CopyExpensesOptions) =>
      withTerminal(async (terminal) => {
        const { copyExpenses } = await import('./commands/expenses-copy.ts')
        await copyExpenses(options, terminal)
      }),
    )
}

const COPY_HELP = `
For a server that moves to PostgreSQL. Stop it first: what it adds to the file meanwhile is not
copied. The file stays as it is, and what is there already stays as it is there.

  $ EXPENSES_STORE=… entrance expenses copy`

import { type Command, Option } from 'commander'
import type { ConnectOptions } from './commands/connect.ts'
import type { WithTerminal } from './program-setup.ts'

/** `entrance connect`: what it takes and what it says of itself. */
export function addConnect(program: Command, withTerminal: WithTerminal): void {
  program
    .command('connect')
    .description('Connect a client, such as VS Code, to an MCP server.')
    .argument('[client]', 'which one; without it, they are listed')
    .argument(
      '[url]',
      'of the MCP endpoint (ENTRANCE_URL and /mcp; default http://localhost:8000/mcp)',
    )
    .option('--name <name>', 'What the server is called there (default: as it calls itself).')
    .addOption(
      new Option('--user', 'Write the file that is for all of your projects.').conflicts('project'),
    )
    .option('--project', 'Write the file of this folder, for this project only.')
    .addOption(
      new Option('--print', 'Write the entry to stdout, and no file.').conflicts([
        ...['dryRun', 'force'],
      ]),
    )
    .option('--dry-run', 'Show what would change in the file, and write nothing.')
    .option('--force', 'Replace another entry of that name without a question.')
    .option('--offline', 'Do not ask the server for its name.')
    .addHelpText('after', CONNECT_HELP)
    .action(
      async (client: string | undefined, url: string | undefined, options: ConnectOptions) => {
        const { connect } = await import('./commands/connect.ts')
        await withTerminal((terminal) => connect(client, url, options, terminal))
      },
    )
}

const CONNECT_HELP = `
What is in the file already stays as it is, with its comments. A file that cannot be read is left
alone. The entry has the server's address and no secret: the client signs you in itself.

Examples:
  $ entrance connect
  $ entrance connect vscode
  $ entrance connect codex https://expenses.example.com/mcp --dry-run
  $ entrance connect cursor https://expenses.example.com/mcp --user --name expenses`

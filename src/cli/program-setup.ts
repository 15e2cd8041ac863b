import { type Command, InvalidArgumentError, Option } from 'commander'
import type { SetupOptions } from './setup/settings.ts'
import type { Terminal } from './terminal.ts'

/** Gives a command its terminal. */
export type WithTerminal = (work: (terminal: Terminal) => Promise<void>) => Promise<void>

/** `entrance setup`: what it takes and what it says of itself. */
export function addSetup(program: Command, withTerminal: WithTerminal): void {
  const setup = program
    .command('setup')
    .description('Make the app registration in Entra ID, or mend it, and write .env.')
  addRegistrationOptions(setup)
  addCredentialOptions(setup)
  addRunOptions(setup)
  setup.addHelpText('after', SETUP_HELP).action(async (options: SetupOptions) => {
    const { setup: run } = await import('./commands/setup.ts')
    await withTerminal((terminal) => run(options, terminal))
  })
}

function addRegistrationOptions(setup: Command): void {
  setup
    .option('--url <url>', 'Public base URL (ENTRANCE_URL; default http://localhost:8000).')
    .option('--also <url...>', 'More base URLs that people come back to.')
    .option('--name <name>', 'Name of a new application (default: Entrance and the host).')
    .option('--client-id <id>', 'Application that is there already (ENTRA_PROXY_AZURE_CLIENT_ID).')
    .option('--tenant-id <id>', 'Entra tenant (AZURE_TENANT_ID; default that of the account).')
    .option('--authority <url>', 'Another login host (ENTRANCE_AUTHORITY).')
    .addOption(
      new Option('--account-type <type>', 'Whose accounts may sign in (default single).').choices([
        ...['single', 'multiple', 'any', 'personal'],
      ]),
    )
    .option('--scope <name...>', 'More scopes to expose besides mcp-access.')
    .addOption(
      new Option('--consent-by <whom>', 'Who can consent to the scopes (default users).').choices([
        ...['users', 'admins'],
      ]),
    )
    .option('--pre-authorize <client...>', 'Clients that need no consent: their ids, vscode or az.')
    .option(
      '--operator [person...]',
      'Make the app role for the operator’s API, and give it to these people.',
    )
    .option('--admin-consent', 'Consent in everybody’s name, as an administrator may.')
    .option('--override', 'Change what somebody else has set, too, where it keeps people out.')
}

function addCredentialOptions(setup: Command): void {
  setup
    .option(
      '--credential <kind>',
      'secret, certificate[:file], workload-identity or managed-identity (ENTRANCE_CREDENTIAL; default secret).',
    )
    .option('--issuer <url>', 'Who issues the workload’s tokens.')
    .option('--subject <subject>', 'Whom they are about; of a managed identity, its object id.')
    .option('--new-secret', 'Make another client secret even where there is a good one.')
    .option('--secret-days <days>', 'How long a new one lives (default 365).', parseDays)
    .option('--data <folder>', 'Folder for a certificate’s key (ENTRANCE_DATA; default .entrance).')
}

function addRunOptions(setup: Command): void {
  setup
    .addOption(
      new Option(
        '--token <from>',
        'Whose rights to use (default ENTRANCE_GRAPH_TOKEN, az, azd, else a device code).',
      ).choices(['env', 'az', 'azd', 'device-code']),
    )
    .option('--login-client <id>', 'Client id to sign in with by device code.')
    .option('--dotenv <file>', 'File to write (default .env).')
    .option('--dry-run', 'Show every call to Microsoft Graph, and change nothing.')
    .option('--output <file>', 'Write a request for an administrator, and change nothing.')
    .option('--print-secret', 'Print the client secret too.')
    .option('-y, --yes', 'Ask nothing.')
    .option('--json', 'Write the result as JSON.')
}

const SETUP_HELP = `
It adds what is missing, and removes nothing. A second run changes nothing; one that was stopped
goes on where it stopped. Without the rights for it, it writes entrance-request.md, which an
administrator can carry out. A token is read from ENTRANCE_GRAPH_TOKEN only: a command line is for
everybody on the machine to read.

Examples:
  $ entrance setup
  $ entrance setup --url https://expenses.example.com --admin-consent
  $ entrance setup --url https://expenses.example.com --output request.md`

function parseDays(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 730) return Number(text)
  throw new InvalidArgumentError('Expected a whole number of days from 1 to 730.')
}

import { Command, Option } from 'commander'
import { addAllowOptions } from './allow-settings.ts'
import type { LoginCommandOptions, OutputOptions } from './commands/client.ts'
import { addEmulator } from './emulator-program.ts'
import { environment, type ServeOptions } from './env.ts'
import { parseDrain, parseHops, parseSeconds, portOption } from './option-values.ts'
import { packageVersion } from './package-version.ts'
import { addChat } from './program-chat.ts'
import { addConnect } from './program-connect.ts'
import { addDoctor } from './program-doctor.ts'
import { addExpenses } from './program-expenses.ts'
import { addKeys } from './program-keys.ts'
import { addOperator } from './program-operator.ts'
import { addSetup } from './program-setup.ts'
import { addStore } from './program-store.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/** The command line: what there is and what it says of itself. A command loads when it runs. */
export function createProgram(): Command {
  const program = new Command('entrance')
    .description('Microsoft Entra ID sign-in for MCP servers.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show help.')
    .helpCommand('help [command]', 'Show help for a command.')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => `\u001b[1m${title}\u001b[22m` })
    .addHelpText('after', HELP)
  addServe(program)
  addSetup(program, withTerminal)
  addDoctor(program, withTerminal)
  addEmulator(program, portOption, withTerminal)
  addClient(program)
  addChat(program)
  addConnect(program, withTerminal)
  addKeys(program, withTerminal)
  addExpenses(program, withTerminal)
  addOperator(program, withTerminal)
  addStore(program, withTerminal)
  return program
}

const HELP = `
Examples:
  $ entrance serve --emulator
  $ entrance setup --url https://expenses.example.com
  $ entrance client login http://localhost:8000/mcp
  $ entrance client call http://localhost:8000/mcp get_expenses

Exit codes:
  0    it worked
  1    it failed
  2    wrong usage or configuration; the message says what to write instead
  3    doctor could not look; its 1 and 2 tell of warnings and of errors
  130  interrupted

Results go to stdout, everything else to stderr. NO_COLOR=1 switches colours off, FORCE_COLOR=1
on. DEBUG=entrance adds the stack to an error.`

function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('Run the expenses MCP server, guarded by Entrance.')
    .addOption(portOption('-p, --port <port>', 'Port to listen on (PORT; default 8000).'))
    .option('--host <address>', 'Address to listen on (HOST; default loopback while the URL is).')
    .option('--url <url>', 'Public base URL (ENTRANCE_URL; default http://localhost:<port>).')
    .option('--data <folder>', 'Folder for keys and databases (ENTRANCE_DATA; default .entrance).')
    .option('--store <store>', 'Where grants are kept, such as sqlite:grants.db (ENTRANCE_STORE).')
    .option('--expenses-store <store>', 'Where expenses are kept, likewise (EXPENSES_STORE).')
    .option('--tenant-id <id>', 'Entra tenant (AZURE_TENANT_ID).')
    .option('--client-id <id>', 'App registration (ENTRA_PROXY_AZURE_CLIENT_ID).')
    .option(
      '--credential <kind>',
      'What stands in the client secret’s place (ENTRANCE_CREDENTIAL; default secret).',
    )
    .option(
      '--authority <url>',
      'public, usgov, china, or another login host (ENTRANCE_AUTHORITY; default public).',
    )
    .addOption(
      new Option(
        '--consent <when>',
        'When people are asked for their consent (ENTRANCE_CONSENT; default always).',
      ).choices(['always', 'remember']),
    )
    .addOption(
      new Option(
        '--trusted-proxy-hops <number>',
        'Proxies in front that add to X-Forwarded-For (ENTRANCE_TRUSTED_PROXY_HOPS; default 0).',
      ).argParser(parseHops),
    )
    .addOption(
      new Option(
        '--registration <mode>',
        'Which clients may register (ENTRANCE_REGISTRATION; default open).',
      ).choices(['open', 'allowlist', 'off']),
    )
    .option(
      '--redirect-uris <list>',
      'Presets, such as vscode, and redirect URIs for allowlist (ENTRANCE_REDIRECT_URIS).',
    )
    .option('--clients <file>', 'JSON file of clients that need not register (ENTRANCE_CLIENTS).')
    .option('--adopt', 'Let a person let in clients that are not known here (ENTRANCE_ADOPT).')
    .option('--emulator', 'Sign in against an Entra ID emulator, run beside the server.')
    .addOption(portOption('--emulator-port <port>', 'Its port (EMULATOR_PORT; default 8400).'))
    .addOption(
      new Option(
        '--client-documents <how>',
        'Clients’ metadata documents (ENTRANCE_CLIENT_DOCUMENTS; default fetch).',
      ).choices(['fetch', 'pinned', 'off']),
    )
    .addOption(
      new Option(
        '--log-format <format>',
        'How to write the log (LOG_FORMAT; default text).',
      ).choices(['text', 'json']),
    )
    .addOption(
      new Option(
        '--drain <seconds>',
        'How long SIGTERM waits for what is under way (ENTRANCE_DRAIN; default 8).',
      ).argParser(parseDrain),
    )
    .addOption(
      portOption(
        '--operator-port <port>',
        'Port of health, metrics and the operator’s API (ENTRANCE_OPERATOR_PORT; default none).',
      ),
    )
    .option('--operator-host <address>', 'Its address (ENTRANCE_OPERATOR_HOST; default loopback).')
    .addHelpText('after', SERVE_HELP)
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./commands/serve.ts')
      await serve(options)
    })
  addAllowOptions(command)
}

const SERVE_HELP = `
The client secret is read from ENTRA_PROXY_AZURE_CLIENT_SECRET only: a command line is for
everybody on the machine to read. In its place --credential takes certificate:<file.pem>,
workload-identity[:<file>] or managed-identity[:<client id>]. A .env file in the working directory is read too; an option
beats its variable.

Examples:
  $ entrance serve --emulator
  $ entrance serve --url https://expenses.example.com --host 0.0.0.0`

function addClient(program: Command): void {
  const client = program
    .command('client')
    .description('Use an MCP server from the terminal: sign in, list its tools, call them.')
    .addHelpText('after', CLIENT_HELP)
  addSignIn(client)
  addTools(client)
  addSignOut(client)
}

function addSignIn(client: Command): void {
  client
    .command('login <url>')
    .description('Sign in through the browser, and keep what the server gives.')
    .option('--no-browser', 'Only print the address to open.')
    .option('--timeout <seconds>', 'How long to wait for you (default 300).', parseSeconds)
    .option('--scope <scopes>', 'Scopes to ask for (default: what the server asks for).')
    .option('--client-id <id>', 'Client that the server’s operator registered for you.')
    .addOption(
      new Option(
        '--client-metadata-url <url>',
        'Client ID Metadata Document to sign in as.',
      ).conflicts('clientId'),
    )
    .addOption(
      portOption('--callback-port <port>', 'Port that the browser comes back to (default any).'),
    )
    .addHelpText('after', LOGIN_HELP)
    .action((url: string, options: LoginCommandOptions) =>
      withClient(({ clientLogin }, terminal) => clientLogin(url, options, terminal)),
    )
}

const LOGIN_HELP = `
Without --client-id or --client-metadata-url, the client of the last sign-in is used, or one is
registered. A registered client's secret is read from ENTRANCE_CLIENT_SECRET only: a command line is
for everybody on the machine to read. Its redirect URI is http://127.0.0.1/callback, with any port
or the one that --callback-port names.`

function addTools(client: Command): void {
  client
    .command('tools <url>')
    .description('List the server’s tools and their arguments.')
    .option('--json', 'Write them as JSON, as the server does.')
    .action((url: string, options: OutputOptions) =>
      withClient(({ clientTools }, terminal) => clientTools(url, options, terminal)),
    )
  client
    .command('call <url> <tool> [arguments...]')
    .description('Call a tool. Arguments are name=value, or name:=JSON.')
    .option('--json', 'Write the structured result as JSON.')
    .action((url: string, tool: string, words: string[], options: OutputOptions) =>
      withClient(({ clientCall }, terminal) => clientCall(url, tool, words, options, terminal)),
    )
}

function addSignOut(client: Command): void {
  client
    .command('logout <url>')
    .description('Have the server take back what it gave, and forget it here.')
    .action((url: string) =>
      withClient(({ clientLogout }, terminal) => clientLogout(url, terminal)),
    )
  client
    .command('list')
    .description('List the servers you have signed in to.')
    .option('--json', 'Write them as JSON.')
    .action((options: OutputOptions) =>
      withClient(({ clientList }, terminal) => clientList(options, terminal)),
    )
}

const CLIENT_HELP = `
Examples:
  $ entrance client login http://localhost:8000/mcp
  $ entrance client tools http://localhost:8000/mcp
  $ entrance client call http://localhost:8000/mcp add_user_expense \\
      date=2026-01-31 amount=75 category=shopping description="office supplies" payment_method=visa
  $ entrance client logout http://localhost:8000/mcp

Over SSH, open the address that login prints in your own browser; when the last page does not
load, paste its address into the terminal. What the servers give is kept in your configuration
folder, readable by you only (ENTRANCE_CLIENT_DATA names another folder).`

type ClientCommands = typeof import('./commands/client.ts')

async function withClient(
  work: (commands: ClientCommands, terminal: Terminal) => Promise<void>,
): Promise<void> {
  const commands = await import('./commands/client.ts')
  await withTerminal((terminal) => work(commands, terminal))
}

/** Gives a command its terminal, whose signal aborts once; a second Ctrl-C ends it at once. */
async function withTerminal(work: (terminal: Terminal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupt.abort())
  }
  await work(createTerminal(environment(), interrupt.signal))
}

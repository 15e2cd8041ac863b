import { type Command, Option } from 'commander'
import type { EmulatorCommandOptions } from './emulator-options.ts'
import type { Terminal } from './terminal.ts'

/** `entrance emulator`: what it takes and what it says of itself. */
export function addEmulator(
  program: Command,
  portOption: (flags: string, description: string) => Option,
  withTerminal: (work: (terminal: Terminal) => Promise<void>) => Promise<void>,
): void {
  program
    .command('emulator')
    .description('Run an Entra ID emulator alone: sign-ins with no Azure account and no network.')
    .addOption(
      portOption('-p, --port <port>', 'Port to listen on.').env('EMULATOR_PORT').default(8400),
    )
    .option('--config <file>', 'Directory to hold: tenants, people, applications (JSON).')
    .option('--data <folder>', 'Folder to keep its keys and consents in (default: none are kept).')
    .option('--https', 'Speak HTTPS, with a certificate that it makes itself.')
    .option('--cert <file>', 'Speak HTTPS with this certificate instead (PEM; needs --key).')
    .option('--key <file>', 'Private key of --cert (PEM).')
    .option('--hostname <name>', 'Name in its own address (default localhost).')
    .option('--host <address>', 'Address to listen on (default loopback).')
    .option('--expose', 'Allow a --host that others can reach, though it lets anybody in.')
    .addOption(
      new Option('--cloud <name>', 'Cloud whose documents it imitates (default public).').choices([
        'public',
        'usgov',
        'china',
      ]),
    )
    .option('--control', 'Let programs on this machine steer it, under /_emulator/.')
    .option('--json', 'Say where it is as a line of JSON.')
    .option('--print-config', 'Print a configuration file to start from, and end.')
    .option('--print-schema', 'Print the JSON schema of that file for editors, and end.')
    .addHelpText('after', HELP)
    .action(async (options: EmulatorCommandOptions) => {
      const { runEmulator } = await import('./commands/emulator.ts')
      await withTerminal((terminal) => runEmulator(options, terminal))
    })
}

const HELP = `
It lets anybody in, so it listens on this machine only. Its own page, at the address that it
prints, shows the directory and lets you change it.

Examples:
  $ entrance emulator --https --data .entrance
  $ entrance emulator --print-config > directory.json
  $ entrance emulator --config directory.json --control --json`

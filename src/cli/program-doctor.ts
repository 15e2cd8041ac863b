import { type Command, Option } from 'commander'
import type { DoctorOptions } from './commands/doctor.ts'
import { CommandError, UsageError } from './exit-codes.ts'
import type { WithTerminal } from './program-setup.ts'
import { commandName, printableJson, type Terminal } from './terminal.ts'

/** `entrance doctor` and `entrance doctor explain`: what they take and say of themselves. */
export function addDoctor(program: Command, withTerminal: WithTerminal): void {
  const doctor = program
    .command('doctor')
    .description('Find out why people cannot sign in, and how to mend it.')
    .option('--public <url>', 'Look at a deployment, from outside.')
    .addOption(
      new Option(
        '--token <from>',
        'Whose rights to read the registration with (default ENTRANCE_GRAPH_TOKEN, az, azd).',
      ).choices(['env', 'az', 'azd', 'device-code']),
    )
    .option('--fix', 'Mend what setup can mend, and look again.')
    .option('-y, --yes', 'With --fix: ask nothing.')
    .option('--only <checks>', 'Tell of these checks only, by their ids or how they begin.')
    .option('--list', 'List the checks, and make none.')
    .option('--json', 'Write the findings as JSON.')
    .addHelpText('after', DOCTOR_HELP)
    .allowExcessArguments()
    .action((options: DoctorOptions, { args: [word] }: Command) =>
      withTerminal(async (terminal) => {
        if (word !== undefined) {
          throw new UsageError(
            'doctor takes options only.',
            `To have a text explained: ${commandName(terminal.env)} doctor explain …`,
          )
        }
        const { doctor: run } = await import('./commands/doctor.ts')
        process.exitCode = await orJson(() => run(options, terminal), options, terminal)
      }),
    )
  doctor
    .command('explain [text...]')
    .description('Explain an AADSTS number, an error page, an address, a token or a log.')
    .option('--json', 'Write the explanation as JSON.')
    .addHelpText('after', EXPLAIN_HELP)
    .action((text: string[], _options: unknown, command: Command) =>
      withTerminal(async (terminal) => {
        const { explainPasted } = await import('./commands/doctor-explain.ts')
        const options = command.optsWithGlobals()
        await orJson(() => explainPasted(text, options, terminal), options, terminal)
      }),
    )
}

/** With --json stdout has JSON in any case: where nothing could be looked at, that is what it says. */
async function orJson<T>(
  run: () => Promise<T>,
  { json }: { json?: boolean },
  terminal: Terminal,
): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    const { message } = cause as Error
    const cure = cause instanceof CommandError ? cause.cure : undefined
    if (json) terminal.out(printableJson({ version: 1, status: 'failed', message, cure }))
    throw cause
  }
}

const DOCTOR_HELP = `
It reads .env and the variables as serve does, and asks Entra and the server. Nothing is changed
without --fix, and no secret is shown.

Exit codes: 0 all is well, 1 warnings, 2 errors, 3 it could not look.

Examples:
  $ entrance doctor
  $ entrance doctor --public https://expenses.example.com`

const EXPLAIN_HELP = `
Without a text it reads standard input: a page, or the log of a server with LOG_FORMAT=json, whose
refusals of the last 24 hours it groups. A token is neither printed nor sent anywhere.

Examples:
  $ entrance doctor explain AADSTS50011
  $ entrance doctor explain < server.log`

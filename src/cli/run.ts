import { CommanderError } from 'commander'
import { environment, loadDotEnv } from './env.ts'
import { EXIT } from './exit-codes.ts'
import { createProgram } from './program.ts'
import { useProxy } from './proxy.ts'
import { reportError } from './report-error.ts'
import { FROM_ANYWHERE } from './variable-names.ts'

/** Runs the command that the process was called with, and ends the process. */
export async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever read our output has stopped to (`… | head`): no reason to make a fuss.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return
      // The disk that it goes to is full: half a result must not count as one.
      process.stderr.write(`The output cannot be written: ${error.message}.\n`)
      process.exit(EXIT.failed)
    })
  }
  const exitCode = await run(process.argv)
  await Promise.all([flush(process.stdout), flush(process.stderr)])
  process.exit(exitCode)
}

async function run(argv: readonly string[]): Promise<number> {
  // `entrance -- chat` is the same command.
  const command = argv.slice(2).find((word) => !word.startsWith('-')) ?? ''
  try {
    // The client is called from anywhere; another project's `.env` is none of its business.
    if (command !== 'client') loadDotEnv(FROM_ANYWHERE.get(command))
    // The others talk to nobody.
    if (/^(client|chat|connect|serve|setup|doctor)$/.test(command)) useProxyOrWarn()
    await createProgram().parseAsync(argv)
    // Some commands say more than that it worked.
    return Number(process.exitCode ?? EXIT.ok)
  } catch (error) {
    const code = exitCodeOf(error)
    // Of `doctor`, 1 and 2 tell what it found.
    const hasFailed = code === EXIT.failed || code === EXIT.usage
    return command === 'doctor' && hasFailed ? EXIT.notLooked : code
  }
}

function useProxyOrWarn(): void {
  const hindrance = useProxy(environment())
  if (hindrance !== undefined) process.stderr.write(`${hindrance}\n`)
}

function exitCodeOf(error: unknown): number {
  // Commander has already said what is wrong, or shown the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  return reportError(error, environment())
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}

import { styleText } from 'node:util'
import type { ConfigError } from '../index.ts'
import type { Environment } from './env.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { printable } from './terminal.ts'

/** Tells the person what went wrong, on stderr; returns the exit code that says the same. */
export function reportError(error: unknown, env: Environment): number {
  const isDebugging = /(^|[\s,])(entrance|\*)($|[\s,])/.test(env.DEBUG ?? '')
  // The messages in it may be a server's words.
  if (isDebugging) writeLine(printable(stackOf(error)))
  if (isConfigError(error)) return reportConfigError(error)
  if (error instanceof CommandError) {
    const label = error.exitCode === EXIT.interrupted ? '' : `${red('Error:')} `
    writeLine(`${label}${printable(error.message)}`)
    if (error.cure) writeLine(printable(error.cure))
    return error.exitCode
  }
  const message = error instanceof Error ? error.message : String(error)
  writeLine(`${red('Something went wrong:')} ${printable(message)}`)
  if (!isDebugging) writeLine('Run it again with DEBUG=entrance to see where.')
  return EXIT.failed
}

// By name: to load the class is to load the library, which most commands do without.
function isConfigError(error: unknown): error is ConfigError {
  return error instanceof Error && error.name === 'ConfigError' && 'problems' in error
}

/** Every problem at once, each with its variable or option and what to do. */
function reportConfigError({ problems }: ConfigError): number {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  writeLine(red(`The configuration has ${count}:`))
  for (const { option, problem, cure } of problems) {
    writeLine('')
    writeLine(`  ${style('bold', option)}`)
    writeLine(`    ${printable(problem)}`)
    writeLine(`    ${style('dim', '→')} ${printable(cure)}`)
  }
  return EXIT.usage
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\nCaused by: ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

function writeLine(text: string): void {
  process.stderr.write(`${text}\n`)
}

function red(text: string): string {
  return style('red', text)
}

function style(format: 'red' | 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: process.stderr })
}

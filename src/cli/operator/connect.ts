import type { Operator } from '../../index.ts'
import type { ServeOptions } from '../env.ts'
import { CommandError, EXIT, UsageError } from '../exit-codes.ts'
import { printableJson, type Terminal } from '../terminal.ts'
import { remoteOperator } from './remote.ts'

/** Where an operator's command works: on the store of a server, or through its API. */
export type OperatorOptions = Pick<ServeOptions, 'data' | 'store' | 'emulator'> & {
  api?: string
  json?: boolean
}

/** Does the work, and says in a sentence what was asked for in vain. */
export async function withOperator(
  options: OperatorOptions,
  terminal: Terminal,
  work: (operator: Operator) => Promise<void>,
): Promise<void> {
  try {
    if (options.api !== undefined) await work(viaApi(options.api, terminal))
    else {
      // Loaded only where it is used: it brings the whole server.
      const { onStore } = await import('./on-store.ts')
      await onStore(options, terminal, work)
    }
  } catch (error) {
    throw toCommandError(error)
  }
}

function viaApi(api: string, { env, signal }: Terminal): Operator {
  const token = env.ENTRANCE_OPERATOR_TOKEN
  if (token) return remoteOperator(api, token, signal)
  throw new UsageError(
    'With --api a token is needed, and ENTRANCE_OPERATOR_TOKEN is not set.',
    'Set it to the token of the server, or to an access token of Entra ID for its application.',
  )
}

// By name: to load the class is to load the library, which a command through the API does without.
function toCommandError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'OperatorError') return error
  const { message, cure, code } = error as Error & { cure: string; code: string }
  const exitCode = code === 'invalid' ? EXIT.usage : EXIT.failed
  return new CommandError(message, { cure, exitCode, cause: error })
}

/** Writes a result: as JSON where that is asked for. */
export function show(
  result: unknown,
  options: OperatorOptions,
  terminal: Terminal,
  write: () => void,
): void {
  if (options.json) terminal.out(printableJson(result))
  else write()
}

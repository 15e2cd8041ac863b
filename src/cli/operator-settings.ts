import type { ConfigProblem } from '../core/errors.ts'
import { type Environment, readPort } from './read-variables.ts'

/** Where orchestrators and the operator ask; by default nowhere. */
export type OperatorSettings = {
  /** Undefined: there is none. */
  readonly port: number | undefined
  readonly hosts: readonly string[]
  readonly isLoopback: boolean
}

type OperatorFlags = { readonly operatorPort?: number; readonly operatorHost?: string }

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])

/** The port beside the server's own. */
export function resolveOperatorSettings(
  flags: OperatorFlags,
  env: Environment,
  problems: ConfigProblem[],
): OperatorSettings {
  const host = flags.operatorHost || env.ENTRANCE_OPERATOR_HOST || 'localhost'
  const isAsked = Boolean(env.ENTRANCE_OPERATOR_PORT)
  const port =
    flags.operatorPort ??
    (isAsked ? readPort('ENTRANCE_OPERATOR_PORT', env, 9464, problems) : undefined)
  const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host.replace(/^\[(.*)\]$/, '$1')]
  return { port, hosts, isLoopback: LOOPBACK.has(host) }
}

import type { ConfigProblem } from '../core/errors.ts'
import { OPERATOR_TOKEN_MIN_LENGTH } from '../operator/api.ts'
import { type Environment, readPort } from './read-variables.ts'

/** Where orchestrators and the operator ask; by default nowhere. */
export type OperatorSettings = {
  /** Undefined: there is none. */
  readonly port: number | undefined
  readonly hosts: readonly string[]
  readonly isLoopback: boolean
  /** What opens the API; undefined: only an access token of Entra's with the app role does. */
  readonly token: string | undefined
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
  return { port, hosts, isLoopback: LOOPBACK.has(host), token: readToken(env, problems) }
}

function readToken(env: Environment, problems: ConfigProblem[]): string | undefined {
  const token = env.ENTRANCE_OPERATOR_TOKEN || undefined
  if (token === undefined || token.length >= OPERATOR_TOKEN_MIN_LENGTH) return token
  problems.push({
    option: 'ENTRANCE_OPERATOR_TOKEN',
    problem: `has ${token.length} characters; ${OPERATOR_TOKEN_MIN_LENGTH} or more are expected.`,
    cure: 'Make one: openssl rand -base64 32',
  })
  return undefined
}

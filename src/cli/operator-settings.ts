import type { ConfigProblem } from '../core/errors.ts'
import { OPERATOR_TOKEN_MIN_LENGTH } from '../operator/operator-token.ts'
import { type Environment, readPort } from './read-variables.ts'

/** Where orchestrators and the operator ask; by default nowhere. */
export type OperatorSettings = {
  /** Undefined: there is none. */
  readonly port: number | undefined
  readonly hosts: readonly string[]
  readonly isLoopback: boolean
  /** Opens the API; without it only an app role does. */
  readonly token: string | undefined
}

type OperatorFlags = { readonly operatorPort?: number; readonly operatorHost?: string }

const PORT_CURE = 'Write 9464, which is usual, or leave it out: then there is no operator’s port.'

const TOKEN_SHORT: ConfigProblem = {
  option: 'ENTRANCE_OPERATOR_TOKEN',
  problem: `is shorter than ${OPERATOR_TOKEN_MIN_LENGTH} characters.`,
  cure: 'Make one with: openssl rand -base64 32',
}

/** RFC 6750 §2.1: no client could send it. */
const TOKEN_UNSENDABLE: ConfigProblem = {
  option: 'ENTRANCE_OPERATOR_TOKEN',
  problem: 'has blanks or other characters that no header can carry.',
  cure: 'Make one with: openssl rand -base64 32',
}

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
    (isAsked ? readPort('ENTRANCE_OPERATOR_PORT', env, 9464, problems, PORT_CURE) : undefined)
  const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host.replace(/^\[(.*)\]$/, '$1')]
  const token = env.ENTRANCE_OPERATOR_TOKEN || undefined
  if (token && token.length < OPERATOR_TOKEN_MIN_LENGTH) problems.push(TOKEN_SHORT)
  if (token && !/^[\x21-\x7e]+$/.test(token)) problems.push(TOKEN_UNSENDABLE)
  return { token, port, hosts, isLoopback: LOOPBACK.has(host) }
}

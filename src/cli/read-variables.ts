import type { ConfigProblem } from '../core/errors.ts'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where clients' metadata documents come from. */
export type ClientDocuments = 'fetch' | 'pinned' | 'off'

/** A port, or the fallback where the variable is not set. */
export function readPort(
  name: string,
  env: Environment,
  fallback: number,
  problems: ConfigProblem[],
  cure = `Leave it out for ${fallback}.`,
): number {
  const text = env[name]
  if (!text) return fallback
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65535) return port
  const problem = `'${text}' is not a port: a whole number from 0 to 65535 is expected.`
  problems.push({ option: name, problem, cure })
  return fallback
}

/** How many proxies stand in front. */
export function readHops(env: Environment, problems: ConfigProblem[]): number {
  const text = env.ENTRANCE_TRUSTED_PROXY_HOPS
  if (!text || /^(\d|10)$/.test(text)) return Number(text || 0)
  problems.push({
    option: 'ENTRANCE_TRUSTED_PROXY_HOPS',
    problem: `'${text}' is not a whole number from 0 to 10.`,
    cure: 'Count the proxies in front that add to X-Forwarded-For, or leave it out.',
  })
  return 0
}

/** How long a stop waits for what is under way, in seconds: an hour at most. */
export function readDrain(env: Environment, problems: ConfigProblem[]): number {
  const text = env.ENTRANCE_DRAIN
  if (!text) return DRAIN
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds > 0 && seconds <= 3600) return seconds
  problems.push({
    option: 'ENTRANCE_DRAIN',
    problem: `'${text}' is not a whole number of seconds from 1 to 3600.`,
    cure: `Leave it out for ${DRAIN}; it has to be less than what the orchestrator waits.`,
  })
  return DRAIN
}

/** Below the 30 seconds after which Kubernetes and Azure kill, and the 10 of `docker stop`. */
const DRAIN = 8

/** Whether rates are limited. */
export function readRateLimit(env: Environment, problems: ConfigProblem[]): boolean {
  const text = env.ENTRANCE_RATE_LIMIT
  if (text && text !== 'on' && text !== 'off') {
    const problem = `'${text}' is neither on nor off.`
    problems.push({ option: 'ENTRANCE_RATE_LIMIT', problem, cure: 'Leave it out for on.' })
  }
  return text !== 'off'
}

/** How log lines are written. */
export function readLogFormat(env: Environment, problems: ConfigProblem[]): 'text' | 'json' {
  const text = env.LOG_FORMAT
  if (!text || text === 'text') return 'text'
  if (text !== 'json') {
    const problem = `'${text}' is not a log format.`
    problems.push({ option: 'LOG_FORMAT', problem, cure: 'Use text or json.' })
  }
  return 'json'
}

/** When people are asked. */
export function readConsent(
  text: string | undefined,
  problems: ConfigProblem[],
): 'always' | 'remember' {
  if (!text || text === 'always') return 'always'
  if (text !== 'remember') {
    const problem = `'${text}' is not when people are asked.`
    problems.push({ option: 'ENTRANCE_CONSENT', problem, cure: 'Use always or remember.' })
  }
  return 'remember'
}

/** The currency of new expenses. */
export function readCurrency(env: Environment, problems: ConfigProblem[]): string {
  const text = env.EXPENSES_CURRENCY || 'USD'
  if (Intl.supportedValuesOf('currency').includes(text)) return text
  const problem = `'${text}' is not a currency code (ISO 4217).`
  problems.push({
    option: 'EXPENSES_CURRENCY',
    problem,
    cure: 'Use three capital letters, such as EUR.',
  })
  return 'USD'
}

/**
 * Behind a proxy a stranger's host cannot be looked up and held to its address, so nothing is
 * fetched unless that is asked for; and then without the proxy.
 */
export function readClientDocuments(
  env: Environment,
  problems: ConfigProblem[],
): ClientDocuments | undefined {
  const text = env.ENTRANCE_CLIENT_DOCUMENTS
  if (text === 'fetch' || text === 'pinned' || text === 'off') return text
  if (text) {
    const problem = `'${text}' is not known.`
    const option = 'ENTRANCE_CLIENT_DOCUMENTS'
    problems.push({ option, problem, cure: 'Use fetch, pinned or off.' })
  }
  return env.HTTPS_PROXY || env.https_proxy ? 'pinned' : undefined
}

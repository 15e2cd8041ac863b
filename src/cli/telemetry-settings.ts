import type { ConfigProblem } from '../core/errors.ts'
import type { Environment } from './read-variables.ts'

/** What OpenTelemetry's own variables ask for, as far as it is for this server to decide. */
export type TelemetrySettings = {
  /** The variable that asks for traces; undefined: nothing does. */
  readonly traces: string | undefined
  /** Whether requests continue the trace that they name. */
  readonly continueTraces: boolean
  /** A variable by which the audit log could be sent nowhere; undefined: none. */
  readonly noLogs: string | undefined
  /** The service's name, if `OTEL_RESOURCE_ATTRIBUTES` does not say. */
  readonly serviceName: string | undefined
  /** Whether detectors of the SDK's have been asked for, which say much of machine and process. */
  readonly isDetecting: boolean
  /** How much the SDK says of itself at its start. */
  readonly logLevel: string | undefined
}

/** Reads `OTEL_*`, of which the SDK reads the rest, and `ENTRANCE_TRACEPARENT`. */
export function resolveTelemetry(env: Environment, problems: ConfigProblem[]): TelemetrySettings {
  const traceparent = env.ENTRANCE_TRACEPARENT
  if (traceparent && traceparent !== 'link' && traceparent !== 'continue') {
    const problem = `'${traceparent}' is not what can be done with a request's trace.`
    const cure = 'Use continue behind a proxy that sets traceparent itself, else leave it out.'
    problems.push({ option: 'ENTRANCE_TRACEPARENT', problem, cure })
  }
  checkVariables(env, problems)
  const isOff = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true'
  const isNamed = /(^|,)\s*service\.name\s*=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? '')
  return {
    traces: isOff ? undefined : askingForTraces(env),
    continueTraces: traceparent === 'continue',
    noLogs: isOff
      ? 'OTEL_SDK_DISABLED'
      : env.OTEL_LOGS_EXPORTER === 'none'
        ? 'OTEL_LOGS_EXPORTER'
        : undefined,
    serviceName: env.OTEL_SERVICE_NAME || (isNamed ? undefined : 'entrance'),
    isDetecting: Boolean(env.OTEL_NODE_RESOURCE_DETECTORS),
    logLevel: env.OTEL_LOG_LEVEL || undefined,
  }
}

/** The SDK takes nothing in the place of what it cannot read, and traces would be sent nowhere. */
function checkVariables(env: Environment, problems: ConfigProblem[]): void {
  for (const option of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
    const text = env[option]
    if (!text || /^https?:$/.test(URL.parse(text)?.protocol ?? '')) continue
    const problem = 'is not the address of a collector.'
    problems.push({ option, problem, cure: 'Write it like http://localhost:4318.' })
  }
  for (const word of (env.OTEL_TRACES_EXPORTER ?? '').split(',').map((part) => part.trim())) {
    if (word === '' || EXPORTERS.has(word)) continue
    const problem = `'${word}' is no way to send traces.`
    problems.push({ option: 'OTEL_TRACES_EXPORTER', problem, cure: 'Use otlp, console or none.' })
  }
}

const EXPORTERS: ReadonlySet<string> = new Set(['otlp', 'console', 'none'])

/** Traces are asked for by naming how to send them, or where to. */
function askingForTraces(env: Environment): string | undefined {
  if (env.OTEL_TRACES_EXPORTER === 'none') return undefined
  if (env.OTEL_TRACES_EXPORTER) return 'OTEL_TRACES_EXPORTER'
  if (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  return env.OTEL_EXPORTER_OTLP_ENDPOINT ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : undefined
}

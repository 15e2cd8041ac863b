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
  /** Whether the service has been given a name. */
  readonly isNamed: boolean
  /** How much the SDK says of itself at its start. */
  readonly logLevel: string | undefined
}

/** Exporting is asked for by naming where to, or how (OpenTelemetry's SDK environment variables). */
const OF_TRACES = [
  'OTEL_TRACES_EXPORTER',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
]

/** Reads `OTEL_*`, of which the SDK reads the rest, and `ENTRANCE_TRACEPARENT`. */
export function resolveTelemetry(env: Environment, problems: ConfigProblem[]): TelemetrySettings {
  const traceparent = env.ENTRANCE_TRACEPARENT
  if (traceparent && traceparent !== 'link' && traceparent !== 'continue') {
    const problem = `'${traceparent}' is not what can be done with a request's trace.`
    const cure = 'Use continue behind a proxy that sets traceparent itself, else leave it out.'
    problems.push({ option: 'ENTRANCE_TRACEPARENT', problem, cure })
  }
  const isOff = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true'
  const isNone = env.OTEL_TRACES_EXPORTER === 'none'
  return {
    traces: isOff || isNone ? undefined : OF_TRACES.find((name) => env[name]),
    continueTraces: traceparent === 'continue',
    noLogs: isOff
      ? 'OTEL_SDK_DISABLED'
      : env.OTEL_LOGS_EXPORTER === 'none'
        ? 'OTEL_LOGS_EXPORTER'
        : undefined,
    isNamed: Boolean(
      env.OTEL_SERVICE_NAME || /(^|,)\s*service\.name=/.test(env.OTEL_RESOURCE_ATTRIBUTES ?? ''),
    ),
    logLevel: env.OTEL_LOG_LEVEL || undefined,
  }
}

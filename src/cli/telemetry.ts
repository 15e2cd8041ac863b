import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../core/errors.ts'
import type { Observer } from '../index.ts'
import type { Log } from '../log.ts'
import type { AuditSettings } from './audit-settings.ts'
import { packageVersion } from './package-version.ts'
import type { TelemetrySettings } from './telemetry-settings.ts'

/** What is sent by OpenTelemetry, from before the server is ready until after it has ended. */
export type Telemetry = {
  /** For the server's option `observers`. */
  readonly observers: readonly Observer[]
  /** Sends what has not been sent yet, within bounds. */
  close(): Promise<void>
}

/** How long the end waits for a collector, in milliseconds. */
const FLUSH = 3000

/** How often failures to send are said, in milliseconds. */
const QUIET = 60_000

/**
 * Starts OpenTelemetry's SDK, which reads `OTEL_*`; undefined where nothing asks for it, and then
 * nothing is loaded. Throws `ConfigError`.
 */
export async function openTelemetry(
  { telemetry, audit }: { telemetry: TelemetrySettings; audit: AuditSettings },
  log: Log,
): Promise<Telemetry | undefined> {
  const isAudited = audit.to === 'otel'
  const asked = telemetry.traces ?? (isAudited ? 'ENTRANCE_AUDIT' : undefined)
  if (asked === undefined) return undefined
  if (isAudited && telemetry.noLogs) throw noLogs(telemetry.noLogs)
  const { startNodeSdk } = await load(asked)
  const { diag, DiagLogLevel, logs } = await import('@opentelemetry/api')
  const { openTelemetryAudit, openTelemetryTraces } = await import('../adapters/opentelemetry.ts')
  const sdk = startNodeSdk({
    logLevel: telemetry.logLevel ?? 'warn',
    resourceAttributes: {
      ...(telemetry.serviceName && { 'service.name': telemetry.serviceName }),
      'service.version': packageVersion(),
      // Replicas are told apart by it.
      'service.instance.id': randomUUID(),
    },
    // Of themselves they tell the command's arguments, which may have a store's password in them.
    ...(!telemetry.isDetecting && { resourceDetectors: [] }),
    // What is not asked for is not set up, whatever the SDK would do of itself.
    ...(telemetry.traces === undefined && { spanProcessors: [] }),
    ...(!isAudited && { logRecordProcessors: [] }),
    metricReaders: [],
  })
  // The SDK passes over what it does not understand of its settings, or does nothing at all.
  if (isAudited && !logs.getLogger('entrance').enabled()) {
    await sdk.shutdown()
    throw nowhere()
  }
  const options = { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true }
  diag.setLogger(tellFailures(log), options)
  const { continueTraces } = telemetry
  return {
    observers: [
      ...(telemetry.traces === undefined ? [] : [openTelemetryTraces({ continueTraces })]),
      ...(isAudited ? [openTelemetryAudit({ names: audit.names })] : []),
    ],
    async close() {
      // A collector that is away must not hold up the end.
      await Promise.race([sdk.shutdown().catch(() => {}), wait(FLUSH, undefined, { ref: false })])
      diag.disable()
    },
  }
}

/** The SDK is somebody's choice, and heavier than all else together: it does not come along. */
async function load(asked: string): Promise<typeof import('@opentelemetry/sdk-node')> {
  const cure = `Install them beside entrance, or unset it: ${INSTALL}`
  try {
    const sdk = await import('@opentelemetry/sdk-node')
    if ('startNodeSdk' in sdk) return sdk
  } catch (error) {
    // Yarn's Plug'n'Play says it without Node's ERR_.
    if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    const problem = 'asks for OpenTelemetry, whose packages are not installed.'
    throw new ConfigError([{ option: asked, problem, cure }])
  }
  const problem = 'asks for OpenTelemetry, whose packages are of another version than is needed.'
  throw new ConfigError([{ option: asked, problem, cure }])
}

const INSTALL = 'npm install @opentelemetry/api@1 @opentelemetry/sdk-node@0.301'

function noLogs(option: string): ConfigError {
  const problem = 'is otel, and OpenTelemetry is told to send no logs.'
  const cure = `Unset ${option}, or use another place for the audit log.`
  return new ConfigError([{ option: 'ENTRANCE_AUDIT', problem, cure }])
}

function nowhere(): ConfigError {
  const problem = 'is otel, and by its variables OpenTelemetry sends logs nowhere.'
  const cure =
    'Mend OTEL_LOGS_EXPORTER or the file of OTEL_CONFIG_FILE (what is wrong is said above), or use another place for the audit log.'
  return new ConfigError([{ option: 'ENTRANCE_AUDIT', problem, cure }])
}

/** What cannot be sent is lost, and the log says so, now and then. */
function tellFailures(log: Log) {
  let until = Number.NEGATIVE_INFINITY
  const tell = (text: string) => {
    if (performance.now() < until) return
    until = performance.now() + QUIET
    const message = `OpenTelemetry cannot do its work: ${reasonOf(text)}`
    log({ event: 'telemetry.failed', level: 'warn', message })
  }
  return { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} }
}

/** An exporter writes its error as JSON, with a stack; what it asked may have a password in it. */
function reasonOf(text: string): string {
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text
  return message.replace(/\/\/[^/@\s]*@/g, '//').slice(0, 200)
}

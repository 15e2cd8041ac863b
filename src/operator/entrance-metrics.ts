import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { EntranceStatus, Observer, Step, Verdict } from '../index.ts'
import { createRegistry, type Histogram, type Labels, type Registry } from './metrics.ts'

/** What is counted of a server, and the text of it. */
export type EntranceMetrics = {
  /** For the option `observers`. */
  readonly observer: Observer
  /** For metrics of your own, beside these. */
  readonly registry: Registry
  text(): string
  /** Ends what measures the event loop. */
  close(): void
}

export type EntranceMetricsOptions = {
  /** @default '0.0.0' */
  readonly version?: string
  /** What the server says of itself; undefined while there is none. */
  readonly status: () => EntranceStatus | undefined
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const NANOSECONDS = 1e9

/** Counts requests, sign-ins, tokens, the gate's verdicts, the store's and Entra's calls. */
export function createEntranceMetrics(options: EntranceMetricsOptions): EntranceMetrics {
  const registry = createRegistry()
  const close = addProcess(registry, options.version ?? '0.0.0')
  addStatus(registry, options.status)
  const step = countSteps(registry)
  const verdicts = countVerdicts(registry)
  const events = registry.counter(
    'entrance_events_total',
    'Events of the audit log, by name, outcome and reason.',
  )
  return {
    registry,
    text: () => registry.text(),
    close,
    observer: {
      step,
      gate: verdicts,
      audit({ event, outcome, reason = '' }) {
        events.add({ event, outcome, reason })
      },
    },
  }
}

/** Each series is looked up once: the gate is to stay quick. */
function countVerdicts(registry: Registry): (verdict: Verdict) => void {
  const counter = registry.counter(
    'entrance_gate_verdicts_total',
    'Requests to the MCP endpoint, by what the gate said.',
  )
  const counts = new Map<Verdict, () => void>()
  return (verdict) => {
    const count = counts.get(verdict) ?? counter.of({ verdict })
    counts.set(verdict, count)
    count()
  }
}

function countSteps(registry: Registry): NonNullable<Observer['step']> {
  const requests = registry.counter(
    'entrance_requests_total',
    'Requests to the OAuth endpoints, by endpoint and class of status.',
  )
  const durations: Readonly<Partial<Record<Step['kind'], Histogram>>> = {
    request: registry.histogram(
      'entrance_request_duration_seconds',
      'How long the OAuth endpoints took.',
      SECONDS,
    ),
    store: registry.histogram(
      'entrance_store_operation_duration_seconds',
      'How long operations of the store took, by operation and outcome.',
      SECONDS,
    ),
    entra: registry.histogram(
      'entrance_entra_call_duration_seconds',
      'How long calls of Entra took, by endpoint and outcome.',
      SECONDS,
    ),
  }

  function tell(step: Step, begun: number, status: number | 'none' | 'failed'): void {
    const isFailed = status === 'failed' || (typeof status === 'number' && status >= 500)
    const labels: Labels =
      step.kind === 'request'
        ? { endpoint: step.name }
        : { operation: step.name, outcome: isFailed ? 'failure' : 'success' }
    durations[step.kind]?.observe(labels, (performance.now() - begun) / 1000)
    if (step.kind !== 'request') return
    const group = typeof status === 'number' ? `${Math.floor(status / 100)}xx` : '5xx'
    requests.add({ endpoint: step.name, status: group })
  }

  return async (step, run) => {
    const begun = performance.now()
    try {
      const given = await run()
      tell(step, begun, given instanceof Response ? given.status : 'none')
      return given
    } catch (error) {
      tell(step, begun, 'failed')
      throw error
    }
  }
}

function addStatus(registry: Registry, status: EntranceMetricsOptions['status']): void {
  const gauge = (name: string, help: string, read: (status: EntranceStatus) => number) =>
    registry.gauge(name, help, () => {
      const now = status()
      return now && read(now)
    })
  gauge('entrance_ready', '1 while requests can be answered.', ({ isReady }) => Number(isReady))
  registry.gauge(
    'entrance_store_silence_seconds',
    'Seconds since the feed of revocations was last read.',
    () => status()?.store.silence,
  )
  gauge(
    'entrance_revocation_rules',
    'Rules of revocation that are held.',
    ({ store }) => store.rules,
  )
  gauge('entrance_keys', 'Master keys that are recognised.', ({ keys }) => keys.keys.length)
  gauge(
    'entrance_keys_lacking',
    'Keys that other replicas make things with, and this one lacks.',
    ({ keys }) => keys.lacking.length,
  )
  gauge('entrance_entra_reachable', '1 unless Entra did not answer when it was last asked.', (s) =>
    Number(s.entra !== 'unreachable'),
  )
}

function addProcess(registry: Registry, version: string): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  registry.gauge('entrance_build_info', 'Which version this is.', () => [
    [{ version, node: process.version }, 1],
  ])
  registry.gauge(
    'process_start_time_seconds',
    'When the process began.',
    () => Math.round((performance.timeOrigin / 1000) * 1000) / 1000,
  )
  registry.gauge('process_resident_memory_bytes', 'Resident memory.', () =>
    process.memoryUsage.rss(),
  )
  registry.gauge('nodejs_heap_size_used_bytes', 'Heap that is used.', () => {
    return process.memoryUsage().heapUsed
  })
  registry.gauge('process_cpu_seconds', 'CPU that was used, user and system.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  registry.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Delay of the event loop since it was last asked for, at the 99th percentile.',
    () => {
      const p99 = delay.percentile(99) / NANOSECONDS
      delay.reset()
      return p99
    },
  )
  return () => {
    delay.disable()
  }
}

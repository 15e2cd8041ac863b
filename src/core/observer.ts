import type { Log } from '../log.ts'
import type { AuditEvent } from './audit-event.ts'

/**
 * Something that takes time: a request to an endpoint, a part of one, an operation of the store, a
 * call of Entra.
 */
export type Step = {
  readonly kind: 'request' | 'part' | 'store' | 'entra'
  /** Of a small set: the endpoint's path, the store's operation, Entra's endpoint. */
  readonly name: string
  /** Of a request: its method and headers, for whoever continues a trace. */
  readonly request?: Request
  /** Of a call of Entra: which host is asked. */
  readonly host?: string
}

/** What the gate in front of the MCP endpoint says. */
export type Verdict =
  | 'allowed'
  | 'no_token'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'forbidden'
  | 'unavailable'

/**
 * Is told of what happens, to count it, trace it or write it down. Every part is optional, must be
 * quick and must not throw.
 */
export type Observer = {
  /** Runs a step, and gives what it gives: a `Response` of a request and of Entra. */
  step?<T>(step: Step, run: () => Promise<T>): Promise<T>
  /** The same for each request to the MCP endpoint, where every microsecond counts. */
  call?<T>(step: Step, run: () => Promise<T>): Promise<T>
  /** Called synchronously for each request to the MCP endpoint. */
  gate?(verdict: Verdict): void
  /** Takes what the audit log is to have. */
  audit?(event: AuditEvent): void
  /** The step under way belongs to this sign-in; `begun` is what {@link Observer.trace} gave when it began. */
  transaction?(id: string, begun?: string): void
  /** Names the step under way as W3C's `traceparent` does: later steps of the sign-in are told. */
  trace?(): string | undefined
}

/** All observers as one; a part that none of them has costs nothing. */
export type Observe = {
  step<T>(step: Step, run: () => Promise<T>): Promise<T>
  readonly call: Observe['step'] | undefined
  readonly gate: ((verdict: Verdict) => void) | undefined
  readonly audit: ((event: AuditEvent) => void) | undefined
  transaction(id: string, begun?: string): void
  trace(): string | undefined
}

/** How often it is said that an observer throws, in milliseconds. */
const QUIET = 60_000

/**
 * Joins observers; the first one is the outermost. One that throws nonetheless costs nobody a
 * sign-in: what it was told of has happened, and a refresh token is used up by then.
 */
export function joinObservers(observers: readonly Observer[], log: Log = () => {}): Observe {
  const judging = observers.filter(({ gate }) => gate)
  const auditing = observers.filter(({ audit }) => audit)
  const tell = createTeller(log)
  const safely = <T>(run: () => T): T | undefined => {
    try {
      return run()
    } catch (error) {
      tell(error)
      return undefined
    }
  }
  const around = (part: 'step' | 'call') =>
    nest(observers.flatMap((one) => (one[part] ? [guard(one[part].bind(one), tell)] : [])))
  return {
    step: around('step'),
    call: observers.some(({ call }) => call) ? around('call') : undefined,
    gate:
      judging.length === 0
        ? undefined
        : (verdict) => {
            for (const observer of judging) safely(() => observer.gate?.(verdict))
          },
    audit:
      auditing.length === 0
        ? undefined
        : (event) => {
            for (const observer of auditing) safely(() => observer.audit?.(event))
          },
    transaction(id, begun) {
      for (const observer of observers) safely(() => observer.transaction?.(id, begun))
    },
    trace: () =>
      observers.map((observer) => safely(() => observer.trace?.())).find((trace) => trace),
  }
}

function createTeller(log: Log): (error: unknown) => void {
  let until = Number.NEGATIVE_INFINITY
  return (error) => {
    if (performance.now() < until) return
    until = performance.now() + QUIET
    const message = `An observer threw, which none may: what it was to count, trace or write down is missing there. ${error}`
    log({ event: 'observer.failed', level: 'error', message })
  }
}

/** What is observed happens once, and comes to its own end, whatever becomes of who looks on. */
function guard(around: Observe['step'], tell: (error: unknown) => void): Observe['step'] {
  return async (step, run) => {
    let ran: ReturnType<typeof run> | undefined
    const once = () => {
      ran ??= (async () => run())()
      return ran
    }
    try {
      return await around(step, once)
    } catch (error) {
      const given = await once()
      tell(error)
      return given
    }
  }
}

/** One around the other; the first one is the outermost. */
function nest(each: readonly Observe['step'][]): Observe['step'] {
  const inwards = each.toReversed()
  return (step, run) => {
    let all = run
    for (const around of inwards) {
      const inner = all
      all = () => around(step, inner)
    }
    return all()
  }
}

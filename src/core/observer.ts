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
  audit(event: AuditEvent): void
  transaction(id: string, begun?: string): void
  trace(): string | undefined
}

/** Joins observers; the first one is the outermost. */
export function joinObservers(observers: readonly Observer[]): Observe {
  const judging = observers.filter(({ gate }) => gate)
  return {
    step: nest(observers.flatMap((observer) => observer.step?.bind(observer) ?? [])),
    call: observers.some(({ call }) => call)
      ? nest(observers.flatMap((observer) => observer.call?.bind(observer) ?? []))
      : undefined,
    gate:
      judging.length === 0
        ? undefined
        : (verdict) => {
            for (const observer of judging) observer.gate?.(verdict)
          },
    audit(event) {
      for (const observer of observers) observer.audit?.(event)
    },
    transaction(id, begun) {
      for (const observer of observers) observer.transaction?.(id, begun)
    },
    trace: () => observers.map((observer) => observer.trace?.()).find((trace) => trace),
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

import type { AuditEvent } from './audit-event.ts'

/** Something that takes time: a request to an endpoint, an operation of the store, a call of Entra. */
export type Step = {
  readonly kind: 'request' | 'store' | 'entra'
  /** Of a small set: the endpoint's path, the store's operation, Entra's endpoint. */
  readonly name: string
  /** Of a request: its method and headers, for whoever continues a trace. */
  readonly request?: Request
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
  /** Called synchronously for each request to the MCP endpoint. */
  gate?(verdict: Verdict): void
  /** Takes what the audit log is to have. */
  audit?(event: AuditEvent): void
  /** The step under way belongs to this sign-in. */
  transaction?(id: string): void
}

/** All observers as one; a part that none of them has costs nothing. */
export type Observe = {
  step<T>(step: Step, run: () => Promise<T>): Promise<T>
  readonly gate: ((verdict: Verdict) => void) | undefined
  audit(event: AuditEvent): void
  transaction(id: string): void
}

/** Joins observers; the first one is the outermost. */
export function joinObservers(observers: readonly Observer[]): Observe {
  const stepping = observers.filter(({ step }) => step).toReversed()
  const judging = observers.filter(({ gate }) => gate)
  return {
    step(step, run) {
      let all = run
      for (const observer of stepping) {
        const inner = all
        all = () => observer.step?.(step, inner) ?? inner()
      }
      return all()
    },
    gate:
      judging.length === 0
        ? undefined
        : (verdict) => {
            for (const observer of judging) observer.gate?.(verdict)
          },
    audit(event) {
      for (const observer of observers) observer.audit?.(event)
    },
    transaction(id) {
      for (const observer of observers) observer.transaction?.(id)
    },
  }
}

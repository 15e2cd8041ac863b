import { aadsts } from '../aadsts-error.ts'
import type { Call, Purpose } from '../call.ts'
import { required } from '../params.ts'
import type { Session } from './browser.ts'

/** A sign-in under way, as the hidden field of a form carries it. */
export type Flow = {
  readonly segment: string
  readonly purpose?: Purpose | undefined
  /** The authorization request, as a query string. */
  readonly params: string
  readonly correlationId: string
  /** The cookie of the browser that was shown the form. */
  readonly browserId: string
  /** Whose password is asked for. */
  readonly userId?: string
  /** Who has signed in, on the consent page. */
  readonly session?: Session
  /** Whether a session will not do, because Conditional Access asks for a fresh sign-in. */
  readonly isStale?: boolean | undefined
  /** Whether the form registers a new account. */
  readonly isSignUp?: boolean
  /** Whether the form asks for the second factor. */
  readonly isMfa?: boolean
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How far a sign-in has come. */
export type Step = Pick<Flow, 'userId' | 'session' | 'isStale' | 'isSignUp' | 'isMfa'>

const FLOW_TTL = 60 * 60

/** Seals the state of a sign-in for the next form. */
export function sealFlow(call: Call, browserId: string, step: Step): Promise<string> {
  const flow: Flow = {
    segment: call.segment,
    purpose: call.purpose,
    params: call.query.toString(),
    correlationId: call.correlationId,
    browserId,
    ...step,
    expiresAt: call.sts.now() + FLOW_TTL * 1000,
  }
  return call.sts.sealer.seal('flow', flow)
}

/** Opens the state that a submitted form carries; only the browser that was given it may submit it. */
export async function openFlow(call: Call): Promise<Flow> {
  const flow = await call.sts.sealer.open<Flow>('flow', required(call.form, 'flow'))
  const isSame = flow !== undefined && flow.browserId === call.browser.id
  if (!isSame || flow.segment !== call.segment || flow.expiresAt < call.sts.now()) {
    throw aadsts(165000)
  }
  return flow
}

/** The call as it was when the sign-in began: its request stands where the form's fields were. */
export function resumeCall(call: Call, flow: Flow): Call {
  const { correlationId, purpose } = flow
  return { ...call, query: new URLSearchParams(flow.params), correlationId, purpose }
}

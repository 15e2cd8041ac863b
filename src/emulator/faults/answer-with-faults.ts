import { noteRequest, type SeenRequest } from '../seen.ts'
import { applyFault } from './apply-fault.ts'
import type { FaultRegister } from './create-faults.ts'
import { readFacts } from './request-facts.ts'

export type FaultContext = {
  readonly faults: FaultRegister
  readonly now: () => number
  readonly seen: SeenRequest[]
}

/**
 * Lets happen to a request what the faults have for it. Every answer says what time it is here.
 * Throws `ConnectionDropped` where there is to be none.
 */
export async function answerWithFaults(
  { faults, now, seen }: FaultContext,
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  const facts = faults.list().length > 0 ? await readFacts(request) : undefined
  const fault = facts && faults.take(facts)
  if (!fault) return stamp(await answer(), now())
  const { id, action } = fault
  let isAnswered = false
  let status = 0
  const answerOnce = () => {
    isAnswered = true
    return answer()
  }
  try {
    const response = await applyFault({ action, request, facts, now: now() }, answerOnce)
    status = response.status
    return stamp(response, now() + (action.dateSkew ?? 0) * 1000)
  } finally {
    const { endpoint, params } = facts
    const { method } = request
    if (!isAnswered) noteRequest(seen, { endpoint, method, params, status, fault: id })
  }
}

/** Entra's `Date`: who compares it with a clock of their own sees how far that is off. */
function stamp(response: Response, time: number): Response {
  response.headers.set('date', new Date(time).toUTCString())
  return response
}
